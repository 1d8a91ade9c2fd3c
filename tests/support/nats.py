"""nats-server with JetStream and MQTT, with the settings that we ship, on ports of its own."""

from __future__ import annotations

from pathlib import Path

from support.broker_process import SHIPPED, Abilities, BrokerProcess, free_port, program

_THEIRS = {
    "listen: 127.0.0.1:4222": "listen: 127.0.0.1:{native}",
    'store_dir: "/var/lib/flashyard-nats"': 'store_dir: "{store}"',
    "listen: 127.0.0.1:1883": "listen: 127.0.0.1:{port}",
}


def nats(directory: Path) -> BrokerProcess:
    """NATS, not started yet; what it stores lies in the directory."""
    port = free_port()
    text = (SHIPPED / "nats.conf").read_text()
    for shipped, here in _THEIRS.items():
        assert text.count(shipped) == 1, shipped
        ours = here.format(native=free_port(), port=port, store=directory / f"nats-{port}")
        text = text.replace(shipped, ours)
    settings = directory / f"nats-{port}.conf"
    settings.write_text(text)
    command = [program("nats-server", "nats-server"), "--config", str(settings)]
    able = Abilities(keeps_over_restart=True, dot="")
    return BrokerProcess(port, command, directory / f"nats-{port}.log", able=able)
