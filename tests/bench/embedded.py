"""The embedded broker in a process of its own: `python -m bench.embedded PORT [CREDENTIALS]`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from flashyard.endpoint import Endpoint
from flashyard_broker.server import EmbeddedBroker


async def serve(port: int, credentials: Path | None) -> None:
    """Serve until the process is killed."""
    async with EmbeddedBroker([Endpoint("127.0.0.1", port)], credentials=credentials):
        await asyncio.Event().wait()


def main(port: str, credentials: str | None = None) -> None:
    """Run it."""
    asyncio.run(serve(int(port), None if credentials is None else Path(credentials)))


if __name__ == "__main__":
    main(*sys.argv[1:])
