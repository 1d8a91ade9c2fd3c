"""Can the hub keep images where it was told to, and as many as it was told to?"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from flashyard.agent.shelf import RESERVE
from flashyard.doctor.finding import About, Finding
from flashyard.settings import HubSettings

_ABOUT = About("data directory")
_GIB = 1 << 30
_IMAGES = "images"


def storage(settings: HubSettings) -> Finding:
    """Write a file that is gone at once; count what is free and what is cached already."""
    directory = settings.directory
    there = _nearest(directory)
    if why := _unwritable(there, probe=there == directory):
        return _ABOUT.problem(
            f"{directory} cannot be written: {why}.",
            shlex.join(["sudo", "install", "-d", "-o", str(os.geteuid()), str(directory)]),
        )
    room = shutil.disk_usage(there).free + _cached(directory / _IMAGES) - RESERVE
    if room < _GIB:
        return _ABOUT.problem(
            f"There is less than 1 GiB for images at {directory}.",
            shlex.join(["df", "-h", str(there)]),
        )
    if room < settings.cache_size:
        return _ABOUT.warning(
            f"There are {room // _GIB} GiB for images at {directory}, "
            f"and {settings.cache_size / _GIB:.3g} were promised (--cache-size).",
            f"flashyard hub --cache-size {room // _GIB}G",
        )
    return _ABOUT.ok(f"There is room for {settings.cache_size / _GIB:.3g} GiB of images.")


def _nearest(directory: Path) -> Path:
    """Return it, or else the nearest above it that is there as far as we may look."""
    for each in (directory, *directory.parents):
        with suppress(OSError):
            if each.exists():
                return each
    return Path("/")


def _unwritable(directory: Path, *, probe: bool) -> str | None:
    """Tell why; where the hub's own directory is not made yet, only its parent is asked."""
    if not probe:
        is_ours = directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)
        return None if is_ours else f"{directory} is another's"
    try:
        with tempfile.TemporaryFile(dir=directory):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _cached(images: Path) -> int:
    try:
        return sum(path.stat().st_size for path in images.iterdir())
    except OSError:  # none yet, or one that has just gone
        return 0
