"""Factory images and several partitions, on the way from the terminal to a hub."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from support.block_maps import block_map
from support.factory_images import FASTBOOT_INFO, images, noise, vendors, written, zipped
from support.processes import Finished, flashyard
from support.rig import Rig
from support.scripted_hub import queue
from support.terminal import on_terminal

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE = {
    **images(),
    "fastboot-info.txt": FASTBOOT_INFO,
    "super_empty.img": noise(4096, "super"),
    "system_other.img": noise(4096, "other"),
}


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    path = tmp_path / "phone.zip"
    path.write_bytes(zipped(PHONE))
    return path


async def ask(rig: Rig, *arguments: str | Path) -> Finished:
    return await flashyard(*arguments, env={"FLASHYARD_URL": str(rig.http.base_url)})


def sha256(name: str) -> str:
    return hashlib.sha256(PHONE[name]).hexdigest()


async def test_a_factory_image_is_one_order_for_each_device_and_sent_once(
    rig: Rig, phone: Path
) -> None:
    rig.hub.answer = queue
    slotted = {"slots": ("a", "b"), "current_slot": "a", "product": "flashyard"}
    devices = [await rig.plug(f"SLOTTED_{each}", **slotted) for each in (1, 2)]
    wish = ("--wipe", "--verify", "booted", "--allow-dangerous", "--detach")
    finished = await ask(rig, "flash", "SLOTTED_*", phone, *wish)
    assert finished.status == 0, finished.err
    assert finished.err.count("Sending ") == 5
    first, second = sorted(rig.hub.starts, key=lambda order: order.device_id)
    assert [first.device_id, second.device_id] == devices
    assert [(step.partition, step.image.sha256) for step in first.steps] == [
        ("boot", sha256("boot.img")),
        ("vbmeta", sha256("vbmeta.img")),
        ("super", sha256("super_empty.img")),
        ("system", sha256("system.img")),
        ("system", sha256("system_other.img")),
    ]
    assert [step.slot for step in first.steps] == [None, None, None, None, "other"]
    assert (first.steps[2].method, first.steps[2].before) == ("update-super", "reboot-fastboot")
    assert [asked.values for asked in first.requirements] == [("emulated", "flashyard")]
    assert first.options.wipe
    assert first.options.allow_dangerous
    assert first.options.verify == "booted"
    assert [step.image for step in second.steps] == [step.image for step in first.steps]


async def test_the_plan_tells_order_sizes_requirements_and_what_is_left_out(
    rig: Rig, tmp_path: Path
) -> None:
    path = tmp_path / "vendor.zip"
    path.write_bytes(vendors(PHONE))
    device = await rig.plug(product="flashyard", device_name="A phone")
    finished = await ask(rig, "flash", device, path, "--wipe", "--dry-run")
    assert finished.status == 0, finished.err
    assert finished.out.splitlines() == [
        "image      vendor.zip, as fastboot-info.txt says",
        "requires   product is emulated or flashyard",
        "step 1     write boot                 8.79 KiB  boot.img, stored already",
        "step 2     write vbmeta               4.00 KiB  vbmeta.img, stored already",
        "           restart into fastbootd",
        "step 3     lay out super              4.00 KiB  super_empty.img, stored already",
        "step 4     write system               12.1 KiB  system.img, stored already",
        "step 5     write system (other slot)  4.00 KiB  system_other.img, stored already",
        "then       erase the user's data",
        "then       restart",
        "note       bootloader-phone-1.2.img is not written: that needs --allow-dangerous.",
        "note       dtbo.img is not written: the bundle does not ask for it.",
        "note       flash-all.bat is not run.",
        "note       flash-all.sh is not run.",
        "note       radio-phone-g5300.img is not written: that needs --allow-dangerous.",
        "note       vendor.img is not written: the bundle does not ask for it.",
        f"device     {device} (A phone) on hub bench-a: emulated, online",
        "           it has no slots: without system_other.img",
    ]
    assert rig.hub.orders == []


async def test_the_plan_tells_how_it_is_verified(rig: Rig, tmp_path: Path) -> None:
    image = tmp_path / "boot.img"
    image.write_bytes(b"boot" * 1024)
    device, second = await rig.plug(), f"vbmeta={image}"
    one = await ask(rig, "flash", device, "boot", image, "--verify", "booted", "--dry-run")
    assert "partition  boot: write, restart, and see it come back" in one.out
    one = await ask(rig, "flash", device, "boot", image, "--verify", "readback", "--dry-run")
    assert "partition  boot: write, read back, restart" in one.out
    two = await ask(
        rig, "flash", device, f"boot={image}", second, "--verify", "readback", "--dry-run"
    )
    assert "step 2     write and read back vbmeta" in two.out


async def test_several_partitions_are_one_job(rig: Rig, tmp_path: Path) -> None:
    rig.hub.answer = queue
    device = await rig.plug()
    folder = written(tmp_path / "out", PHONE)
    pairs = [f"{name}={folder / name}.img" for name in ("vbmeta", "boot")]
    finished = await ask(rig, "flash", device, *pairs, "--detach", "--slot", "active")
    assert finished.status == 0, finished.err
    (order,) = rig.hub.starts
    assert order.partitions == ("vbmeta", "boot")
    assert finished.out.split() == [order.job_id]


async def test_of_several_images_each_is_written_as_the_map_beside_it_says(
    rig: Rig, tmp_path: Path
) -> None:
    device = await rig.plug()
    folder = written(tmp_path / "out", PHONE)
    (folder / "boot.img.bmap").write_bytes(block_map(PHONE["boot.img"], [(1, 1)]))
    pairs = [f"{name}={folder / name}.img" for name in ("vbmeta", "boot")]
    finished = await ask(rig, "flash", device, *pairs, "--dry-run")
    assert finished.status == 0, finished.err
    assert finished.out.splitlines()[1:3] == [
        "step 2     write boot    4.06 KiB  boot.img, to be sent",
        f"           by {folder / 'boot.img.bmap'}: 4.00 KiB of 9.00 KiB are written",
    ]
    named = await ask(rig, "flash", device, *pairs, "--bmap", folder / "boot.img.bmap")
    assert named.status == 2
    assert "of a single image" in named.err


async def test_an_image_for_another_product_is_not_even_sent(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "phone.zip"
    path.write_bytes(zipped({**PHONE, "boot.img": noise(9000, "another")}))
    device = await rig.plug(product="oriole")
    finished = await ask(rig, "flash", device, path)
    assert finished.status == 1
    assert f"is for emulated or flashyard; {device} is oriole." in finished.err
    assert "Sending" not in finished.err
    assert rig.hub.orders == []


async def test_a_person_sees_the_plan_before_real_devices_are_flashed(
    rig: Rig, phone: Path
) -> None:
    device = await rig.plug(emulated=False)
    url = ("--url", str(rig.http.base_url))
    async with on_terminal("flash", device, phone, "--wipe", *url) as terminal:
        await terminal.shows(f"of 1 real device ({device}), and erase the user's data? [y/N]")
        assert "step 3     lay out super" in terminal.text
        assert "then       erase the user's data" in terminal.text
        terminal.type("n\r")
        assert await terminal.ended() == 3
    assert rig.hub.orders == []
