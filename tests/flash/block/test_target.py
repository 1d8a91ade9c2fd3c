from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.phases import Phase, Verification
from flashyard.flash.block.medium import DiskMedium
from flashyard.flash.block.target import BlockTarget
from flashyard.flash.images.generated import Generated
from flashyard.flash.ports.disk import Disk, Host
from flashyard.flash.running.recipe import Recipe, Step
from flashyard.flash.running.run import Run
from flashyard.flash.running.writer import write
from flashyard.flash.source import Part
from flashyard.flash.target import Place
from support.faults import refused
from support.paper_disk import PaperHost, PaperMedium

MIB = 1 << 20
SIZE = 8 * MIB
SOURCE = Generated("seed", 5 * MIB + 700)
RECIPE = Recipe(steps=(Step("disk", SOURCE),), part_size=2 * MIB, generated=True)
PORT = "pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0"
DISK = Disk("sdb", Path("/dev/sdb"), "8:16", SIZE, removable=True, read_only=False)


def content() -> bytes:
    return b"".join(bytes(view) for view in SOURCE.views(0, SOURCE.size))


def flash(medium: PaperMedium, recipe: Recipe = RECIPE) -> Run:
    run = Run(("disk",))
    write(lambda _tell: BlockTarget(DISK, medium), recipe, run)
    return run


def test_without_a_read_back_no_more_than_transport_is_claimed() -> None:
    run = flash(PaperMedium(SIZE))
    assert run.verification is Verification.TRANSPORT
    assert run.device_state == "disk written"
    assert Phase.SYNCING in {where.phase for where in run.turns(0)}


def test_a_read_back_is_claimed_where_it_was_made() -> None:
    run = flash(PaperMedium(SIZE), replace(RECIPE, read_back=True))
    assert run.verification is Verification.READBACK
    assert run.device_state == "disk verified"


def test_without_a_checked_image_a_read_back_proves_nothing_worth_a_level() -> None:
    run = flash(PaperMedium(SIZE), replace(RECIPE, read_back=True, generated=False))
    assert run.verification is Verification.NONE


@pytest.mark.parametrize("at", [0, 512, 3 * MIB + 5, 5 * MIB + 699])
def test_one_byte_that_the_medium_lost_fails_the_run(at: int) -> None:
    class Forgetful(PaperMedium):
        def sync(self) -> None:
            super().sync()
            if any(what == "write" and offset == 0 for what, offset, _ in self.log):
                self.bytes[at] ^= 1  # after the head, which comes last

    medium = Forgetful(SIZE)
    run = Run(("disk",))
    with refused(Code.VERIFY_MISMATCH) as refusal:
        recipe = replace(RECIPE, read_back=True)
        write(lambda _tell: BlockTarget(DISK, medium), recipe, run)
    assert f"byte {at} " in (refusal.fault.details or "")
    assert run.verification is Verification.NONE
    assert run.device_state == "disk written, not verified"


def test_a_cancel_ends_within_a_part_and_leaves_the_head_alone() -> None:
    medium = PaperMedium(SIZE)
    run = Run(("disk",))

    class Watched(PaperMedium):
        def write(self, offset: int, data: memoryview) -> None:
            super().write(offset, data)
            run.cancel()

    medium = Watched(SIZE)
    with refused(Code.CANCELLED):
        write(lambda _tell: BlockTarget(DISK, medium), replace(RECIPE, part_size=64 * MIB), run)
    assert len(medium.log) == 1
    assert medium.bytes[:MIB] == b"\xee" * MIB
    assert run.device_state == "disk may be partly written"


def test_a_cancel_before_the_head_is_written_does_not_call_the_disk_written() -> None:
    run = Run(("disk",))

    class Target(BlockTarget):
        def commit(self, place: Place, part: Part) -> None:
            super().commit(place, part)
            if run.content == SOURCE.size:
                run.cancel()

    medium = PaperMedium(SIZE)
    with refused(Code.CANCELLED):
        write(lambda _tell: Target(DISK, medium), RECIPE, run)
    assert medium.bytes[:MIB] == b"\xee" * MIB
    assert run.device_state == "disk written, not synced"


@pytest.mark.parametrize(
    ("recipe", "code"),
    [
        (replace(RECIPE, steps=(Step("system", SOURCE),)), Code.UNKNOWN_PARTITION),
        (replace(RECIPE, erase=True), Code.NOT_SUPPORTED),
        (replace(RECIPE, slot="a"), Code.NOT_SUPPORTED),
        (replace(RECIPE, serial="another"), Code.DEVICE_MISMATCH),
    ],
)
def test_what_a_disk_cannot_do_is_refused_before_it_is_written(recipe: Recipe, code: Code) -> None:
    medium = PaperMedium(SIZE)
    with refused(code):
        flash(medium, recipe)
    assert medium.log == []


def paper(tmp_path: Path) -> PaperHost:
    host = PaperHost(tmp_path)
    host.disk(size=SIZE)
    host.mount("22 1 8:1 / / rw - ext4 /dev/sda1 rw")
    (tmp_path / "dev/sdb").write_bytes(bytes(SIZE))
    return host


def test_the_disk_at_a_port_is_opened(tmp_path: Path) -> None:
    class Numbered(DiskMedium):
        number = "8:16"

    host = paper(tmp_path)
    said: list[str] = []
    with BlockTarget.open(PORT, said.append, host.host, Numbered.open) as target:
        assert target.describe().partitions == {"disk": SIZE}
        assert target.describe().mode == "storage"
    run = Run(("disk",))
    write(lambda tell: BlockTarget.open(PORT, tell, host.host, Numbered.open), RECIPE, run)
    assert (tmp_path / "dev/sdb").read_bytes()[: SOURCE.size] == content()
    assert "Opened sdb" in said[0]


def test_a_disk_that_was_exchanged_meanwhile_is_left_alone(tmp_path: Path) -> None:
    with refused(Code.DEVICE_MISMATCH):
        BlockTarget.open(PORT, lambda _line: None, paper(tmp_path).host)


def test_an_empty_port_is_a_device_that_is_not_there(tmp_path: Path) -> None:
    with refused(Code.DEVICE_OFFLINE):
        BlockTarget.open("pci-nowhere", lambda _line: None, paper(tmp_path).host)


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Path]:
    """Lend a real block device, where this host lends any."""
    backing = tmp_path / "backing"
    backing.write_bytes(b"\xee" * SIZE)
    losetup = shutil.which("losetup", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if losetup is None:
        pytest.skip("no losetup here")
    made = subprocess.run(
        [losetup, "--find", "--show", backing], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no loop device to be had: {made.stderr.strip()}")
    node = Path(made.stdout.strip())
    try:
        yield node
    finally:
        subprocess.run([losetup, "--detach", node], check=True)


def loop_disk(node: Path) -> Disk:
    return next(disk for disk in Host().disks() if disk.name == node.name)


def test_a_block_device_of_the_kernel_s_own_is_written_and_read_back(loop: Path) -> None:
    disk = loop_disk(loop)
    run = Run(("disk",))

    def opened(_tell: object) -> BlockTarget:
        medium = DiskMedium.open(loop)
        assert medium.number == disk.number
        assert medium.size == disk.size == SIZE
        assert medium.alignment == 512
        return BlockTarget(disk, medium)

    write(opened, replace(RECIPE, read_back=True), run)
    assert run.verification is Verification.READBACK
    assert loop.read_bytes()[: SOURCE.size] == content()
    padded = -(-SOURCE.size // 4096) * 4096
    assert loop.read_bytes()[padded:] == b"\xee" * (SIZE - padded)


def test_a_block_device_in_somebody_s_hands_is_not_taken(loop: Path) -> None:
    first = DiskMedium.open(loop)
    try:
        with refused(Code.DISK_IN_USE):
            DiskMedium.open(loop)
    finally:
        first.close()


def test_what_the_kernel_calls_fixed_is_not_written(loop: Path) -> None:
    host = replace(Host(), dev=loop.parent)
    disk = loop_disk(loop)
    assert not disk.removable
    with pytest.raises(FaultError):
        BlockTarget.open(disk.port or disk.name, lambda _line: None, host)
