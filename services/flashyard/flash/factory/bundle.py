"""A factory image, opened: its files, what it asks of a device, and what is done with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.flash.factory import android_info, archive, classic, fastboot_info, folder
from flashyard.flash.factory.android_info import AndroidInfo
from flashyard.flash.factory.member import (
    WHAT_IT_IS,
    Members,
    Progress,
    content_of,
    unreadable,
)
from flashyard.flash.factory.tasks import Task
from flashyard.flash.images.packed.packing import BEGINNING, Packing, packing_of

SCRIPTS = frozenset({android_info.NAME, fastboot_info.NAME})


class Bundle(NamedTuple):
    """``order`` says where the tasks are from; ``info`` is None where nothing is asked."""

    members: Members
    info: AndroidInfo | None
    tasks: tuple[Task, ...]
    order: str


@contextmanager
def opened(path: Path, progress: Progress = lambda _: None) -> Iterator[Bundle]:
    """Open a factory ZIP or a directory of images; its files can be read while inside.

    ``progress`` is told of so many more bytes of a zip that has to be unpacked for that.

    Raises:
        FaultError: `invalid_request`: there is no such thing, or it is none; what
            :mod:`archive <flashyard.flash.factory.archive>` and the scripts' parsers refuse.
    """
    with ExitStack() as held:
        try:
            bundle = _read(_members(held, path, progress), path)
        except OSError as error:
            raise unreadable(str(path), error) from error
        yield bundle


def _members(held: ExitStack, path: Path, progress: Progress) -> Members:
    if path.is_dir():
        return folder.files_in(path)
    with path.open("rb") as file:
        if packing_of(file.read(BEGINNING)) is not Packing.ZIP:
            raise _none(path, "it is neither a ZIP nor a directory")
    return held.enter_context(archive.opened(path, progress))


def _read(members: Members, path: Path) -> Bundle:
    info = members.get(android_info.NAME)
    script = members.get(fastboot_info.NAME)
    if script is None and not any(classic.file_of(name) in members for name in classic.KNOWN):
        raise _none(path, f"it holds neither {fastboot_info.NAME} nor boot.img")
    return Bundle(
        members=members,
        info=android_info.parse(content_of(info)) if info else None,
        tasks=fastboot_info.parse(content_of(script)) if script else classic.tasks(members),
        order=f"as {fastboot_info.NAME} says" if script else "in AOSP's order",
    )


def _none(path: Path, why: str) -> FaultError:
    return refuse(Code.INVALID_REQUEST, f"{path} is no factory image: {why}.", hint=WHAT_IT_IS)
