"""The compose file is valid, and asks of flashyard only what flashyard understands."""

from __future__ import annotations

from pathlib import Path

import pytest
from compose_spec import PyCompose

HOUSE = Path(__file__).parent.parent.parent
COMPOSE = PyCompose.from_yaml((HOUSE / "docker-compose.yml").read_text(encoding="utf-8"))
ROLES = ["broker", "bridge", "hub"]


def test_it_starts_the_three_roles_and_a_database_server_only_where_one_is_asked_for() -> None:
    services = COMPOSE.to_dict()["services"]
    assert isinstance(services, dict)
    assert sorted(name for name in services if not services[name].get("profiles")) == sorted(ROLES)
    server = services["postgres"]
    assert server["profiles"] == ["postgres"]
    assert "listen_addresses=127.0.0.1" in server["command"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_built_from_its_own_dockerfile(role: str) -> None:
    services = COMPOSE.to_dict()["services"]
    assert isinstance(services, dict)
    dockerfile = HOUSE / services[role]["build"]["dockerfile"]
    assert 'ENTRYPOINT ["flashyard"]' in dockerfile.read_text(encoding="utf-8")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_listens_and_calls_on_loopback_only(role: str) -> None:
    services = COMPOSE.to_dict()["services"]
    service = services[role]
    assert service["network_mode"] == "host"
    assert service["command"][0] == role
    addresses = [word for word in service["command"] if ":" in word]
    assert addresses
    assert all("127.0.0.1" in address for address in addresses)


USB = PyCompose.from_yaml((HOUSE / "docker-compose.usb.yml").read_text(encoding="utf-8"))


def test_usb_is_an_addition_to_the_hub_alone() -> None:
    assert list(USB.service_names()) == ["hub"]


def test_a_hub_with_usb_is_given_usb_and_no_more() -> None:
    services = USB.to_dict()["services"]
    assert isinstance(services, dict)
    hub = services["hub"]
    [allowed] = hub["device_cgroup_rules"]
    assert set(allowed.rpartition(" ")[2]) == set("rwm")
    assert allowed.startswith("c 189:* ")
    assert not {"privileged", "cap_add", "devices", "user"} & set(hub)
    assert all(each.endswith(":ro") for each in hub["volumes"] if "udev" in each)
