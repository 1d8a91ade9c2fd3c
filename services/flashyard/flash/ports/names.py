"""What a device on USB is called: after its serial, unless that is missing, generic or shared.

It remembers shared serials in a file, so that two such devices do not change roles at a restart.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

_log = logging.getLogger(__name__)

_VALID = re.compile(r"[A-Za-z0-9._:@-]{1,64}")
_GENERIC = re.compile(
    r"\?*|(.)\1{3,}|0?12345678(9(abcdef|0)?)?|unknown|none|default", re.IGNORECASE
)
_LONGEST_SLUG = 40
_MOST_SHARED = 1000  # serials that are remembered


def is_generic(serial: str | None) -> bool:
    """Is it no name at all, or one that a maker gives to every device?"""
    return serial is None or _GENERIC.fullmatch(serial.strip()) is not None


def slug(text: str) -> str:
    """Return what may be a device's id: the text itself, else what can be kept of it and a hash."""
    if _VALID.fullmatch(text):
        return text
    kept = re.sub(r"[^A-Za-z0-9._@-]+", "-", text).strip("-")[:_LONGEST_SLUG]
    return f"{kept or 'usb'}-{_digest(text)}"


class Names:
    """Gives out device ids. ``file`` holds, by serial, the ids of its places."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._shared: dict[str, dict[str, str]] = {}

    def load(self) -> None:
        """Read what an earlier run knew; what cannot be read is as good as nothing."""
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            self._shared = {
                str(serial): {str(place): str(name) for place, name in places.items()}
                for serial, places in told.items()
            }
        except (OSError, ValueError, AttributeError):
            self._shared = {}

    def name(self, serial: str | None, place: str, taken: Mapping[str, str]) -> str:
        """Return the id of a device.

        Args:
            serial: what it says.
            place: where it is; its identity where the serial is none.
            taken: the ids of other devices that are there now, and their places.
        """
        if serial is None or is_generic(serial):
            return slug(f"usb-{place}" if serial is None else f"{serial.strip('?')}@{place}")
        plain = slug(serial)
        known = self._shared.get(serial)
        if known is None:
            if plain not in taken:
                return plain
            known = self._shared[serial] = {taken[plain]: plain}
        if place not in known:
            known[place] = slug(f"{plain[:_LONGEST_SLUG]}@{_digest(place)}")
            self._save()
        return known[place]

    def _save(self) -> None:
        while len(self._shared) > _MOST_SHARED:
            del self._shared[next(iter(self._shared))]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(".new")
            draft.write_text(json.dumps(self._shared, indent=1), encoding="utf-8")
            draft.replace(self._file)
        except OSError as error:
            _log.warning("which device is which of one serial is not kept: %s", error)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]
