"""A bridge's records as a file on stdout, as they come."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Literal

from flashyard.client.bridge import Bridge


async def print_file(
    bridge: Bridge,
    of: Literal["history", "audit"],
    wanted: Mapping[str, str],
    form: Literal["csv", "jsonl"],
    limit: int | None,
) -> None:
    """Print all of some, or the newest; what breaks off is a failure.

    Raises:
        FaultError: the bridge refuses.
        UnreachableError: no bridge, or none any more.
    """
    said = {**wanted, "format": form}
    if limit is not None:
        said["limit"] = str(limit)
    async with bridge.export(said, of) as chunks:
        async for chunk in chunks:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
