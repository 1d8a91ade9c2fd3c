"""What a client says of itself with each request: which program it is, and whom it works for."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import flashyard
from flashyard.contract.requester import USER_HEADER

AGENT = f"flashyard/{flashyard.__version__}"


def introduction(user: str | None) -> Mapping[str, str]:
    """Make the headers; ``user``: whom it works for, None where that is nobody's business."""
    said = {"user-agent": AGENT}
    return said if user is None else {**said, USER_HEADER: quote(user, safe="@._-")}
