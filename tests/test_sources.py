from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.endpoint import Endpoint
from flashyard.settings import (
    BridgeSettings,
    BrokerSettings,
    ClientSettings,
    HubSettings,
    Settings,
)
from flashyard.sources import find_file, load

Write = Callable[[str], Path]
BROKER = {"broker": "mqtt://127.0.0.1:1883"}


@pytest.fixture(autouse=True)
def _nobody_elses_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "flashyard.toml"
        path.write_text(text)
        return path

    return write


def refusal(role: type[Settings], flags: dict[str, object], file: Path | None = None) -> FaultError:
    with pytest.raises(FaultError) as caught:
        load(role, flags, file)
    assert caught.value.fault.rule.exit == 2
    return caught.value


def test_flags_win_over_the_environment_and_that_over_the_file(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('[hub]\nbroker = "mqtt://file"\nmax_parallel = 1\nprogress_interval = 100\n')
    monkeypatch.setenv("FLASHYARD_HUB_MAX_PARALLEL", "2")
    monkeypatch.setenv("FLASHYARD_HUB_PROGRESS_INTERVAL", "200")
    settings = load(HubSettings, {"progress_interval": "300"})
    assert settings.broker == "mqtt://file"
    assert settings.max_parallel == 2
    assert settings.progress_interval == 300


def test_a_list_is_written_with_commas_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHYARD_BRIDGE_LISTEN", ":3000, :3001")
    assert load(BridgeSettings, BROKER).listen == (Endpoint("", 3000), Endpoint("", 3001))


def test_what_all_roles_share_is_told_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write('data_dir = "/srv/one"\nlog_level = "debug"\n[broker]\nlog_level = "error"\n')
    assert load(BrokerSettings, {}).directory == Path("/srv/one/broker")
    assert load(BrokerSettings, {}).log_level == "error"
    monkeypatch.setenv("FLASHYARD_DATA_DIR", "/srv/two")
    assert load(HubSettings, BROKER).directory == Path("/srv/two/hub")
    assert load(HubSettings, {**BROKER, "data_dir": "/srv/three"}).directory.parts[2] == "three"


def test_a_client_has_no_role_in_its_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHYARD_URL", "https://bridge.example/")
    assert load(ClientSettings, {}).url == "https://bridge.example"


def test_a_variable_of_somebody_else_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASHYARD_HUB_PORT_1883_TCP", "tcp://10.0.0.1:1883")
    assert load(HubSettings, BROKER).hub_id is None


@pytest.mark.parametrize(
    ("text", "word", "hint"),
    [
        ("[bridge]\nlisten_on = ':1'\n", "'listen_on'", "listen"),
        ("[brige]\nlisten = ':1'\n", "'brige'", "bridge"),
        ("data_dirr = '/x'\n", "'data_dirr'", "data_dir"),
        ("[hub]\nzzz = 1\n", "'zzz'", "max_parallel"),
    ],
)
def test_an_unknown_key_is_one_clear_sentence_even_in_another_roles_section(
    write: Write, text: str, word: str, hint: str
) -> None:
    path = write(text)
    fault = refusal(BrokerSettings, {}, path).fault
    assert fault.code is Code.INVALID_REQUEST
    assert word in fault.sentence
    assert str(path) in fault.sentence
    assert hint in (fault.hint or "")


def test_a_file_that_is_no_toml_or_not_there_is_a_sentence_too(write: Write) -> None:
    assert "not TOML" in refusal(BrokerSettings, {}, write("listen =")).fault.sentence
    assert "cannot be read" in refusal(BrokerSettings, {}, Path("nowhere.toml")).fault.sentence


def test_the_file_may_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_file() is None
    other = tmp_path / "other.toml"
    other.write_text("[broker]\nlisten = ':7'\n")
    monkeypatch.setenv("FLASHYARD_CONFIG", str(other))
    assert load(BrokerSettings, {}).listen == (Endpoint("", 7),)


def test_a_bad_value_is_named_with_the_place_it_came_from(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("[hub]\nmax_parallel = 0\n")
    assert "(in flashyard.toml, [hub])" in refusal(HubSettings, {**BROKER}).fault.sentence
    monkeypatch.setenv("FLASHYARD_HUB_MAX_PARALLEL", "none")
    fault = refusal(HubSettings, {**BROKER}).fault
    assert "--max-parallel (in the environment)" in fault.sentence
    assert "FLASHYARD_HUB_MAX_PARALLEL" in (fault.hint or "")


def test_a_missing_broker_says_all_the_ways_to_give_it() -> None:
    fault = refusal(HubSettings, {}).fault
    assert fault.sentence == "--broker is required."
    assert "FLASHYARD_HUB_BROKER" in (fault.hint or "")


def test_a_flag_that_was_not_given_is_none_or_an_empty_list(write: Write) -> None:
    write("[broker]\nlisten = ':5'\n")
    assert load(BrokerSettings, {"listen": [], "log_level": None}).listen == (Endpoint("", 5),)
