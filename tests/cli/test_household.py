from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flashyard.cli.household import Household, demo_devices, within_reach
from flashyard.contract.demo import DEMO
from flashyard.endpoint import Endpoint
from flashyard.settings import NetworkDevice, UpSettings


def household(**settings: Any) -> Household:
    told = UpSettings(data_dir=Path("/data"), **settings)
    return Household(told, None, plain=False)


def values(argv: object, flag: str) -> list[str]:
    words = list(argv) if isinstance(argv, list | tuple) else []
    return [words[n + 1] for n, word in enumerate(words) if word == flag]


def test_every_process_shares_the_data_directory_and_is_on_a_leash() -> None:
    house = household()
    for command in (
        house.broker([]),
        house.bridge("mqtt://h", []),
        house.emulator([]),
        house.hub("mqtt://h", ["http://127.0.0.1:8000"], []),
    ):
        assert values(command.argv, "--data-dir") == ["/data"]
        assert "--supervised" in command.argv


def test_what_nobody_asked_for_is_left_to_the_roles_own_settings() -> None:
    assert "--listen" not in household().broker([]).argv
    assert "--listen" not in household().bridge("mqtt://h", []).argv


def test_after_a_death_the_addresses_are_those_of_before() -> None:
    house = household(listen=":0", mqtt="127.0.0.1:0")
    assert values(house.broker([]).argv, "--listen") == ["127.0.0.1:0"]
    assert values(house.broker(["mqtt://127.0.0.1:40001"]).argv, "--listen") == ["127.0.0.1:40001"]
    assert values(house.bridge("mqtt://h", []).argv, "--listen") == [":0"]
    before = ["http://127.0.0.1:40002", "http://[::1]:40002"]
    again = values(house.bridge("mqtt://h", before).argv, "--listen")
    assert again == ["127.0.0.1:40002", "[::1]:40002"]


def test_the_brokers_password_is_on_no_command_line() -> None:
    url = "mqtt://me:secret@host"
    house = household()
    for command in (house.bridge(url, []), house.hub(url, ["http://127.0.0.1:8000"], [])):
        assert not any("secret" in word for word in command.argv)
        assert url in command.secrets.values()


def test_the_demo_devices_keep_their_names_and_ports() -> None:
    first = values(household().emulator([]).argv, "--device")
    assert first == [f"{each.device_id},tcp=127.0.0.1:0,name={each.name}" for each in DEMO]
    said = [f"fastboot-tcp://127.0.0.1:{4000 + n}/{each.device_id}" for n, each in enumerate(DEMO)]
    again = values(household().emulator(said).argv, "--device")
    assert again[0] == "PIXEL6_001,tcp=127.0.0.1:4000,name=Google Pixel 6"
    assert "--discard" in household().emulator([]).argv
    assert values(household().emulator([]).argv, "--link-speed") == ["20M"]


def test_the_hub_is_told_of_configured_and_demo_devices_and_of_the_bridge() -> None:
    mine = NetworkDevice("MINE", Endpoint("10.0.0.9", 5554))
    house = Household(UpSettings(), Path("/etc/f.toml"), plain=True, devices=[mine])
    demo = demo_devices(["fastboot-tcp://127.0.0.1:4000/PIXEL6_001"])
    argv = house.hub("mqtt://h", ["http://0.0.0.0:8000"], demo).argv
    assert values(argv, "--fastboot-tcp") == ["MINE=10.0.0.9:5554", "PIXEL6_001=127.0.0.1:4000"]
    assert values(argv, "--bridge-url") == ["http://127.0.0.1:8000"]
    assert values(argv, "--config") == ["/etc/f.toml"]
    assert values(argv, "--log-format") == ["plain"]


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://0.0.0.0:80", "http://127.0.0.1:80"),
        ("http://[::]:80", "http://[::1]:80"),
        ("http://10.0.0.1:80", "http://10.0.0.1:80"),
    ],
)
def test_what_listens_everywhere_is_reached_here(url: str, near: str) -> None:
    assert within_reach(url) == near


def test_our_own_broker_tells_its_numbers_and_the_bridge_asks_for_them() -> None:
    assert values(household().broker([]).argv, "--sys-interval") == ["10"]
    assert "--broker-sys" in household().bridge("mqtt://h", []).argv
    often = Household(UpSettings(), None, plain=False, sys_interval=2.5)
    assert values(often.broker([]).argv, "--sys-interval") == ["2.5"]


def test_somebody_elses_broker_is_not_asked_for_its_numbers() -> None:
    assert "--broker-sys" not in household(broker="mqtt://h").bridge("mqtt://h", []).argv
