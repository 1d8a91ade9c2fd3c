"""The page at `/`: everything it needs comes from here, and text stays text."""

from __future__ import annotations

import re
from pathlib import Path

from flashyard_bridge.rest.page import FILES
from support.brokers import free_port
from support.served import served_bridge

NOBODY = f"mqtt://127.0.0.1:{free_port()}"
_LINK = re.compile(r'(?:src|href|from)\s*=?\s*"(/static/[^"]+)"')


async def test_all_that_the_page_loads_is_served_and_nothing_may_come_from_elsewhere(
    tmp_path: Path,
) -> None:
    async with served_bridge(NOBODY, tmp_path) as served:
        page = await served.http.get("/")
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        paths = set(_LINK.findall(page.text))
        for script in FILES.glob("*.js"):
            paths |= set(_LINK.findall(script.read_text()))
        assert {Path(path).name for path in paths} == {
            file.name for file in FILES.iterdir() if file.suffix != ".html"
        }, "no file is missing, none is left over"
        for path in paths:
            assert (await served.http.get(path)).status_code == 200, path


def test_what_a_hub_reports_is_never_taken_for_markup_or_code() -> None:
    for script in FILES.glob("*.js"):
        text = script.read_text()
        for risk in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert risk not in text, script.name
    page = (FILES / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", page)
