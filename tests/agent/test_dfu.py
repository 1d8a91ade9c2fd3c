"""A hub that looks after DFU devices, in DFU mode and out of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.phases import Verification
from flashyard.flash.dfu.control import DFU_MODE, RUNTIME
from flashyard.flash.dfu.status import State
from flashyard.flash.ports.modes import DFU, DFU_RUNTIME
from flashyard.flash.ports.sysfs import Sysfs
from flashyard.flash.usb.host import UsbHost
from support.bridge_peer import BridgePeer, check_story
from support.dfu_device import DfuDevice, WallClock
from support.dfuse_device import DfuSeDevice
from support.fake_sysfs import FakeSysfs
from support.hub_at_work import hub_at_work
from support.image_server import ImageServer, image_server, stored
from support.usb_bus import PaperBus
from support.waiting import until

STATION = "pci-0000:00:14.0-usb-0:4"
FIRMWARE = bytes(range(256)) * 3
WANTED = {"image": stored(FIRMWARE), "partition": "firmware", "total_bytes": len(FIRMWARE)}
READ_BACK = {"verify": "readback"}


class Board(PaperBus):
    """A bus with one DFU device, which sysfs shows as it comes, goes and changes its mode.

    ``serials``: what it says on USB while it runs, and in DFU mode; ``away``: seconds it takes
    from the one to the other.
    """

    def __init__(
        self,
        device: DfuDevice,
        root: Path,
        serials: tuple[str, str] = ("P-1", "P-1"),
        away: float = 0.0,
    ) -> None:
        super().__init__(device)
        self.sysfs = FakeSysfs(root)
        self.host = UsbHost(Sysfs(root), lambda: self)
        self._serials = serials
        self._away = away
        self._runs_by_itself = device.protocol == RUNTIME
        self._plug()

    def _plug(self) -> None:
        is_dfu = self.device.protocol == DFU_MODE
        triplet, serial = (DFU if is_dfu else DFU_RUNTIME), self._serials[is_dfu]
        self._address = self.sysfs.plug("1-4", (*triplet, "DFU"), serial=serial, model="Paper")
        self.device.is_there = True

    def get_device_descriptor(self, _device: DfuDevice) -> Any:
        told = super().get_device_descriptor(_device)
        told.bus, told.address = 1, self._address
        return told

    def reset_device(self, _handle: str) -> None:
        """Enumerate anew: in DFU mode after a detach, else in the firmware if it has one."""
        self.sysfs.unplug("1-4")
        is_detached = self.device.state is State.APP_DETACH
        try:
            super().reset_device(_handle)
        finally:
            if self._runs_by_itself and not is_detached:
                self.device.protocol = RUNTIME
            if self._away:
                Timer(self._away, self._plug).start()
            else:
                self._plug()


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as store:
        store.add(FIRMWARE)
        yield store


def dfu_hub(peer: BridgePeer, board: Board, server: ImageServer, directory: Path) -> Any:
    return hub_at_work(peer.link_url, directory, {}, host=board.host, bridge_url=server.url)


async def test_a_device_in_dfu_mode_is_listed_with_its_memories_and_flashed(
    peer: BridgePeer, server: ImageServer, tmp_path: Path
) -> None:
    board = Board(DfuSeDevice(WallClock(), transfer_size=512), tmp_path / "sys")
    async with dfu_hub(peer, board, server, tmp_path):
        await peer.online("P-1")
        told = peer.devices["P-1"]
        assert (told.mode, told.transport, told.port) == ("dfu", "usb", STATION)
        assert (told.product, told.hint) == ("Paper", None)
        assert told.partitions == {"Internal-Flash": 13 * 1024}
        assert board.timeouts == []  # no request was made of it
        assert (board.claimed, board.handles) == (0, 0)
        job = (await peer.start("P-1", **WANTED, options=READ_BACK)).job_id
        end = await peer.completed(job)
        check_story(peer, job)
        assert end.verification is Verification.READBACK
        assert isinstance(board.device, DfuSeDevice)
        assert board.device.memory.startswith(FIRMWARE)


@pytest.mark.parametrize("away", [0.0, 1.0])
async def test_a_device_that_runs_is_taken_into_dfu_mode_by_a_job_and_stays_who_it_is(
    peer: BridgePeer, server: ImageServer, tmp_path: Path, away: float
) -> None:
    device = DfuDevice(WallClock(), protocol=RUNTIME, transfer_size=256)
    board = Board(device, tmp_path / "sys", ("RUNS-1", "BOOTS-1"), away)
    async with dfu_hub(peer, board, server, tmp_path):
        await peer.online("RUNS-1")
        told = peer.devices["RUNS-1"]
        assert (told.mode, told.product) == ("normal", "Paper")
        assert "brings it into DFU mode" in (told.hint or "")
        assert board.handles == 0
        assert device.restarts == 0
        await peer.completed((await peer.start("RUNS-1", **WANTED, options=READ_BACK)).job_id)
        assert device.flash == FIRMWARE
        assert device.protocol == RUNTIME
        await until(lambda: peer.devices["RUNS-1"].current_job is None)
        await peer.online("RUNS-1")
        assert list(peer.devices) == ["RUNS-1"]


async def test_a_device_that_was_taken_out_of_its_firmware_for_nothing_is_sent_back(
    peer: BridgePeer, server: ImageServer, tmp_path: Path
) -> None:
    device = DfuDevice(WallClock(), protocol=RUNTIME)
    board = Board(device, tmp_path / "sys")
    async with dfu_hub(peer, board, server, tmp_path):
        await peer.online("P-1")
        job = await peer.start("P-1", **{**WANTED, "partition": "boot"})
        await peer.failed(job.job_id, Code.UNKNOWN_PARTITION)
        assert (device.protocol, device.restarts) == (RUNTIME, 2)
        assert device.flash == b""
