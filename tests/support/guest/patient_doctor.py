"""The doctor's look at the host it runs on, with time enough for a machine that is emulated.

Runs inside the guest: `python -m support.guest.patient_doctor` prints `{check: [level, sentence]}`.
"""

from __future__ import annotations

import asyncio
import json

from flashyard.doctor.bench import Bench
from flashyard.doctor.examination import Asked, checks, examine
from flashyard.doctor.host import Host
from flashyard.settings import HostSettings

_WITHIN = 100.0


def _main() -> None:
    settings = HostSettings()
    bench = Bench(Host(), settings.usb_port)
    asked = Asked(has_broker=False, hub_runs=False)
    found = asyncio.run(examine(checks(bench, settings, asked), _WITHIN))
    print(json.dumps({each.check: [each.level, each.sentence] for each in found}))  # noqa: T201


if __name__ == "__main__":
    _main()
