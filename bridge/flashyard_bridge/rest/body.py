"""A request's body: of the right kind, of a bounded size, and an object of JSON."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic_core import from_json
from starlette.requests import ClientDisconnect

from flashyard.contract.faults import Code, fault, refuse
from flashyard_bridge.errors import RequestError, reject

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


async def read_keyed_object(
    request: Request,
    idempotency_key: Annotated[
        str | None, Header(description="the same as the field `idempotencyKey`")
    ] = None,
) -> dict[str, Any]:
    """Read a JSON object as `read_object` does, with the key of its ``Idempotency-Key`` in it.

    Raises:
        FaultError: it is no object, or two keys contradict each other.
    """
    body = await read_object(request)
    key = idempotency_key
    if key is not None and body.setdefault("idempotencyKey", key) != key:
        raise reject(Code.INVALID_REQUEST, "idempotencyKey", "differs from the header's key.")
    return body


KeyedObject = Annotated[dict[str, Any], Depends(read_keyed_object)]


def without_nulls(value: Any) -> Any:
    """Leave out what is null, at any depth: null is absent."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


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
