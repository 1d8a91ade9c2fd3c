"""Conformance is asked of the embedded broker, with Mosquitto as the witness that we ask rightly.

NATS and RabbitMQ claim less than MQTT 3.1.1: what we need of them is tested with the whole system.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the brokers of each test that does not choose its own."""
    test = metafunc.definition
    chosen = any(mark.args[0] == "broker" for mark in test.iter_markers("parametrize"))
    if "broker" in metafunc.fixturenames and not chosen:
        # As a mark: it takes precedence over what the fixture itself offers.
        both = ["embedded", "mosquitto"]
        test.add_marker(pytest.mark.parametrize("broker", both, indirect=True))


@pytest.fixture(autouse=True)
def _nothing_breaks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which something of ours, or the event loop, logged an error."""
    yield
    broken = [each for each in caplog.get_records("call") if each.levelno >= logging.ERROR]
    assert not broken, [each.getMessage() for each in broken]
