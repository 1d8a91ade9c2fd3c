"""A request's body: of the right kind, of a bounded size, and an object of JSON."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic_core import from_json
from starlette.requests import ClientDisconnect

from flashyard.contract.faults import Code, fault, refuse
from flashyard_bridge.errors import RequestError

MAX_JSON = 64 * 1024  # bytes; the largest body we know of has a few hundred


def media_type(request: Request) -> str:
    """Tell the body's media type in lower case, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def has_body(request: Request) -> bool:
    """Does the request carry a body (RFC 9112, section 6.3)?"""
    length = request.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in request.headers


def require_json(request: Request) -> None:
    """Refuse a body that is not JSON, also where nobody reads it.

    A page of another site can send a form unasked, but no JSON.

    Raises:
        FaultError: `unsupported_media_type`.
    """
    if has_body(request) and media_type(request) != "application/json":
        raise refuse(Code.UNSUPPORTED_MEDIA_TYPE)


async def read_object(request: Request) -> dict[str, Any]:
    """Read a JSON object as `read_members` does; members that are null are left out."""
    members = await read_members(request)
    return {name: member for name, member in members.items() if member is not None}


async def read_members(request: Request) -> dict[str, Any]:
    """Read a JSON object of at most 64 KiB.

    Raises:
        FaultError: `unsupported_media_type`, `payload_too_large`, or `invalid_request` for what is
            no JSON object.
    """
    require_json(request)
    raw = await _read(request)
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        why = fault(Code.INVALID_REQUEST, "The body is not JSON.", details=str(error))
        raise RequestError(why, field="body") from error
    if not isinstance(value, dict):
        why = fault(Code.INVALID_REQUEST, "The body must be a JSON object.")
        raise RequestError(why, field="body")
    return value


async def _read(request: Request) -> bytes:
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_JSON:
                raise refuse(Code.PAYLOAD_TOO_LARGE, f"The body is over {MAX_JSON} bytes.")
    except ClientDisconnect as error:
        raise refuse(Code.INVALID_REQUEST, "The body was cut off.") from error
    return bytes(raw)
