"""The bytes that are made for a job without an image, and the parts they are sent in."""

from __future__ import annotations

from flashyard.flash.images.generated import Generated
from flashyard.flash.source import MIB, Part


def generated(job_id: str, size: int) -> bytes:
    return b"".join(map(bytes, Generated(job_id, size).views(0, size)))


def parts(job_id: str, size: int, part_size: int = MIB) -> list[Part]:
    return list(Generated(job_id, size).parts(1 << 30, part_size=part_size))
