from __future__ import annotations

from collections.abc import Callable

import pytest

from flashyard.contract.faults import Code, refuse
from flashyard.flash.dfu.control import DFU_MODE, RUNTIME, StallError
from flashyard.flash.dfu.entry import enter
from flashyard.flash.dfu.limits import Limits
from support.dfu_device import IDS, RUNNING_IDS, DfuDevice, PaperPipe, Port, Ticking
from support.faults import refused

LIMITS = Limits()


def running(attributes: int = 0b0111) -> DfuDevice:
    return DfuDevice(Ticking(), protocol=RUNTIME, attributes=attributes)


def test_a_device_in_dfu_mode_is_taken_as_it_is() -> None:
    port = Port(DfuDevice(Ticking()))
    entered = enter(port.connect, LIMITS, port.device.ticking.clock)
    assert entered.ids == {IDS}
    assert port.requests == []


@pytest.mark.parametrize(
    ("attributes", "requests"), [(0b0111, ["DETACH", "RESET"]), (0b1111, ["DETACH"])]
)
def test_a_device_that_runs_is_told_to_detach_and_remembered_by_both_ids(
    attributes: int, requests: list[str]
) -> None:
    port = Port(running(attributes))
    entered = enter(port.connect, LIMITS, port.device.ticking.clock)
    assert entered.pipe.face.protocol == DFU_MODE
    assert entered.ids == {IDS, RUNNING_IDS}
    assert port.requests == requests
    assert port.pipes[0].is_closed


def test_it_is_waited_for_while_it_is_away() -> None:
    port = Port(running())

    class Gone(PaperPipe):
        def reset(self) -> None:
            super().reset()
            port.device.away = 10

    def connect() -> PaperPipe:
        pipe = port.connect()
        return pipe if port.device.protocol == DFU_MODE else Gone(port.device)

    entered = enter(connect, LIMITS, port.device.ticking.clock)
    assert entered.pipe.face.protocol == DFU_MODE
    assert port.device.ticking.time > Ticking().time + 10 * LIMITS.look


def test_one_that_comes_back_as_it_was_is_given_up_in_time() -> None:
    port = Port(running(0b0001))
    with refused(Code.DEVICE_SILENT) as refusal:
        enter(lambda: Stubborn(port), LIMITS, port.device.ticking.clock)
    assert "by hand" in (refusal.fault.hint or "")
    assert port.device.ticking.time <= Ticking().time + LIMITS.attach + LIMITS.look


class Stubborn(PaperPipe):
    """A device that a reset does not impress."""

    def __init__(self, port: Port) -> None:
        super().__init__(port.device)

    def reset(self) -> None:
        """Stay as it is."""


def refusing(error: Exception) -> Callable[[str, bytes], bytes]:
    def fault(request: str, _data: bytes) -> bytes:
        assert request == "DETACH"
        raise error

    return fault


def test_one_that_refuses_to_detach_is_left_running() -> None:
    port = Port(running(), refusing(StallError()))
    with refused(Code.DEVICE_REFUSED):
        enter(port.connect, LIMITS, port.device.ticking.clock)
    assert port.pipes[0].is_closed


def test_one_that_is_gone_before_it_answered_is_followed() -> None:
    port = Port(running(), refusing(refuse(Code.USB_UNPLUGGED)))

    def connect() -> PaperPipe:
        pipe = port.connect()
        port.device.protocol = DFU_MODE
        return pipe

    assert enter(connect, LIMITS, port.device.ticking.clock).pipe.face.protocol == DFU_MODE


def test_one_that_is_silent_is_told_so() -> None:
    port = Port(running(), refusing(refuse(Code.DEVICE_SILENT)))
    with refused(Code.DEVICE_SILENT):
        enter(port.connect, LIMITS, port.device.ticking.clock)
