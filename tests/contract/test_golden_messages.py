"""Every message has a golden file; what is on the wire changes only where somebody says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from flashyard.contract.model import Model
from flashyard.contract.schema import json_schema, models
from support.examples import examples

GOLDEN = Path(__file__).parent.parent / "wire" / "messages"
EXAMPLES = examples()


@pytest.fixture(scope="session")
def definitions() -> dict[str, object]:
    return json_schema()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_message_is_encoded_as_its_golden_file_says(name: str, *, golden_update: bool) -> None:
    path = GOLDEN / f"{name}.json"
    if golden_update:
        path.write_bytes(EXAMPLES[name].encode() + b"\n")
    assert EXAMPLES[name].encode() + b"\n" == path.read_bytes()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_golden_file_decodes_and_encodes_to_the_same_bytes(name: str) -> None:
    payload = (GOLDEN / f"{name}.json").read_bytes().rstrip()
    message = type(EXAMPLES[name]).decode(payload)
    assert message == EXAMPLES[name]
    assert message.encode() == payload


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_golden_file_fits_the_published_schema(name: str, definitions: dict[str, object]) -> None:
    payload = json.loads((GOLDEN / f"{name}.json").read_bytes())
    schema = {
        "$ref": f"#/components/schemas/{type(EXAMPLES[name]).__name__}",
        "components": {"schemas": definitions},
    }
    Draft202012Validator(schema).validate(payload)


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_on_the_wire_is_null_but_a_device_or_hub_that_is_gone(name: str) -> None:
    payload = json.loads((GOLDEN / f"{name}.json").read_bytes())
    nulls = [key for key, value in _leaves(payload) if value is None]
    assert nulls == ([name.removesuffix("_gone")] if name.endswith("_gone") else [])


def test_every_message_has_a_golden_file() -> None:
    assert {type(message) for message in EXAMPLES.values()} == set(models())
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(EXAMPLES)


def test_an_unknown_key_is_ignored_so_that_the_contract_can_grow() -> None:
    for message in EXAMPLES.values():
        grown = json.loads(message.encode()) | {"keyOfNextYear": 1}
        assert type(message).decode(json.dumps(grown)) == message


def _leaves(value: object, key: str = "") -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return [leaf for name, each in value.items() for leaf in _leaves(each, name)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each, key)]
    return [(key, value)]


def test_models_are_frozen() -> None:
    for message in EXAMPLES.values():
        assert isinstance(message, Model)
        assert message.model_config.get("frozen")
