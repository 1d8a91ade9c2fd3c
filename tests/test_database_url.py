"""Where the database is, as people write it; a password in it is shown to nobody."""

from __future__ import annotations

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.settings import BridgeSettings
from flashyard.sources import load

BROKER = "mqtt://127.0.0.1:1883"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///yard.db",
        "sqlite:////var/lib/yard.db",
        "postgresql://yard:secret@db:5432/yard",
        "postgres://yard@db/yard?sslmode=require",
        "postgresql://[::1]:5432/yard",
        "postgresql://a:1,b:2/yard?target_session_attrs=read-write",
        "postgresql:///yard?host=/run/postgresql",
    ],
)
def test_a_file_or_a_server_can_be_named(url: str) -> None:
    assert BridgeSettings(broker=BROKER, database=url).database_url == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite://", "neither"),
        ("sqlite:///folder/", "neither"),
        ("secret", "neither"),
        ("mysql://yard:secret@db/yard", "neither"),
        ("postgresql+psycopg://yard:secret@db/yard", "neither"),
        ("postgresql://yard:secret@db", "name of one database"),
        ("postgresql://yard:secret@db/", "name of one database"),
        ("postgresql://yard:secret@db/yard/2", "name of one database"),
        ("postgresql://yard:secret@db:0/yard", "port"),
        ("postgresql://yard:secret@db:99999/yard", "port"),
        ("postgresql://yard:secret@db:x/yard", "can be read"),
        ("postgresql://yard:se#cret@db/yard", "%23"),
        ("postgresql://yard@db/yard#secret", "%23"),
        ("postgresql://yard:secret@[db/yard", "can be read"),
    ],
)
def test_what_is_none_is_refused_with_a_hint_and_without_its_password(url: str, why: str) -> None:
    with pytest.raises(FaultError, match=why) as caught:
        load(BridgeSettings, {"broker": BROKER, "database": url})
    fault = caught.value.fault
    assert fault.code is Code.INVALID_REQUEST
    assert "postgresql://USER:PASSWORD@HOST:PORT/NAME" in (fault.hint or "")
    assert "cret" not in f"{fault}"


def test_a_password_in_it_is_not_shown() -> None:
    url = "postgresql://yard:secret@db/yard"
    assert "secret" not in repr(BridgeSettings(broker=BROKER, database=url))
