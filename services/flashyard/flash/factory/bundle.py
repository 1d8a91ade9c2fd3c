"""A factory image, opened: its files, what it asks of a device, and what is done with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from flashyard.contract.faults import Code, refuse
from flashyard.flash.factory import android_info, archive, classic, fastboot_info, folder
from flashyard.flash.factory.android_info import AndroidInfo
from flashyard.flash.factory.member import Members, content_of
from flashyard.flash.factory.tasks import Task

SCRIPTS = frozenset({android_info.NAME, fastboot_info.NAME})


class Bundle(NamedTuple):
    """``order`` names where the tasks are from; ``info`` is None where nothing is asked."""

    members: Members
    info: AndroidInfo | None
    tasks: tuple[Task, ...]
    order: str


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """Open a factory ZIP or a directory of images; its files can be read while inside.

    Raises:
        FaultError: `invalid_request`: there is no such thing, or it is none; what
            :mod:`archive <flashyard.flash.factory.archive>` and the scripts' parsers refuse.
    """
    try:
        if path.is_dir():
            yield _read(folder.files_in(path), path)
        else:
            with archive.opened(path) as members:
                yield _read(members, path)
    except OSError as error:
        raise refuse(
            Code.INVALID_REQUEST,
            f"The factory image {path} cannot be read: {error.strerror or error}.",
            hint="Name a ZIP or a directory that is there and yours to read.",
        ) from error


def _read(members: Members, path: Path) -> Bundle:
    info = members.get(android_info.NAME)
    script = members.get(fastboot_info.NAME)
    if script is None and not any(classic.file_of(name) in members for name in classic.KNOWN):
        raise refuse(
            Code.INVALID_REQUEST,
            f"{path} is no factory image: it holds neither {fastboot_info.NAME} nor boot.img.",
            hint="For a single image say which partition it is for: DEVICES PARTITION IMAGE.",
        )
    return Bundle(
        members=members,
        info=android_info.parse(content_of(info)) if info else None,
        tasks=fastboot_info.parse(content_of(script)) if script else classic.tasks(members),
        order=fastboot_info.NAME if script else "AOSP's own order",
    )
