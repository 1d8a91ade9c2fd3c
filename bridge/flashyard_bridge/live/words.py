"""What a browser may say: ping and subscribe. Anything else is no word, whatever it is."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from flashyard.contract.messages import Message, Pong
from flashyard.contract.model import Millis, Model


class Ping(Model):
    """Asks for a pong that carries this timestamp, where it is a number."""

    type: Literal["ping"]
    timestamp: Any = None

    def answer(self, now: int) -> Pong:
        """Make the pong (Unix ms)."""
        stamp = self.timestamp
        # A bool is an int to Python, and an int may be too large to ask for finiteness.
        is_number = type(stamp) is int or (type(stamp) is float and math.isfinite(stamp))
        return Pong(timestamp=now, echo=stamp if is_number else None)


class Subscribe(Model):
    """Narrows what follows: to these ids, where given, and to a sample per job and interval (ms).

    A later one replaces it. ``changes`` adds the records of devices and hubs.
    """

    type: Literal["subscribe"] = "subscribe"
    device_ids: frozenset[str] | None = None
    job_ids: frozenset[str] | None = None
    hub_ids: frozenset[str] | None = None
    min_interval: Millis | None = None
    changes: bool | None = None

    def admits(self, message: Message) -> bool:
        """Is the message about what was asked for? A filter judges only ids a message has."""
        return (
            _among(getattr(message, "job_id", None), self.job_ids)
            and _among(getattr(message, "device_id", None), self.device_ids)
            and _among(getattr(message, "hub_id", None), self.hub_ids)
        )


def _among(name: str | None, names: frozenset[str] | None) -> bool:
    return names is None or name is None or name in names


_WORD: TypeAdapter[Ping | Subscribe] = TypeAdapter(
    Annotated[Ping | Subscribe, Field(discriminator="type")]
)


def decode_word(text: bytes) -> Ping | Subscribe:
    """Decode what a browser said.

    Raises:
        ValueError: not JSON, not an object, of another type, or with a bad field.
    """
    return _WORD.validate_json(text, by_alias=True, by_name=False)
