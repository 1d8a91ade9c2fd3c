from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from flashyard.contract.faults import FaultError
from flashyard.endpoint import Endpoint
from flashyard.settings import (
    BridgeSettings,
    BrokerSettings,
    HubSettings,
    NetworkDevice,
    Settings,
)

BROKER = "mqtt://user:secret@127.0.0.1:1883"


def build(role: type[Settings], **values: Any) -> Settings:
    """Build settings of the untyped values that people write."""
    return role(**values)


def test_everything_is_on_loopback_by_default() -> None:
    assert all(endpoint.is_loopback for endpoint in BrokerSettings().listen)
    assert all(endpoint.is_loopback for endpoint in BridgeSettings(broker=BROKER).listen)


def test_a_listener_beyond_this_machine_needs_a_token_file_and_is_told_so() -> None:
    with pytest.raises(FaultError, match="--token-file") as caught:
        build(BridgeSettings, broker=BROKER, listen=["0.0.0.0:8000"])
    assert caught.value.fault.rule.exit == 2
    settings = build(BridgeSettings, broker=BROKER, listen=["0.0.0.0:8000"], token_file="/t")
    assert isinstance(settings, BridgeSettings)
    assert settings.token_file == Path("/t")


def test_an_mqtt_listener_beyond_this_machine_needs_credentials_and_is_told_so(
    tmp_path: Path,
) -> None:
    told: dict[str, Any] = {"listen": ["0.0.0.0:1883"], "data_dir": tmp_path}
    with pytest.raises(FaultError, match="--credentials") as caught:
        build(BrokerSettings, **told)
    assert caught.value.fault.rule.exit == 2
    assert "flashyard access add hub NAME" in (caught.value.fault.hint or "")
    named = build(BrokerSettings, **told, credentials="/c.json")
    assert isinstance(named, BrokerSettings)
    assert named.credentials_file == Path("/c.json")
    kept = tmp_path / "broker" / "credentials.json"
    kept.parent.mkdir()
    kept.write_text("{}")
    found = build(BrokerSettings, **told)
    assert isinstance(found, BrokerSettings)
    assert found.credentials_file == kept


@pytest.mark.parametrize(
    ("role", "values", "missing"),
    [
        (BrokerSettings, {"tls_cert": "/c"}, "--tls-cert needs --tls-key"),
        (BrokerSettings, {"tls_key": "/k"}, "--tls-key needs --tls-cert"),
        (BrokerSettings, {"client_ca": "/a"}, "--client-ca needs --tls-cert"),
        (HubSettings, {"broker": "mqtts://h", "broker_cert": "/c"}, "needs --broker-key"),
        (BridgeSettings, {"broker": "mqtts://h", "broker_key": "/k"}, "needs --broker-cert"),
        (HubSettings, {"broker": BROKER, "broker_ca": "/a"}, "--broker-ca is for TLS"),
        (
            BridgeSettings,
            {"broker": BROKER, "broker_cert": "/c", "broker_key": "/k"},
            "--broker-cert is for TLS",
        ),
    ],
)
def test_settings_of_tls_that_mean_nothing_alone_are_refused(
    role: type[Settings], values: dict[str, Any], missing: str
) -> None:
    with pytest.raises(FaultError, match=missing) as caught:
        role(**values)
    assert caught.value.fault.rule.exit == 2


def test_usb_stations_are_told_as_globs_with_names() -> None:
    said = HubSettings(broker=BROKER, usb_port="*-usb-0:1.*=Rack, pci-0000:00:14.0-usb-0:2")  # type: ignore[arg-type]  # as the environment says it
    assert [str(rule) for rule in said.usb_port] == [
        "*-usb-0:1.*=Rack",
        "pci-0000:00:14.0-usb-0:2",
    ]
    for nothing in ("=Rack", "*="):
        with pytest.raises(ValidationError, match=r"is not GLOB\[=NAME\]"):
            HubSettings(broker=BROKER, usb_port=nothing)  # type: ignore[arg-type]


def test_a_password_in_the_brokers_url_is_not_shown() -> None:
    assert "secret" not in repr(HubSettings(broker=BROKER))
    assert "secret" not in repr(BridgeSettings(broker=BROKER))


def test_settings_cannot_be_changed() -> None:
    settings: Any = BrokerSettings()
    with pytest.raises(ValidationError):
        settings.log_level = "debug"


def test_built_directly_they_do_not_look_at_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLASHYARD_HUB_MAX_PARALLEL", "3")
    monkeypatch.setenv("MAX_PARALLEL", "3")
    assert HubSettings(broker=BROKER).max_parallel == 16


def test_the_image_store_is_beside_the_roles_unless_it_is_shared() -> None:
    assert BridgeSettings(broker=BROKER, data_dir=Path("/d")).images == Path("/d/images")
    shared = BridgeSettings(broker=BROKER, data_dir=Path("/d"), image_store=Path("/shared"))
    assert shared.images == Path("/shared")


def test_a_network_device_has_an_id_and_an_address() -> None:
    device = NetworkDevice.parse("PIXEL6_001=127.0.0.1:5554")
    assert device == NetworkDevice("PIXEL6_001", Endpoint("127.0.0.1", 5554))
    assert str(device) == "PIXEL6_001=127.0.0.1:5554"


@pytest.mark.parametrize("text", ["X", "=h:1", "a b=h:1", "X=h", "X=:1", "X=h:0", "Ä=h:1"])
def test_anything_else_is_no_network_device(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        NetworkDevice.parse(text)


def test_one_device_cannot_be_configured_twice() -> None:
    with pytest.raises(FaultError, match="X is configured twice"):
        build(HubSettings, broker=BROKER, fastboot_tcp=["X=h:1"], fastboot_udp=["X=h:2"])


def test_a_trusted_proxy_is_an_address_or_a_network() -> None:
    said = "192.0.2.1, 10.0.0.0/8,::1"
    settings = build(BridgeSettings, broker=BROKER, trusted_proxy=said)
    assert isinstance(settings, BridgeSettings)
    assert settings.trusted_proxy == ("192.0.2.1/32", "10.0.0.0/8", "::1/128")
    for bad in ("*", "proxy.example", "10.0.0.1/8"):
        with pytest.raises(ValidationError, match="no IP address and no network"):
            build(BridgeSettings, broker=BROKER, trusted_proxy=bad)


def test_sizes_take_suffixes() -> None:
    settings = build(HubSettings, broker=BROKER, cache_size="64M")
    assert isinstance(settings, HubSettings)
    assert settings.cache_size == 64 * 1024**2


def test_limits_are_rates_with_suffixes_and_zero_is_none() -> None:
    settings = build(HubSettings, broker=BROKER, bandwidth_limit="20MB", download_limit="0")
    assert isinstance(settings, HubSettings)
    assert (settings.bandwidth_limit, settings.download_limit) == (20_000_000, 0)
    with pytest.raises(ValidationError):
        build(HubSettings, broker=BROKER, bandwidth_limit=str(2**53))


@pytest.mark.parametrize(("text", "size"), [("1M", 1 << 20), ("4294967295", (4 << 30) - 1)])
def test_a_part_is_at_least_a_mebibyte_and_at_most_what_fastboot_can_count(
    text: str, size: int
) -> None:
    settings = build(HubSettings, broker=BROKER, part_size=text)
    assert isinstance(settings, HubSettings)
    assert settings.part_size == size
    for beyond in ("1048575", "4G"):
        with pytest.raises(ValidationError):
            build(HubSettings, broker=BROKER, part_size=beyond)


def test_urls_are_of_the_kind_that_is_needed() -> None:
    for values in ({"broker": "http://x"}, {"broker": BROKER, "bridge_url": "http://x/path"}):
        with pytest.raises(ValidationError):
            build(HubSettings, **values)
