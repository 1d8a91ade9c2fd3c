"""Where a page of jobs ends: a time and a job's id, as one word that means nothing to a client."""

from __future__ import annotations

import base64
import binascii

from flashyard.contract.faults import Code
from flashyard_bridge.errors import reject

Place = tuple[int, str]  # Unix ms, and the job's id where several have the same


def encode(place: Place) -> str:
    """Make the cursor for what follows a place."""
    return base64.urlsafe_b64encode("{}.{}".format(*place).encode()).decode()


def decode(cursor: str) -> Place:
    """Take a cursor apart.

    Raises:
        RequestError: `invalid_request`.
    """
    try:
        at, _, job_id = base64.urlsafe_b64decode(cursor).decode().partition(".")
        return int(at), job_id
    except (binascii.Error, ValueError) as error:
        raise reject(Code.INVALID_REQUEST, "cursor", "is not one of ours.") from error
