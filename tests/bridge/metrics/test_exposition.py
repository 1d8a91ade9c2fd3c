"""Every metric is described once, as Prometheus' conventions want it."""

from __future__ import annotations

import re
from pathlib import Path

from flashyard_bridge.metrics.exposition import described

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_names_are_unique_and_counters_say_that_they_are_totals() -> None:
    everything = [each for group in described().values() for each in group]
    names = [each.name for each in everything]
    assert len(names) == len(set(names))
    for each in everything:
        assert re.fullmatch(r"(flashyard|process)_[a-z_]+", each.name)
        assert each.name.endswith("_total") == (each.kind == "counter")
        assert each.about
        assert not each.about.endswith(".")


def test_the_page_lists_them_all() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for group in described().values():
        for each in group:
            assert f"| `{each.name}` |" in page
