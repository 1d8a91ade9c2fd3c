"""Commands that ask a bridge, as processes: what they print, say and exit with."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from flashyard.contract.faults import Code
from flashyard.contract.orders import CancelOrder
from flashyard.contract.records import ImageRef
from support.brokers import free_port
from support.learnt import DEVICE, teach
from support.processes import Finished, flashyard
from support.rig import Rig
from support.scripted_hub import queue, refuse_with
from support.waiting import until

SERVE, LOOK = ("up", "broker", "bridge", "hub", "emulate", "access"), ("ls", "watch", "doctor")
DO = ("flash", "standing", "cancel", "retry", "pause", "resume", "set", "release")
SIZE = 150_000

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ask(rig: Rig, *arguments: str | Path) -> Finished:
    return await flashyard(*arguments, env={"FLASHYARD_URL": str(rig.http.base_url)})


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "boot.img"
    path.write_bytes(random.Random(tmp_path.name).randbytes(SIZE))
    return path


async def test_devices_are_listed_for_eyes_and_for_programs(rig: Rig) -> None:
    device = await rig.plug(device_name="Google Pixel 6")
    table = await ask(rig, "ls")
    assert table.status == 0
    heads, *rows = table.out.splitlines()
    assert heads.split() == ["DEVICE", "NAME", "HUB", "STATE", "LINK", "JOBS"]
    (row,) = [row for row in rows if row.startswith(device)]
    assert row.split("  ")[0] == device
    assert "Google Pixel 6" in row
    lines = (await ask(rig, "ls", "devices", "--json")).out.splitlines()
    assert device in {json.loads(line)["deviceId"] for line in lines}


async def test_an_empty_list_teaches(rig: Rig) -> None:
    finished = await ask(rig, "ls", "images")
    assert finished.out == ""
    assert "flashyard flash" in finished.err
    assert (await ask(rig, "ls", "images", "--json")).out == ""


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ((), 1, Code.IMAGE_TOO_LARGE),
        (("--slot", "inactive"), 2, Code.INVALID_REQUEST),
        (("--slot", "a"), 2, Code.INVALID_REQUEST),
    ],
)
async def test_what_cannot_work_is_refused_as_over_rest_before_the_image_is_sent(
    rig: Rig, image: Path, options: tuple[str, ...], status: int, code: Code
) -> None:
    device = await rig.plug(partitions={"boot": SIZE - 1})
    finished = await ask(rig, "flash", device, "boot", image, *options)
    assert finished.status == status, finished.err
    assert "Sending" not in finished.err
    digest = await rig.upload(random.Random(image.parent.name).randbytes(SIZE))  # the same
    body = {"deviceId": device, "partition": "boot", "image": digest}
    body |= {
        name.removeprefix("--"): value
        for name, value in zip(options[::2], options[1::2], strict=True)
    }
    refused = (await rig.http.post("/api/flash/start", json=body)).json()
    assert refused["code"] == code
    assert refused["error"] in finished.err


async def test_a_flash_is_watched_to_its_end_in_plain_lines(rig: Rig, image: Path) -> None:
    device = await rig.plug()

    async def hub() -> None:
        await until(lambda: rig.hub.starts)
        await until(lambda: rig.bridge.state.fleet.job(rig.hub.starts[0].job_id))
        rig.hub.end(device, rig.job(rig.hub.starts[0].job_id))

    finished, _ = await asyncio.gather(ask(rig, "flash", device, "boot", image), hub())
    assert finished.status == 0, finished.err
    *lines, last = finished.out.splitlines()
    assert any("completed     OKAY [" in line for line in lines)
    assert all(line.startswith(device) for line in lines)
    assert last.startswith("Finished: 1 completed. Total time: ")
    assert "Sending boot.img" in finished.err
    (order,) = rig.hub.starts
    assert order.image is not None
    assert order.image.size == SIZE


async def test_json_is_what_the_bridge_says_and_then_each_job_as_it_ended(
    rig: Rig, image: Path
) -> None:
    device = await rig.plug()

    async def hub() -> None:
        await until(lambda: rig.hub.starts)
        await until(lambda: rig.bridge.state.fleet.job(rig.hub.starts[0].job_id))
        rig.hub.end(device, rig.job(rig.hub.starts[0].job_id), Code.DEVICE_LOCKED)

    finished, _ = await asyncio.gather(ask(rig, "flash", device, "boot", image, "--json"), hub())
    *messages, last = map(json.loads, finished.out.splitlines())
    assert finished.status == 4
    assert {message["jobId"] for message in messages} <= {rig.hub.starts[0].job_id}
    assert last["job"]["code"] == "device_locked"


async def test_detached_it_prints_the_job_ids_and_goes(rig: Rig, image: Path) -> None:
    devices = [await rig.plug("BENCH_1"), await rig.plug("BENCH_2")]
    rig.hub.answer = queue
    finished = await ask(rig, "flash", "BENCH_*", "boot", image, "--detach", "--no-reboot")
    assert finished.status == 0, finished.err
    assert sorted(finished.out.splitlines()) == sorted(order.job_id for order in rig.hub.starts)
    assert sorted(order.device_id for order in rig.hub.starts) == devices
    assert all(order.options.reboot is False for order in rig.hub.starts)


async def test_a_dry_run_tells_the_plan_and_touches_nothing(rig: Rig, image: Path) -> None:
    device = await rig.plug(emulated=False)
    finished = await ask(rig, "flash", device, "boot", image, "--dry-run", "--erase")
    assert finished.status == 0
    assert "it would be sent first" in finished.out
    assert "boot: erase, write, restart" in finished.out
    assert "real, online" in finished.out
    assert rig.hub.orders == []


async def test_a_dry_run_tells_what_is_usual_where_it_was_done_before(
    rig: Rig, image: Path
) -> None:
    content = await asyncio.to_thread(image.read_bytes)
    sha256 = await rig.upload(content)
    await teach(rig, image=ImageRef(sha256=sha256, name="boot.img", size=len(content)))
    device = await rig.plug(**DEVICE)
    finished = await ask(rig, "flash", device, "boot", image, "--dry-run")
    assert finished.out.splitlines()[-1].endswith("emulated, online, usually 0:10")
    assert rig.hub.orders == []


async def test_a_real_device_needs_yes_off_a_terminal(rig: Rig, image: Path) -> None:
    device = await rig.plug(emulated=False)
    refused = await ask(rig, "flash", device, "boot", image)
    assert refused.status == 2
    assert "--yes" in refused.err
    assert rig.hub.orders == []
    agreed = await ask(rig, "flash", device, "boot", image, "--yes", "--detach")
    assert agreed.status == 0, agreed.err
    assert len(rig.hub.starts) == 1


async def test_a_refusal_is_told_with_sentence_and_hint(rig: Rig, image: Path) -> None:
    device = await rig.plug()
    rig.hub.answer = refuse_with(Code.DEVICE_LOCKED)
    finished = await ask(rig, "flash", device, "boot", image)
    assert finished.status == 4
    said = finished.err.splitlines()
    assert "flashyard: The device's bootloader is locked." in said
    assert any(line.startswith("hint: ") for line in said)
    assert "Traceback" not in finished.err


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["flash", "NOBODY", "boot", "IMAGE"], 1, "NOBODY"),
        (["flash", "--all", "boot", "nowhere.img"], 2, "nowhere.img"),
        (["flash", "BENCH_1", "boot"], 2, "DEVICES PARTITION IMAGE"),
        (["flash", "BENCH_1", "../boot", "IMAGE"], 2, "partition"),
        (["flash", "BENCH_1", "boot", "IMAGE", "--slot", "inactive"], 2, "slot"),
        (["flash", "BENCH_1", "boot", "IMAGE", "--verify", "sha"], 2, "verify"),
        (["cancel", "job_1703001234_nobody"], 1, "not found"),
        (["watch", "job_1703001234_nobody"], 1, "not found"),
        (["ls", "unicorns"], 2, "unicorns"),
        (["history", "unicorns"], 2, "unicorns"),
    ],
)
async def test_what_cannot_be_is_one_sentence_and_an_exit_status(
    rig: Rig, image: Path, arguments: list[str], status: int, word: str
) -> None:
    await rig.plug("BENCH_1")
    finished = await ask(rig, *(image if each == "IMAGE" else each for each in arguments))
    assert finished.status == status, finished.err
    assert word in finished.err
    assert finished.err.startswith(("flashyard: ", "Sending "))
    assert finished.out == ""


async def test_jobs_are_cancelled_and_retried_by_id(rig: Rig) -> None:
    device = await rig.plug()
    job_id = (await rig.start(deviceId=device))["jobId"]
    cancelled = await ask(rig, "cancel", job_id)
    assert cancelled.out == f"{job_id}  running  cancel requested\n"
    assert isinstance(rig.hub.orders[-1], CancelOrder)
    early = await ask(rig, "retry", job_id)
    assert early.status == 1
    rig.hub.end(device, rig.job(job_id), Code.CANCELLED)
    await until(lambda: rig.job(job_id).is_final)
    again = json.loads((await ask(rig, "retry", job_id, "--json")).out)
    assert again["jobId"] != job_id
    assert rig.job(again["jobId"]).retry_of == job_id


async def test_of_several_jobs_each_gets_its_answer(rig: Rig) -> None:
    device = await rig.plug()
    job_id = (await rig.start(deviceId=device))["jobId"]
    finished = await ask(rig, "cancel", "job_1703001234_nobody", job_id)
    assert finished.status == 1
    assert finished.out == f"{job_id}  running  cancel requested\n"
    assert "job_1703001234_nobody:" in finished.err


async def test_a_flash_says_when_its_turn_comes(rig: Rig, image: Path) -> None:
    device = await rig.plug(online=False)
    rig.hub.answer = queue
    turn = ("--priority", "8", "--bandwidth-limit", "2MB", "--not-before", "+1h")
    wait = "--wait-for-device"
    plan = await ask(rig, "flash", device, "boot", image, *turn, wait, "--dry-run")
    assert ", as soon as the device is there, priority 8, at most 1.91 MiB/s" in plan.out
    finished = await ask(rig, "flash", device, "boot", image, *turn, wait, "--detach")
    assert finished.status == 0, finished.err
    [order] = rig.hub.starts
    assert (order.priority, order.bandwidth_limit, order.wait_for_device) == (8, 2_000_000, True)
    assert order.not_before is not None
    assert 3_500_000 < order.not_before - order.issued_at < 3_700_000


async def test_a_bridge_out_of_reach_is_exit_status_seven() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    for arguments in (["ls"], ["watch"], ["cancel", "job_1703001234_nobody"]):
        finished = await flashyard(*arguments, "--url", url)
        assert finished.status == 7
        assert finished.err.splitlines()[0] == (
            f"flashyard: The bridge at {url} cannot be reached: Connection refused."
        )
        assert "hint: " in finished.err


async def test_help_names_every_command_that_is_built_and_no_other() -> None:
    finished = await flashyard("--help", env={"COLUMNS": "100"})
    assert finished.status == 0
    words = finished.out.split()
    assert {*SERVE, *LOOK, *DO} <= set(words)
    assert (await flashyard("--version")).out.startswith("flashyard 0.")
