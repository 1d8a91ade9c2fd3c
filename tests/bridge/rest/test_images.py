"""Images over HTTP: up in raw bytes, down again in any range, and never half of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from urllib.parse import urlsplit

import httpx
import pytest

from flashyard_bridge.images import upload
from support.packings import gzipped, xzed, zipped_files, zstded
from support.rig import Rig
from support.scripted_hub import accept
from support.sparse_images import FILL, Piece, build
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

BINARY = {"Content-Type": "application/octet-stream"}
CONTENT = bytes(range(256)) * 300


async def post(rig: Rig, content: bytes, name: str | None = None) -> httpx.Response:
    query = {} if name is None else {"name": name}
    return await rig.http.post("/api/images", params=query, content=content, headers=BINARY)


def drafts(rig: Rig) -> list[str]:
    return [path.name for path in rig.bridge.state.images.folder.glob("*.part")]


async def test_a_raw_image_is_stored_under_its_digest(rig: Rig) -> None:
    content = b"raw" * 1000
    answer = await post(rig, content, "boot.img")
    image = answer.json()["image"]
    assert answer.status_code == 201
    assert isinstance(image.pop("createdAt"), int)
    assert image == {
        "sha256": sha256(content).hexdigest(),
        "size": 3000,
        "name": "boot.img",
        "kind": "raw",
        "expandedSize": 3000,
        "contentSize": 3000,
    }


async def test_the_same_image_again_is_the_one_that_is_there(rig: Rig) -> None:
    first = await post(rig, b"the same", "first.img")
    again = await post(rig, b"the same", "second.img")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()


async def test_an_image_of_many_megabytes_comes_back_as_it_was(rig: Rig) -> None:
    piece = CONTENT * 13
    whole = sha256()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(9):
            whole.update(piece)
            yield piece

    answer = await rig.http.post("/api/images", content=pieces(), headers=BINARY)
    image = answer.json()["image"]
    assert (image["sha256"], image["size"]) == (whole.hexdigest(), 9 * len(piece))
    back = await rig.http.get(f"/api/images/{image['sha256']}")
    assert sha256(back.content).hexdigest() == whole.hexdigest()
    assert drafts(rig) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("system.img", "system.img"),
        ("../../etc/passwd", "passwd"),
        ("C:\\images\\boot.img", "boot.img"),
        ("ein Bild, schön.img", "ein Bild, schön.img"),
    ],
)
async def test_a_name_is_for_people_and_never_a_path(rig: Rig, given: str, kept: str) -> None:
    answer = await post(rig, f"content of {given}".encode(), given)
    assert answer.json()["image"]["name"] == kept


async def test_an_image_without_a_name_is_called_by_its_digest(rig: Rig) -> None:
    image = (await post(rig, b"nameless")).json()["image"]
    assert image["name"] == f"{image['sha256'][:12]}.img"


@pytest.mark.parametrize("name", ["", "/", "..\\", "x" * 201, "a\nb", "\x00"])
async def test_a_name_that_is_none_is_refused(rig: Rig, name: str) -> None:
    answer = await post(rig, b"bytes", name)
    assert (answer.status_code, answer.json()["field"]) == (422, "name")
    assert drafts(rig) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"\x3a\xff\x26\xed", b"\x3a\xff\x26\xed" + bytes(100)],
    ids=["empty", "only a magic", "no sparse header"],
)
async def test_what_is_no_image_is_refused_and_leaves_nothing(rig: Rig, content: bytes) -> None:
    before = (await rig.http.get("/api/images")).json()
    answer = await post(rig, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "image_corrupt")
    assert (await rig.http.get("/api/images")).json() == before
    assert drafts(rig) == []


async def test_a_compressed_image_is_told_by_what_is_inside(rig: Rig) -> None:
    content = zstded(bytes(9000) + b"x")
    image = (await post(rig, content, "system.img.zst")).json()["image"]
    assert (image["kind"], image["size"]) == ("raw", len(content))
    assert (image["expandedSize"], image["contentSize"]) == (9001, 9001)
    assert image["unpacked"] == {"compression": "zstd", "size": 9001, "data": 809}
    assert (await rig.http.get(f"/api/images/{image['sha256']}")).content == content
    listed = (await rig.http.get("/api/images")).json()["images"]
    assert image in listed
    query = {"unpack": "false"}
    answer = await rig.http.post("/api/images", params=query, content=content, headers=BINARY)
    assert answer.status_code == 200
    assert "unpacked" not in answer.json()["image"]
    assert answer.json()["image"]["contentSize"] == len(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (zstded(b"content")[:-1], "image_corrupt"),
        (gzipped(b""), "image_corrupt"),
        (gzipped(b"\x3a\xff\x26\xed"), "image_corrupt"),
        (xzed(gzipped(b"content")), "not_supported"),
        (zipped_files({"a": b"a", "b": b"b"}), "invalid_request"),
        (gzipped(build(1 << 20, [Piece(FILL, 1 << 25, b"bomb")])), "image_too_large"),
    ],
    ids=["cut", "empty", "no sparse image", "twice", "ambiguous", "bomb"],
)
async def test_a_compressed_file_that_is_no_image_is_refused_with_a_hint(
    rig: Rig, content: bytes, code: str
) -> None:
    answer = await post(rig, content)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["hint"]
    assert drafts(rig) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": ""},
        {**BINARY, "Content-Encoding": "gzip"},
    ],
)
async def test_only_raw_bytes_are_taken(rig: Rig, headers: dict[str, str]) -> None:
    answer = await rig.http.post("/api/images", content=b"bytes", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_disk_that_would_be_too_full_is_refused_before_a_byte_is_read(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "RESERVE", 1 << 62)
    answer = await post(rig, b"one byte too many")
    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert drafts(rig) == []


async def test_a_cut_upload_leaves_nothing_behind(rig: Rig) -> None:
    url = urlsplit(str(rig.http.base_url))
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(
        b"POST /api/images HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4000000\r\n"
        b"Content-Type: application/octet-stream\r\n\r\n" + bytes(2_000_000)
    )
    await writer.drain()
    await until(lambda: drafts(rig))
    writer.close()
    await writer.wait_closed()
    await until(lambda: not drafts(rig))
    assert not await reader.read()


async def test_the_list_is_oldest_first(rig: Rig) -> None:
    await post(rig, b"older")
    await post(rig, b"newer")
    images = (await rig.http.get("/api/images")).json()["images"]
    digests = [image["sha256"] for image in images]
    older, newer = sha256(b"older").hexdigest(), sha256(b"newer").hexdigest()
    assert digests.index(older) < digests.index(newer)
    assert [image["createdAt"] for image in images] == sorted(i["createdAt"] for i in images)


async def test_a_download_says_what_it_is(rig: Rig) -> None:
    name = await rig.upload(CONTENT)
    for method in ("GET", "HEAD"):
        answer = await rig.http.request(method, f"/api/images/{name}")
        assert answer.status_code == 200
        assert answer.headers["etag"] == f'"{name}"'
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["content-length"] == str(len(CONTENT))
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.content == (CONTENT if method == "GET" else b"")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=76799-", 76799, 76799),
        ("bytes=1000-", 1000, 76799),
        ("bytes=-10", 76790, 76799),
        ("bytes=76000-999999", 76000, 76799),
        ("bytes=-999999", 0, 76799),
    ],
)
async def test_a_download_goes_on_where_it_was_cut(
    rig: Rig, asked: str, first: int, last: int
) -> None:
    name = await rig.upload(CONTENT)
    headers = {"Range": asked, "If-Range": f'"{name}"'}
    answer = await rig.http.get(f"/api/images/{name}", headers=headers)
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert answer.content == CONTENT[first : last + 1]


async def test_another_if_range_gets_all_of_it(rig: Rig) -> None:
    name = await rig.upload(CONTENT)
    headers = {"Range": "bytes=999999999-", "If-Range": '"another"'}
    answer = await rig.http.get(f"/api/images/{name}", headers=headers)
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=76800-", 416),
        ("bytes=99999999-", 416),
        ("bytes=-0", 416),
        ("bytes=5-4", 422),
        ("bytes=", 422),
        ("bytes=a-b", 422),
        ("lines=0-5", 422),
        ("bytes=0-1,5-6", 422),
        ("bytes=" + "9" * 30 + "-", 422),
        ("0-5", 422),
    ],
)
async def test_a_range_that_cannot_be_served_is_refused_in_our_shape(
    rig: Rig, asked: str, status: int
) -> None:
    name = await rig.upload(CONTENT)
    answer = await rig.http.get(f"/api/images/{name}", headers={"Range": asked})
    said = answer.json()
    assert (answer.status_code, said["code"], said["field"]) == (status, "invalid_request", "Range")
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize(
    "name", ["0" * 64, "A" * 64, "key", "..%2fkey", "x", "%2e%2e", "0" * 63 + "%0a"]
)
async def test_what_is_not_in_the_store_is_not_found(rig: Rig, name: str) -> None:
    for method in ("GET", "DELETE"):
        answer = await rig.http.request(method, f"/api/images/{name}")
        assert answer.status_code == 404
        assert answer.json()["code"] in {"unknown_image", "not_found"}
    assert (rig.bridge.state.images.folder / "key").exists()


async def test_a_deleted_image_is_gone(rig: Rig) -> None:
    name = await rig.upload(b"to be deleted")
    answer = await rig.http.delete(f"/api/images/{name}")
    assert (answer.status_code, answer.json()) == (200, {"success": True, "sha256": name})
    assert (await rig.http.get(f"/api/images/{name}")).status_code == 404
    assert not list(rig.bridge.state.images.folder.glob(f"{name}*"))
    assert (await post(rig, b"to be deleted")).status_code == 201


async def test_an_image_a_job_needs_is_kept(rig: Rig) -> None:
    device = await rig.plug()
    name = await rig.upload(b"needed")
    said = await rig.start(deviceId=device, partition="boot", image=name)
    answer = await rig.http.delete(f"/api/images/{name}")
    assert (answer.status_code, answer.json()["code"]) == (409, "image_in_use")
    rig.hub.end(device, rig.job(said["jobId"]))
    await until(lambda: rig.job(said["jobId"]).is_final)
    assert (await rig.http.delete(f"/api/images/{name}")).status_code == 200


async def test_an_image_of_an_order_that_is_under_way_is_kept(rig: Rig) -> None:
    device = await rig.plug()
    name = await rig.upload(b"on its way")
    rig.hub.answer = lambda _order: None
    wish = {"deviceId": device, "partition": "boot", "image": name}
    starting = asyncio.create_task(rig.http.post("/api/flash/start", json=wish))
    await until(lambda: rig.hub.orders)
    answer = await rig.http.delete(f"/api/images/{name}")
    assert (answer.status_code, answer.json()["code"]) == (409, "image_in_use")
    rig.bridge.state.orders.answered(rig.hub.hub_id, accept(rig.hub.orders[0]))
    assert (await starting).status_code == 200
