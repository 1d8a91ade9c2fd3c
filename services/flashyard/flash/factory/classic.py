"""The order in which a bundle without `fastboot-info.txt` is written, and what it has to hold.

Source: AOSP's client, `fastboot/fastboot.cpp`: the table `images`, and FlashAllTool's CollectImages
and Flash: what boots the device first, then the layout of the logical partitions, then the system.
"""

from __future__ import annotations

from collections.abc import Collection

from flashyard.flash.factory.tasks import Flash, Task, UpdateSuper

SUPER_EMPTY = "super_empty.img"
REQUIRED = frozenset({"boot", "system"})
_BOOT = (
    "boot",
    "init_boot",
    "dtbo",
    "dts",
    "pvmfw",
    "recovery",
    "vbmeta",
    "vbmeta_system",
    "vbmeta_vendor",
    "vendor_boot",
    "vendor_kernel_boot",
)
_SYSTEM = (
    "boot_other",
    "odm",
    "odm_dlkm",
    "product",
    "system",
    "system_dlkm",
    "system_ext",
    "system_other",
    "vendor",
    "vendor_dlkm",
    "vendor_other",
)
_FILES = {"dts": "dt.img"}  # where it is not the name and `.img`
_OTHER = "_other"
KNOWN = frozenset(_BOOT + _SYSTEM)


def tasks(files: Collection[str]) -> tuple[Task, ...]:
    """Tell what is done with these files; the required ones are named even if they are missing."""
    return (
        *_flashes(_BOOT, files),
        UpdateSuper(),
        *_flashes(_SYSTEM, files),
    )


def file_of(partition: str) -> str:
    """Name the file of a partition."""
    return _FILES.get(partition, f"{partition}.img")


def _flashes(names: tuple[str, ...], files: Collection[str]) -> list[Flash]:
    return [
        Flash(name.removesuffix(_OTHER), file_of(name), other=name.endswith(_OTHER))
        for name in names
        if name in REQUIRED or file_of(name) in files
    ]
