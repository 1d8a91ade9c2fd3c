"""May this disk be written? Everything that speaks against it, before it is even opened."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flashyard.contract.faults import Code, refuse
from flashyard.flash.block.mounts import Mount, mounts
from flashyard.flash.ports.disk import Disk, Host

# What a running system cannot do without. Anything mounted keeps a disk from being written; this
# decides what is said of it.
_SYSTEM = ("/", "/boot", "/efi", "/usr", "/var", "/home", "/nix", "/opt", "/etc")
_NODES = "/dev/"


def permit(disk: Disk, host: Host) -> None:
    """Return if the disk may be written.

    Raises:
        FaultError: `system_disk`, `disk_not_removable`, `disk_read_only`, `disk_in_use`,
            `device_offline` where no medium is in it; `internal` where it cannot be told.
    """
    points = _points(disk, mounts(host.proc / "self/mountinfo"))
    swaps = _swaps(disk, host.proc / "swaps")
    if swaps or any(_is_of_system(point) for point in points):
        raise refuse(Code.SYSTEM_DISK, details=_told(disk, points, swaps))
    if not disk.removable:
        raise refuse(Code.DISK_NOT_REMOVABLE, details=_told(disk, points, swaps))
    if points:
        raise refuse(Code.DISK_IN_USE, "The disk is mounted.", details=_told(disk, points, swaps))
    if disk.size == 0:
        raise refuse(
            Code.DEVICE_OFFLINE, "There is no medium in the drive.", hint="Insert one, then retry."
        )
    if disk.read_only:
        raise refuse(Code.DISK_READ_ONLY, details=disk.name)


def _points(disk: Disk, mounted: Iterable[Mount]) -> list[str]:
    """Find where the disk, or what is on it, is mounted; btrfs tells its node alone."""
    return sorted(
        mount.point
        for mount in mounted
        if mount.number in disk.family or _node(mount.source) in disk.family
    )


def _swaps(disk: Disk, path: Path) -> list[str]:
    """Find what of the disk is swapped to; the list's first line is its heading."""
    try:
        lines = path.read_text(errors="replace").splitlines()[1:]
    except FileNotFoundError:
        return []  # a kernel without swap
    names = (line.split(maxsplit=1)[0] for line in lines if line.strip())
    return [name for name in names if _node(name) in disk.family]


def _node(source: str) -> str | None:
    """Give a node's kernel name; device mapper and by-id names are links to it."""
    return Path(source).resolve().name if source.startswith(_NODES) else None


def _is_of_system(point: str) -> bool:
    return any(point == root or (root != "/" and point.startswith(f"{root}/")) for root in _SYSTEM)


def _told(disk: Disk, points: list[str], swaps: list[str]) -> str:
    uses = [f"mounted at {point}" for point in points] + [f"swap on {name}" for name in swaps]
    return ", ".join([disk.name, *uses])[:1000]
