"""`flashyard doctor` on this very host, whatever it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flashyard.doctor.rule import rule
from flashyard.settings import PortRule
from support.broker_process import free_port
from support.brokers import mosquitto
from support.processes import flashyard
from support.served import served_bridge

LEVELS = {"ok", "warning", "problem", "unknown"}


def told(out: str) -> dict[str, dict[str, str]]:
    return {each["check"]: each for each in map(json.loads, out.splitlines())}


async def test_beside_a_running_system_broker_bridge_and_clock_are_well(tmp_path: Path) -> None:
    async with (
        mosquitto(tmp_path) as broker,
        served_bridge(broker.url, tmp_path / "images") as bridge,
    ):
        await bridge.state.pictured()
        url = str(bridge.http.base_url)
        finished = await flashyard(
            *("doctor", "--broker", broker.url, "--bridge-url", url),
            *("--data-dir", tmp_path, "--json"),
        )
    found = told(finished.out)
    assert finished.err == ""
    for check in ("broker", "bridge", "clock", "data directory", "open files"):
        assert found[check]["level"] == "ok", found[check]
    assert {each["level"] for each in found.values()} <= LEVELS
    assert finished.status == int("problem" in {each["level"] for each in found.values()})


async def test_a_broker_that_was_named_and_is_not_there_is_a_problem(tmp_path: Path) -> None:
    broker = f"mqtt://me:secret@127.0.0.1:{free_port()}"
    finished = await flashyard(
        "doctor", "--data-dir", tmp_path, env={"FLASHYARD_HUB_BROKER": broker}
    )
    assert finished.status == 1
    assert "problem  broker" in finished.out
    assert "refused" in finished.out
    assert finished.err.count("\n") == 1
    assert "problem" in finished.err
    assert "secret" not in finished.out + finished.err


async def test_the_rule_can_be_looked_at_first() -> None:
    finished = await flashyard("doctor", "--print-udev", "--usb-port", "*-usb-0:1.*=Rack")
    assert finished.status == 0
    assert finished.out == rule([PortRule("*-usb-0:1.*")])


@pytest.mark.skipif(
    os.geteuid() == 0 and Path("/run/udev/control").exists(),
    reason="it would write this host's rule",
)
async def test_where_the_rule_cannot_be_written_one_sentence_says_why() -> None:
    finished = await flashyard("doctor", "--install-udev")
    assert finished.status in {2, 4}
    assert finished.out == ""
    assert finished.err.count("\n") == 2
    assert "hint: " in finished.err


@pytest.mark.parametrize(
    "arguments", [["--udev-group", "a b"], ["--usb-port", "a|b"], ["--broker", "amqp://h"]]
)
async def test_what_makes_no_sense_is_a_usage_error(arguments: list[str]) -> None:
    finished = await flashyard("doctor", *arguments)
    assert finished.status == 2
    assert finished.err.startswith("flashyard: ")
