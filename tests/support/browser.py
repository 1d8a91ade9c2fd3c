"""A page in Chromium without a screen: what it shows, what is pressed, what it complains of.

Source: Chrome DevTools Protocol 1.3, domains Page, Runtime, Log and Input.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from support.broker_process import program
from support.waiting import until, until_told

_COMPLAINTS = {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}


class Page:
    """``complaints``: exceptions, console and network errors so far."""

    def __init__(self, socket: ClientConnection) -> None:
        self.complaints: list[dict[str, Any]] = []
        self._socket = socket
        self._numbers = count(1)

    async def open(self, url: str) -> None:
        for domain in ("Page", "Runtime", "Log"):
            await self._call(f"{domain}.enable")
        await self._call("Page.navigate", url=url)
        await self.shows("location.href !== 'about:blank' && document.readyState === 'complete'")

    async def tell(self, expression: str) -> Any:
        """Evaluate an expression; what is no JSON comes as an empty object."""
        said = await self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def shows(self, expression: str) -> None:
        """Wait until it is true."""

        async def look() -> bool:
            return bool(await self.tell(f"Boolean({expression})"))

        await until_told(look, 20.0)

    async def press(self, selector: str) -> None:
        """Put the focus on an element and press Enter, as who has no mouse does."""
        await self.tell(f"document.querySelector({json.dumps(selector)}).focus()")
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        await self._call("Input.dispatchKeyEvent", type="keyDown", text="\r", **key)
        await self._call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def _call(self, method: str, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        call = {"id": number, "method": method, "params": params}
        async with asyncio.timeout(30.0):
            await self._socket.send(json.dumps(call))
            while True:
                said = json.loads(await self._socket.recv())
                if said.get("id") == number:
                    assert "error" not in said, said
                    result: dict[str, Any] = said["result"]
                    return result
                if said.get("method") in _COMPLAINTS:
                    self.complaints.append(said["params"])


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Page]:
    """Run Chromium with an empty profile while inside; yield its one page."""
    command = [program("chromium", "chromium"), "--headless=new", "--disable-gpu"]
    command += ["--remote-debugging-port=0", f"--user-data-dir={profile}", "--no-first-run"]
    if os.geteuid() == 0:  # who may not have its sandbox
        command.append("--no-sandbox")
    quiet = asyncio.subprocess.DEVNULL
    browser = await asyncio.create_subprocess_exec(
        *command, "about:blank", stdout=quiet, stderr=quiet
    )
    try:
        told = profile / "DevToolsActivePort"
        await until(lambda: told.exists() and "\n" in told.read_text(), 60.0)
        port = told.read_text().splitlines()[0]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            tabs = (await http.get("/json/list")).json()
        [url] = [tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"]
        async with connect(url, max_size=None) as socket:
            yield Page(socket)
    finally:
        browser.terminate()
        await browser.wait()
