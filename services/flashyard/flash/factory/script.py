"""A small text file of a bundle as its lines: bounded, decoded, comments and blanks left out.

It knows nothing of what the lines mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flashyard.contract.faults import Code, FaultError, refuse

MAX_SCRIPT = 64 << 10  # bytes; the largest known has 2 KiB
_SHOWN = 100  # characters of a line that is refused


class Line(NamedTuple):
    """A line with something in it, and where it stands, for whoever has to mend it."""

    script: str
    number: int
    text: str

    def refused(self, why: str, code: Code = Code.IMAGE_CORRUPT) -> FaultError:
        """Make the refusal of this line; ``why`` ends the sentence."""
        return refuse(
            code,
            f"{self.script}, line {self.number}: {why}",
            hint="Use an image made for this product, unchanged.",
            details=self.text[:_SHOWN],
        )


def lines_of(script: str, content: bytes) -> Iterator[Line]:
    """Yield the lines, stripped, that are neither blank nor comments (`#`).

    Raises:
        FaultError: `image_corrupt`: over 64 KiB, or no UTF-8.
    """
    if len(content) > MAX_SCRIPT:
        raise refuse(Code.IMAGE_CORRUPT, f"{script} is too large: {len(content)} bytes.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(
            Code.IMAGE_CORRUPT, f"{script} is no text.", details=f"byte {error.start}"
        ) from error
    for number, each in enumerate(text.split("\n"), 1):
        line = each.strip()
        if line and not line.startswith("#"):
            yield Line(script, number, line)
