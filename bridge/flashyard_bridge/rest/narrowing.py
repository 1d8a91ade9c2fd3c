"""The parameters that narrow a list or a count: one that nobody knows is refused.

A slip that was passed over would show everything as if it were what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import model_validator

from flashyard.contract.faults import Code, fault
from flashyard.contract.model import Model
from flashyard_bridge.errors import RequestError

_LONGEST = 60  # characters of a name that are repeated


class Narrowing(Model):
    """The base of those queries; a name is known in REST's spelling alone."""

    @model_validator(mode="before")
    @classmethod
    def _know_all(cls, said: Mapping[str, Any]) -> Mapping[str, Any]:
        known = [str(field.alias) for field in cls.model_fields.values()]
        for name in said:
            if name not in known:
                raise _refusal(name[:_LONGEST], known)
        return said


def _refusal(name: str, known: list[str]) -> RequestError:
    alike = {each.lower(): each for each in known}
    near = get_close_matches(name.lower().replace("_", ""), alike, n=1)
    hint = f"Is `{alike[near[0]]}` meant?" if near else f"There are {', '.join(known)}."
    why = fault(Code.INVALID_REQUEST, f"There is no parameter `{name}` here.", hint=hint)
    return RequestError(why, field=name)
