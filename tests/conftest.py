"""What every test may ask for."""

from __future__ import annotations

import pytest
from hypothesis import settings

pytest_plugins = [
    "support.brokers",  # the fixture `broker`
    "support.databases",  # the fixtures `database` and `database_url`
]

# How long an example takes is the machine's affair: nothing is asserted of wall time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden-update",
        action="store_true",
        help="write the golden files anew; look at the diff before you commit it",
    )
    parser.addoption("--chaos-seed", help="repeat a run of tests/chaos that told it")


@pytest.fixture(scope="session")
def golden_update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--golden-update"))
