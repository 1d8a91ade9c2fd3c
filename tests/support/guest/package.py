"""Debian packages, fetched with apt and unpacked into a directory; nothing is installed.

Knows no package by name.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

_WITHIN_S = 300.0


class UnfetchedError(Exception):
    """A package cannot be had here; one sentence."""


def unpack_package(name: str, scratch: Path) -> Path:
    """Fetch a package and unpack it below ``scratch``; returns the directory that holds its files.

    Raises:
        UnfetchedError: no package source offers it.
    """
    fetched, tree = scratch / f"{name}.fetched", scratch / name
    fetched.mkdir()
    # Told not to drop its rights: the user it would change to may not enter our directory.
    _told("apt-get", "download", "-qq", "-oAPT::Sandbox::User=root", name, cwd=fetched)
    _told("dpkg-deb", "--extract", next(fetched.glob("*.deb")), tree)
    return tree


def first_dependency(name: str) -> str:
    """Name the package a meta package stands for.

    Raises:
        UnfetchedError: no package source offers it.
    """
    found = re.search(r" Depends: (\S+)", _told("apt-cache", "depends", "--important", name))
    if found is None:
        raise UnfetchedError(f"No package source of this machine offers {name}.")
    return found[1]


def _told(*command: str | Path, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=True, timeout=_WITHIN_S
        )
    except FileNotFoundError as error:
        raise UnfetchedError(f"There is no {command[0]} here: this needs Debian.") from error
    except subprocess.CalledProcessError as error:
        raise UnfetchedError(f"{command[0]} failed: {error.stderr.strip()}") from error
    return done.stdout
