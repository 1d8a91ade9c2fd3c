"""RabbitMQ with its MQTT plugin and the settings that we ship: a node and an epmd of its own.

Everything it writes lies in one directory, and nothing of the machine's own node is read.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.broker_process import (
    SHIPPED,
    Abilities,
    BrokerProcess,
    free_port,
    program,
    serving,
)

# Debian's wrapper of it in /usr/sbin would become the user of the machine's own node.
_SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
_LISTENER = "mqtt.listeners.tcp.1 = 127.0.0.1:1883"
# Names are looked up in Erlang itself: without this, a child process asks the system.
_NAMES = '{lookup, [file]}.\n{host, {127,0,0,1}, ["localhost"]}.\n'
_START = 60.0  # seconds; ten of a quiet machine, half of them a wait for other nodes


class RabbitMq(BrokerProcess):
    """One node. `close` ends what `stop` leaves: the epmd, and a node that still runs."""

    def __init__(self, directory: Path) -> None:
        port = free_port()
        super().__init__(
            port,
            [_SERVER],
            directory / f"rabbitmq-{port}.log",
            able=Abilities(keeps_to_wildcards=False, keeps_over_restart=True, dot="/"),
            within=_START,
        )
        self._directory = directory / f"rabbitmq-{port}"
        self._epmd_port = free_port()
        self._epmd: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        if self.is_running:
            return
        if self._epmd is None:
            await self._prepare()
        await super().start()

    def close(self) -> None:
        """End every process at once."""
        for process in (self._process, self._epmd):
            if process is not None:
                process.kill()
                process.wait(self._within)

    async def _prepare(self) -> None:
        folder = self._directory
        folder.mkdir()
        settings = (SHIPPED / "rabbitmq.conf").read_text()
        assert settings.count(_LISTENER) == 1
        ours = settings.replace(_LISTENER, _LISTENER.replace("1883", str(self.port)))
        (folder / "rabbitmq.conf").write_text(ours)
        (folder / "plugins").write_text("[rabbitmq_mqtt].\n")
        (folder / "inetrc").write_text(_NAMES)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),  # of the cookie
            "ERL_INETRC": str(folder / "inetrc"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_ALLOW_INPUT": "1",  # no shell between us and the node
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput",
            "RABBITMQ_NODENAME": "flashyard@localhost",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_PLUGINS_EXPAND_DIR": str(folder / "expanded"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
            "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "features"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
        }
        # Without one of ours the node would start one that outlives it.
        self._epmd = subprocess.Popen(  # noqa: ASYNC220 - outlives the loop
            [program("epmd", "rabbitmq-server")],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await serving(self._epmd, self._epmd_port, self._within)
