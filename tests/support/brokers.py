"""The brokers the tests run against, each with the settings that we ship.

The fixtures `broker` and `broker_process` run a test once against each of them; NATS and RabbitMQ
take their time and belong to the long runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.broker_process import Broker, BrokerProcess, free_port
from support.embedded import EmbeddedHere, embedded_process
from support.mosquitto import mosquitto
from support.nats import nats
from support.rabbitmq import RabbitMq

__all__ = [
    "KINDS",
    "Broker",
    "BrokerProcess",
    "broker",
    "broker_process",
    "chosen",
    "embedded_process",
    "free_port",
    "mosquitto",
    "rabbitmq",
]

KINDS = [
    "embedded",
    "mosquitto",
    pytest.param("nats", marks=pytest.mark.long),
    pytest.param("rabbitmq", marks=pytest.mark.long),
]


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMq]:
    """A node for all tests of a module, since it takes so long to start; not started yet."""
    node = RabbitMq(tmp_path_factory.mktemp("rabbitmq"))
    yield node
    node.close()


@pytest.fixture(params=KINDS)
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    """A broker that serves: one of each kind in turn, ours in the test's own loop."""
    if request.param == "embedded":
        ours = EmbeddedHere(free_port())
        await ours.start()
        yield ours
        await ours.stop()
    else:
        async with chosen(request, tmp_path) as process:
            yield process


@pytest.fixture(params=KINDS)
async def broker_process(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[BrokerProcess]:
    """A broker that serves and can be killed: one of each kind in turn."""
    async with chosen(request, tmp_path) as process:
        yield process


@asynccontextmanager
async def chosen(request: pytest.FixtureRequest, directory: Path) -> AsyncIterator[BrokerProcess]:
    """The broker of the kind that the fixture's parameter names, as a process that serves."""
    make: dict[str, Callable[[], BrokerProcess]] = {
        "embedded": lambda: embedded_process(directory),
        "mosquitto": lambda: mosquitto(directory),
        "nats": lambda: nats(directory),
        "rabbitmq": lambda: request.getfixturevalue("rabbitmq"),
    }
    process = make[request.param]()
    await process.start()
    try:
        yield process
    finally:
        if request.param != "rabbitmq":  # the module's next test goes on with it
            await process.stop()
