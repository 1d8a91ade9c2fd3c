"""Make the recordings of this folder anew: `python tests/flash/recordings/record.py [NAME]...`.

It needs the tests' folder on PYTHONPATH. Look at the diff before you commit it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from flashyard import __version__
from flashyard.flash.emulator import Profile
from flashyard.flash.fastboot.tcp import TcpTransport
from flashyard.flash.fastboot.transport import Transport
from flashyard.flash.fastboot.udp import UdpTransport
from flashyard.flash.fastboot.usb import UsbTransport
from flashyard.flash.recordings.blanking import blanked
from flashyard.flash.recordings.recorder import RecordingTransport
from flashyard.flash.recordings.transcript import Call, Transcript
from support.emulated import emulated
from support.fake_usb import fake_usb
from support.recorded_host import ERRANDS, record_host
from support.recorded_job import do, opener_on
from support.scenarios import SCENARIOS, SERIAL, Scenario
from support.scripted import tcp_device

HERE = Path(__file__).parent


@contextmanager
def transport_to(scenario: Scenario, directory: Path) -> Iterator[Transport]:
    """Open the device of a scenario."""
    limits = scenario.limits
    if scenario.device is not None:
        yield replace(scenario.device)
    elif scenario.script is not None:
        script, over = scenario.script, Event()
        with tcp_device(lambda peer: script(peer, over)) as address:
            try:
                yield TcpTransport.connect(address, limits)
            finally:
                over.set()
    elif scenario.transport == "usb":
        with fake_usb(directory) as bench:
            bench.plug("1-1", SERIAL, *scenario.faults, **scenario.traits)
            yield UsbTransport.connect(bench.at("1-1"), limits)
    else:
        profile = replace(Profile(serial=SERIAL), **scenario.traits)
        connect = UdpTransport.connect if scenario.transport == "udp" else TcpTransport.connect
        with emulated(directory, scenario.transport, profile, *scenario.faults) as device:
            yield connect(device.address, limits)


def record(scenario: Scenario, directory: Path) -> Transcript:
    """Play a scenario, and return what went over the wire."""
    kept: list[Call] = []
    directory.mkdir(parents=True, exist_ok=True)
    with transport_to(scenario, directory) as transport:
        recording = RecordingTransport(transport, kept.extend)
        with recording:
            ended, run = do(scenario.job, opener_on(recording, scenario.limits), directory)
    return Transcript(
        what=scenario.what,
        made="recorded" if scenario.device is None else "written",
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        by=f"flashyard {__version__}",
        transport=scenario.transport,
        breaks_off=recording.breaks_off,
        product=run.description.product if run.description else None,
        limits=asdict(scenario.limits),
        calls=blanked(kept),
        job=scenario.job,
        ended=ended,
    )


def main(names: list[str]) -> None:
    """Write the files of some scenarios, or of all."""
    for name in names or (*SCENARIOS, *ERRANDS):
        is_host = name in ERRANDS
        with TemporaryDirectory() as directory:
            folder = Path(directory)
            play = (
                record_host(ERRANDS[name], folder) if is_host else record(SCENARIOS[name], folder)
            )
        play.write(HERE / ("hosts" if is_host else "") / f"{name}.jsonl")
        sys.stdout.write(f"{name}: {len(play.calls)} calls, {play.ended}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
