"""A compressed file can be meant as it is: whoever flashed it so must never get the other."""

from __future__ import annotations

import pytest

from support.packings import gzipped
from support.rig import Rig
from support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONTENT = gzipped(b"a ramdisk" * 100)


async def put(rig: Rig, *, unpack: bool) -> str:
    answer = await rig.http.post(
        "/api/images",
        params={"name": "ramdisk.img", "unpack": str(unpack).lower()},
        content=CONTENT,
        headers={"Content-Type": "application/octet-stream"},
    )
    return str(answer.json()["image"]["sha256"])


@pytest.mark.parametrize("unpack", [True, False])
async def test_the_order_says_how_it_is_meant(rig: Rig, unpack: bool) -> None:  # noqa: FBT001 - a parameter
    device = await rig.plug()
    await rig.start(deviceId=device, partition="boot", image=await put(rig, unpack=unpack))
    order = rig.hub.starts[-1]
    assert order.image is not None
    assert (order.image.unpacked is not None) is unpack
    assert order.total_bytes == (900 if unpack else len(CONTENT))


async def test_a_retry_never_flashes_the_other_bytes(rig: Rig) -> None:
    device = await rig.plug()
    image = await put(rig, unpack=False)
    job_id = (await rig.start(deviceId=device, partition="boot", image=image))["jobId"]
    rig.hub.end(device, rig.job(job_id))
    await until(lambda: rig.job(job_id).is_final)
    await put(rig, unpack=True)
    answer = await rig.http.post(f"/api/flash/job/{job_id}/retry")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_state")
    assert answer.json()["hint"]
    await put(rig, unpack=False)
    assert (await rig.http.post(f"/api/flash/job/{job_id}/retry")).status_code == 200
