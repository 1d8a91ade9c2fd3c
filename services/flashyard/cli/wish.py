"""What a person at the command line asks to have flashed, and how. Nothing is opened here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pydantic import TypeAdapter, ValidationError

from flashyard.cli.turn import Turn
from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.model import Partition

_PARTITION: TypeAdapter[str] = TypeAdapter(Partition)


class Named(NamedTuple):
    """An image file for a partition."""

    partition: str
    path: Path


class Factory(NamedTuple):
    """A factory ZIP or a directory of images; ``skip`` and ``only`` name partitions."""

    path: Path
    skip: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()


What: TypeAlias = Factory | tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be flashed.

    ``devices``: None is every one that is online; ``disks``: that, and a glob, means disks, too.
    ``bmap``: the block map of the only image; None: the one beside each, unless ``no_bmap``.
    """

    devices: str | None
    disks: bool
    hub_id: str | None
    what: What
    slot: str | None
    verify: str | None
    rollback: str | None
    erase: bool
    wipe: bool
    reboot: bool
    as_is: bool
    bmap: Path | None
    no_bmap: bool
    allow_dangerous: bool
    turn: Turn = field(default_factory=Turn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How it is gone about."""

    dry_run: bool
    detach: bool
    yes: bool
    json: bool


class Words(NamedTuple):
    """The arguments, sorted; ``devices``: None is all."""

    devices: str | None
    what: What


def understood(
    words: Sequence[str], *, everything: bool, skip: Sequence[str], only: Sequence[str]
) -> Words:
    """Sort the arguments.

    Raises:
        FaultError: `invalid_request`: they are none of the forms, or a partition's name is none.
    """
    devices = None if everything else next(iter(words), None)
    rest = list(words if everything else words[1:])
    if not rest or (devices is None and not everything):
        raise _unclear()
    if len(rest) == 1 and not _is_pair(rest[0]):
        chosen = (frozenset(map(_partition, each)) for each in (skip, only))
        return Words(devices, Factory(Path(rest[0]), *chosen))
    if skip or only:
        raise refuse(
            Code.INVALID_REQUEST,
            "--skip and --only choose from a factory image's partitions.",
            hint="Leave them out: what is named is what is written.",
        )
    if all(map(_is_pair, rest)):
        pairs = [each.partition("=") for each in rest]
        return Words(devices, tuple(Named(name, Path(path)) for name, _, path in pairs))
    if len(rest) == 2:
        return Words(devices, (Named(_partition(rest[0]), Path(rest[1])),))
    raise _unclear()


def _is_pair(word: str) -> bool:
    """Is it PARTITION=IMAGE? A file of such a name can be written as ./NAME."""
    name, _, path = word.partition("=")
    try:
        return bool(path) and _PARTITION.validate_python(name) == name
    except ValidationError:
        return False


def _partition(name: str) -> str:
    try:
        return _PARTITION.validate_python(name)
    except ValidationError as error:
        raise refuse(
            Code.INVALID_REQUEST,
            f"{name!r} is no name of a partition.",
            hint="Up to 36 letters, digits and . _ - make one, such as boot or system_a.",
        ) from error


def _unclear() -> FaultError:
    return refuse(
        Code.INVALID_REQUEST,
        "It is DEVICES PARTITION IMAGE, or DEVICES PARTITION=IMAGE…, or DEVICES FACTORY_IMAGE; "
        "without DEVICES it takes --all.",
        hint="`flashyard flash --help` has more.",
    )
