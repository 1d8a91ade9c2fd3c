"""Debian's stock kernel, its modules and a first program to run, kept unpacked in a cache.

Knows what a guest needs of the packages, and nothing of the machine that boots it.
"""

from __future__ import annotations

import lzma
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from support.guest.package import UnfetchedError, first_dependency, unpack_package

KERNEL = "linux-image-amd64"  # not the cloud flavour: that one has no USB
BUSYBOX = "busybox-static"

WANTED = (
    "virtio_pci",  # the way to QEMU
    "9pnet_virtio",
    "9p",  # the host's files
    "overlay",
    "dummy_hcd",  # a USB host and a device controller, back to back
    "libcomposite",  # the gadget side, by configfs
    "usb_f_fs",  # fastboot, served by a process
    "vhci_hcd",  # another USB host, for devices that are a process: DFU
    "usb_f_mass_storage",  # a removable disk, served by the kernel
    "usb_storage",  # the host's side of that disk
    "sd_mod",
    "crc32c_generic",  # ext4 asks for it by another name
    "ext4",
)
"""Modules by name; those they stand on are found."""

_DEPENDS = re.compile(rb"\x00depends=([^\x00]*)\x00")


class Kernel(NamedTuple):
    """What a guest boots.

    Attributes:
        version: as `uname -r` tells it.
        image: the bootable file.
        modules: uncompressed module files in the order they are to be loaded.
        busybox: the first program, statically linked.
    """

    version: str
    image: Path
    modules: tuple[Path, ...]
    busybox: Path


def fetch_kernel(cache: Path) -> Kernel:
    """Give the kernel of ``cache``; fetch it first, where it is not there (70 MB of download).

    Raises:
        UnfetchedError: no package source offers it, or it lacks a module.
    """
    for found in sorted(cache.glob("kernel-*")):
        if _is_complete(found):
            return _open(found)
        shutil.rmtree(found)  # of a time when fewer modules were wanted
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache) as scratch:
        made = _assemble(Path(scratch))
        complete = cache / made.name
        made.rename(complete)  # all or nothing: an interrupted one leaves no kernel behind
    return _open(complete)


def _open(directory: Path) -> Kernel:
    version = directory.name.removeprefix("kernel-")
    modules = tuple(sorted(directory.glob("*.ko")))
    return Kernel(version, directory / "vmlinuz", modules, directory / "busybox")


def _is_complete(directory: Path) -> bool:
    there = {path.stem.split("-", 1)[1] for path in directory.glob("*.ko")}
    return there >= set(WANTED)


def _assemble(scratch: Path) -> Path:
    tree = unpack_package(first_dependency(KERNEL), scratch)
    image = next(tree.glob("boot/vmlinuz-*"))
    made = scratch / f"kernel-{image.name.removeprefix('vmlinuz-')}"
    made.mkdir()
    shutil.copyfile(image, made / "vmlinuz")
    busybox = next(unpack_package(BUSYBOX, scratch).glob("**/bin/busybox"))
    shutil.copyfile(busybox, made / "busybox")
    files = {_name(path): path for path in tree.rglob("*.ko*")}
    for number, name in enumerate(_in_order(files)):
        (made / f"{number:02}-{name}.ko").write_bytes(_content(files[name]))
    return made


def _in_order(files: Mapping[str, Path]) -> list[str]:
    """Put the wanted modules behind those they stand on; each says itself which these are."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        if name not in files:
            raise UnfetchedError(f"Debian's kernel has no module {name} any more.")
        needs = _DEPENDS.search(_content(files[name]))
        for need in needs[1].decode().split(",") if needs else ():
            if need:
                visit(need.replace("-", "_"))
        order.append(name)

    for name in WANTED:
        visit(name)
    return order


def _name(path: Path) -> str:
    return path.name.split(".", 1)[0].replace("-", "_")


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content
