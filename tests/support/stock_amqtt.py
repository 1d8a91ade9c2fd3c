"""amqtt as it comes, in a process of its own: `python -m support.stock_amqtt PORT SETTINGS`.

Some of its defects keep it from ending in order; so it is killed. Its warnings are its own affair.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amqtt.broker import Broker

from support.broker_process import BrokerProcess, free_port, python

_WITHIN = 20.0  # seconds to start


def stock_amqtt(
    directory: Path, plugins: Mapping[str, Any], listener: Mapping[str, Any]
) -> BrokerProcess:
    """Describe one with these plugins, and these extras of its listener; it is not started yet."""
    port = free_port()
    settings = json.dumps({"plugins": plugins, "listener": listener})
    command, environment = python("support.stock_amqtt", str(port), settings)
    return BrokerProcess(
        port,
        command,
        directory / f"amqtt-{port}.log",
        environment={**environment, "PYTHONWARNINGS": "ignore", "PYTHONASYNCIODEBUG": ""},
        within=_WITHIN,
    )


async def _serve(port: int, settings: Mapping[str, Any]) -> None:
    listener = {"type": "tcp", "bind": f"127.0.0.1:{port}", **settings["listener"]}
    await Broker({"listeners": {"default": listener}, "plugins": settings["plugins"]}).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), json.loads(sys.argv[2])))
