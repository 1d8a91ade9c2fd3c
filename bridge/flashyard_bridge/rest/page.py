"""The page at `/`: plain files, no build step. It knows where they are and what they may load."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

FILES = Path(__file__).parent.parent / "static"
# Nothing from elsewhere, nothing inline: whatever a hub reports stays text.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)
files = StaticFiles(directory=FILES)


@router.get("/")
async def page() -> FileResponse:
    """Show the live jobs."""
    return FileResponse(FILES / "index.html", headers=_HEADERS)
