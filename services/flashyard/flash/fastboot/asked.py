"""A property that is asked for once: its answer stays with the object. For one thread.

`functools.cached_property` would do, if before Python 3.12 it did not hold one lock for all objects
of a class while it finds out: a device that is silent would keep all others from being asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class asked_once(Generic[T]):  # noqa: N801 - used as `property` is
    """A decorator; what the method returns takes the property's place in the object."""

    def __init__(self, ask: Callable[[Any], T]) -> None:
        self._ask = ask
        self.__doc__ = ask.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, asker: Any, owner: type | None = None) -> T:
        answer = self._ask(asker)
        asker.__dict__[self._name] = answer
        return answer
