from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread

from flashyard.flash.ports.lookout import Lookout
from flashyard.flash.ports.monitor import Monitor
from flashyard.flash.ports.settling import SETTLED
from flashyard.flash.ports.sysfs import Sysfs
from support.fake_sysfs import FASTBOOT, FakeSysfs

PORT_1 = "pci-0000:00:14.0-usb-0:1"


class Sleeper:
    """Time that passes when it is waited for; ``events`` happen one at a time, meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.events: list[Callable[[], object]] = []
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        assert len(self.waits) < 100, "nothing ever changes"
        self.waits.append(seconds)
        self.now += seconds
        if self.events:
            self.events.pop(0)()

    def wake(self) -> None:
        pass


def test_what_comes_and_goes_is_told_though_no_event_tells_of_it(tmp_path: Path) -> None:
    fake, sleeper = FakeSysfs(tmp_path), Sleeper()
    fake.plug("1-1", FASTBOOT, serial="A")
    lookout = Lookout(Sysfs(tmp_path), sleeper, clock=lambda: sleeper.now)
    [came] = lookout.changes() or []
    assert (came.station, came.before) == (PORT_1, None)
    sleeper.events = [lambda: fake.unplug("1-1")]
    [left] = lookout.changes() or []
    assert (left.before, left.after) == (came.after, None)
    assert max(sleeper.waits) <= 1.0
    assert sleeper.waits[-1] <= SETTLED + 1e-9


def test_an_empty_host_is_told_once_and_then_waited_for(tmp_path: Path) -> None:
    fake, sleeper = FakeSysfs(tmp_path), Sleeper()
    lookout = Lookout(Sysfs(tmp_path), sleeper, clock=lambda: sleeper.now)
    assert lookout.changes() == []
    sleeper.events = [lambda: None, lambda: fake.plug("1-1", FASTBOOT)]
    assert [change.station for change in lookout.changes() or []] == [PORT_1]


def test_it_ends_at_once_when_told_to(tmp_path: Path) -> None:
    with Monitor() as monitor:
        lookout = Lookout(Sysfs(tmp_path), monitor, rescan=3600)
        assert lookout.changes() == []
        told: list[object] = []
        waiting = Thread(target=lambda: told.append(lookout.changes()))
        waiting.start()
        lookout.end()
        waiting.join(10)
        assert told == [None]
