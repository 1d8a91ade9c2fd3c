"""What a route does, in the trail's words, and which of a request's fields the trail may tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from flashyard.contract.model import Model

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, section 9.2.1
_MARK = "_flashyard_action"
_HARMLESS = "_flashyard_harmless"
_UNTOLD = frozenset({"idempotencyKey"})

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Action:
    """A kind of deed.

    Attributes:
        name: in the trail.
        shapes: whose fields are told, by their names; of others nobody knows what they hold.
        query: which parameters are told.
    """

    name: str
    shapes: Sequence[type[Model]] = ()
    query: Sequence[str] = ()

    @cached_property
    def told(self) -> frozenset[str]:
        """The names of what is told, at whatever depth."""
        names = {name for each in self.shapes for name in _names(each.model_json_schema())}
        return frozenset(names) - _UNTOLD


class Asked(NamedTuple):
    """An action, and the path's parameters that it was asked for with."""

    action: Action
    path: Mapping[str, str]


class Actions:
    """What the routes do that change something.

    Raises:
        ValueError: nobody said so of one of them: nothing is to be changed unseen.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._changing = [(route, action_of(route)) for route in routes if changes(route)]

    def find(self, scope: Scope) -> Asked | None:
        """Find what a request asks for; None: it changes nothing here."""
        if scope["method"] in SAFE:
            return None
        for route, action in self._changing:
            match, found = route.matches(scope)
            if match is Match.FULL:
                return Asked(action, found["path_params"])
        return None


def audited(name: str, *shapes: type[Model], query: Sequence[str] = ()) -> Callable[[F], F]:
    """Say what a route's function does; see :class:`Action`."""

    def mark(function: F) -> F:
        setattr(function, _MARK, Action(name, shapes, query))
        return function

    return mark


def harmless(function: F) -> F:
    """Say that a route's function changes nothing, though it takes a body."""
    setattr(function, _HARMLESS, True)
    return function


def changes(route: BaseRoute) -> bool:
    """Can a request to it change something?"""
    if not isinstance(route, APIRoute) or getattr(route.endpoint, _HARMLESS, False):
        return False
    return not SAFE.issuperset(route.methods or ())


def action_of(route: BaseRoute) -> Action:
    """Tell what a route does that changes something.

    Raises:
        ValueError: nobody said so.
    """
    action: Action | None = getattr(getattr(route, "endpoint", None), _MARK, None)
    if action is None:
        raise ValueError(f"{route} changes something, and nobody said what")
    return action


def _names(schema: Any) -> Iterator[str]:
    """Yield the names of a schema's properties, at whatever depth."""
    if isinstance(schema, list):
        for each in schema:
            yield from _names(each)
    elif isinstance(schema, dict):
        for name, each in schema.items():
            if name == "properties":
                yield from each
                yield from _names(list(each.values()))
            else:
                yield from _names(each)
