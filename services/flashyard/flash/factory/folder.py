"""A bundle's files in a directory: those that lie in it directly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from flashyard.flash.factory.member import MAX_FILES, Members, too_many, unreadable
from flashyard.flash.source import MIB


class _File:
    """One file of a directory."""

    def __init__(self, path: Path, size: int) -> None:
        self.name = path.name
        self.size = size
        self._path = path

    def pieces(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb", buffering=0) as file:
                while piece := file.read(MIB):
                    yield piece
        except OSError as error:
            raise unreadable(str(self._path), error) from error


def files_in(path: Path) -> Members:
    """List a directory's files.

    Raises:
        FaultError: `invalid_request`: it holds too many.
        OSError: it cannot be read.
    """
    files: dict[str, _File] = {}
    with os.scandir(path) as entries:
        for each in entries:
            if len(files) == MAX_FILES:
                raise too_many()
            if each.is_file():
                files[each.name] = _File(Path(each.path), each.stat().st_size)
    return dict(sorted(files.items()))
