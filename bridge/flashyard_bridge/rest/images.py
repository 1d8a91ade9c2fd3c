"""The image store over HTTP: raw bytes in, raw bytes out, resumable."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.requests import ClientDisconnect

from flashyard.contract.faults import Code, fault, refuse
from flashyard.contract.model import Model
from flashyard.contract.records import StoredImage
from flashyard_bridge.errors import ANY_ERROR, RequestError, documented, reject
from flashyard_bridge.rest.body import media_type, require_json
from flashyard_bridge.state import AnyTimeBridge, Bridge
from flashyard_bridge.witness.action import audited

BINARY = "application/octet-stream"
_RANGE = re.compile(r"bytes=(?:(?P<first>\d{1,19})-(?P<last>\d{0,19})|-(?P<final>\d{1,19}))")
_BYTES: dict[str, Any] = {BINARY: {"schema": {"type": "string", "format": "binary"}}}

router = APIRouter(tags=["images"], responses=ANY_ERROR)


class OneImage(Model):
    """One image."""

    image: StoredImage


class ImageList(Model):
    """All images, the oldest first."""

    images: tuple[StoredImage, ...]


class ImageDeleted(Model):
    """An image that is no longer there."""

    success: Literal[True] = True
    sha256: str


class _ImageFile(FileResponse):
    chunk_size = 256 * 1024  # each is a hop to a thread


@router.post(
    "/api/images",
    operation_id="uploadImage",
    summary="Upload an image",
    status_code=201,
    responses={
        200: {"model": OneImage, "description": "It was there already."},
        **documented(
            Code.UNSUPPORTED_MEDIA_TYPE,
            Code.IMAGE_CORRUPT,
            Code.IMAGE_TOO_LARGE,
            Code.NOT_SUPPORTED,
            Code.INVALID_REQUEST,
            Code.RATE_LIMITED,
            Code.DISK_FULL,
        ),
    },
    response_model_exclude_none=True,
    openapi_extra={"requestBody": {"required": True, "content": _BYTES}},
)
@audited("upload_image", query=("name", "unpack"))
async def upload_image(
    request: Request,
    response: Response,
    bridge: AnyTimeBridge,
    name: Annotated[str | None, Query(max_length=200, description="for people")] = None,
    *,
    unpack: Annotated[
        bool, Query(description="false: a compressed file goes to devices as it is")
    ] = True,
) -> OneImage:
    """Store an image: raw or Android sparse, bare or compressed with gzip, xz, zstd or zip.

    A compressed one is kept as it is, and read through for what is inside. A cut upload leaves
    nothing.
    """
    if media_type(request) != BINARY:
        raise refuse(Code.UNSUPPORTED_MEDIA_TYPE, hint=f"Send `Content-Type: {BINARY}`.")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise refuse(
            Code.UNSUPPORTED_MEDIA_TYPE, "The body must not be encoded.", hint="Send it raw."
        )
    expected = int(request.headers.get("content-length", "0"))
    received = await bridge.images.receive(_body(request), _plain(name), expected, unpack=unpack)
    response.status_code = 201 if received.is_new else 200
    return OneImage(image=received.image)


@router.get(
    "/api/images",
    operation_id="listImages",
    summary="List images",
    response_model_exclude_none=True,
)
async def list_images(bridge: AnyTimeBridge) -> ImageList:
    """List the stored images."""
    return ImageList(images=tuple(await bridge.images.all()))


_DOWNLOAD: dict[str, Any] = {
    "response_class": _ImageFile,
    "responses": {
        200: {"content": _BYTES, "description": "All of it."},
        206: {"content": _BYTES, "description": "The range asked for."},
        **documented(Code.UNKNOWN_IMAGE, Code.INVALID_REQUEST),
    },
}


@router.get(
    "/api/images/{sha256}", operation_id="downloadImage", summary="Download an image", **_DOWNLOAD
)
@router.head(
    "/api/images/{sha256}", operation_id="probeImage", summary="Look for an image", **_DOWNLOAD
)
async def download_image(sha256: str, request: Request, bridge: AnyTimeBridge) -> Response:
    """Send an image's bytes; `Range` and `If-Range` resume a download (RFC 9110, section 14)."""
    image = await bridge.images.get(sha256)
    path = bridge.images.path(sha256)
    etag = f'"{sha256}"'
    if request.headers.get("if-range", etag) == etag:
        _check_range(request.headers.get("range"), image.size)
    # Its bytes never change: the name is their digest.
    headers = {"ETag": etag, "Cache-Control": "private, max-age=31536000, immutable"}
    return _ImageFile(path, media_type=BINARY, headers=headers)


@router.delete(
    "/api/images/{sha256}",
    operation_id="deleteImage",
    summary="Delete an image",
    responses=documented(Code.UNKNOWN_IMAGE, Code.IMAGE_IN_USE, Code.BROKER_UNREACHABLE),
    dependencies=[Depends(require_json)],
)
@audited("delete_image")
async def delete_image(sha256: str, bridge: Bridge) -> ImageDeleted:
    """Delete an image that no job, batch or standing order needs that is under way, or on."""
    await bridge.images.get(sha256)
    for job in bridge.fleet.jobs():
        if job.is_active and sha256 in await bridge.images.needed(job):
            raise refuse(Code.IMAGE_IN_USE, f"The job {job.job_id} still needs the image.")
    if bridge.orders.need(sha256):
        raise refuse(Code.IMAGE_IN_USE)
    if order := await bridge.standing.one_with(sha256):
        raise refuse(Code.IMAGE_IN_USE, f"The standing order {order.title} needs the image.")
    if batch := await bridge.batches.one_with(sha256):
        raise refuse(Code.IMAGE_IN_USE, f"The batch {batch.name or batch.id} needs the image.")
    await bridge.images.delete(sha256)
    return ImageDeleted(sha256=sha256)


async def _body(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise refuse(Code.INVALID_REQUEST, "The upload was cut off.") from error


def _plain(name: str | None) -> str | None:
    """Keep a path's last part; the name is shown, never opened."""
    if name is None:
        return None
    last = PurePosixPath(name.replace("\\", "/")).name
    if last in {"", ".."} or not last.isprintable():
        raise reject(Code.INVALID_REQUEST, "name", "is not a file's name.")
    return last


def _check_range(header: str | None, size: int) -> None:
    """Refuse in our own shape what the framework would refuse in plain text."""
    if header is None:
        return
    asked = _RANGE.fullmatch(header.strip())
    if asked is None:
        raise reject(Code.INVALID_REQUEST, "Range", "must be one range of bytes.")
    first, last, final = asked["first"], asked["last"], asked["final"]
    if first and last and int(last) < int(first):
        raise reject(Code.INVALID_REQUEST, "Range", "ends before it begins.")
    if (first and int(first) >= size) or (final and int(final) == 0):
        why = fault(Code.INVALID_REQUEST, f"`Range` begins after the image's {size} bytes.")
        headers = {"Content-Range": f"bytes */{size}"}
        raise RequestError(why, field="Range", status=416, headers=headers)
