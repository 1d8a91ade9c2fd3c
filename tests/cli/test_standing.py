"""`flashyard standing`: in the words of `flashyard flash`, and off until it is meant."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from flashyard.cli.listing import show
from flashyard.cli.ls import What
from flashyard.cli.standing_work import (
    Terms,
    drop,
    make,
    print_all,
    print_one,
    switch_off,
    switch_on,
)
from flashyard.contract.faults import FaultError
from flashyard.settings import ClientSettings
from support.processes import Finished, flashyard
from support.rig import Rig
from support.terminal import on_terminal
from support.waiting import until
from support.wishes import a_wish

SIZE = 65_536

TERMS = Terms(name="several", where={"emulated": None}, stop_after=None, max_devices=None)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ask(rig: Rig, *arguments: str | Path) -> Finished:
    return await flashyard("standing", *arguments, env={"FLASHYARD_URL": str(rig.http.base_url)})


async def known(rig: Rig, name: str) -> dict[str, Any]:
    told = (await rig.http.get("/api/standing-orders")).json()["standingOrders"]
    [order] = [each for each in told if each.get("name") == name]
    found: dict[str, Any] = order
    return found


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "boot.img"
    path.write_bytes(random.Random(tmp_path.name).randbytes(SIZE))
    return path


async def test_an_order_is_made_listed_told_started_stopped_and_removed(
    rig: Rig, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = await rig.plug("LINE_1", emulated=False)
    plan = ("--port", "usb-*", "--verify", "none", "--no-reboot", "--max-devices", "50")
    added = await ask(rig, "add", "LINE_*", "boot", image, "--name", "line 1", *plan)
    assert added.status == 0, added.err
    order = await known(rig, "line 1")
    assert added.out == f"{order['id']}  off\n"
    assert f"flashyard standing start {order['id']}" in added.err
    assert order["where"] == {"deviceId": "LINE_*", "port": "usb-*"}
    sha256 = order["flash"].pop("image")
    assert order["flash"] == {"partition": "boot", "verify": "none", "reboot": False}
    assert (await rig.http.head(f"/api/images/{sha256}")).status_code == 200

    bridge = ClientSettings(url=str(rig.http.base_url))
    await print_all(bridge, json=False)
    [row] = [line for line in capsys.readouterr().out.splitlines() if "line 1" in line]
    assert row.split("  ")[0] == order["id"]
    assert "LINE_*, port usb-*" in row
    assert "0/50" in row

    with pytest.raises(FaultError, match="needs --yes"):
        await switch_on(bridge, "line 1", yes=False, json=False)
    assert not (await known(rig, "line 1"))["enabled"]
    assert await switch_on(bridge, "line 1", yes=True, json=True) == 0
    assert json.loads(capsys.readouterr().out)["enabled"] is True
    await rig.plug(device, emulated=False, port="usb-1.4")
    await until(lambda: rig.hub.starts)
    [start] = rig.hub.starts
    assert (start.device_id, start.options.verify, start.options.reboot) == (device, "none", False)

    await print_one(bridge, order["id"], json=False)
    told = capsys.readouterr().out
    facts = dict(line.split(maxsplit=1) for line in told.splitlines() if line)
    assert facts["state"] == "on"
    assert "bench-a  running" in facts["LINE_1"]
    await show(bridge, What.DEVICES, everything=False, json=False)
    assert "running, line 1" in capsys.readouterr().out

    await switch_off(bridge, "line 1", json=False)
    await drop(bridge, "line 1")
    assert capsys.readouterr().out == f"{order['id']}  off\n{order['id']}\n"
    with pytest.raises(FaultError, match="unknown_standing_order"):
        await print_one(bridge, "line 1", json=False)


async def test_several_partitions_stand_as_one_start(rig: Rig, image: Path) -> None:
    bridge = ClientSettings(url=str(rig.http.base_url))
    pairs = [f"boot={image}", f"vendor={image}"]
    wish = a_wish("NOBODY_*", *pairs, wipe=True, verify="booted")
    assert await make(bridge, wish, TERMS, start=False, yes=False, json=True) == 0
    order = await known(rig, "several")
    steps = order["flash"]["partitions"]
    assert [step["partition"] for step in steps] == ["boot", "vendor"]
    assert (order["flash"]["wipe"], order["flash"]["verify"]) == (True, "booted")
    await drop(bridge, "several")


@pytest.mark.parametrize(
    ("words", "more", "word"),
    [
        (["A,B", "boot", "IMAGE"], {}, "one name or glob"),
        (["*", "boot", "IMAGE"], {"verify": "twice"}, "`verify`"),
        (["*", "boot", "/nowhere/none.img"], {}, "cannot be read"),
        (["*", "boot", "IMAGE"], {}, "needs --yes"),
    ],
)
async def test_what_cannot_stand_is_refused(
    rig: Rig, image: Path, words: list[str], more: dict[str, Any], word: str
) -> None:
    wish = a_wish(*(str(image) if each == "IMAGE" else each for each in words), **more)
    bridge, start = ClientSettings(url=str(rig.http.base_url)), word == "needs --yes"
    with pytest.raises(FaultError, match=word):
        await make(bridge, wish, TERMS, start=start, yes=False, json=False)


async def test_on_a_terminal_real_devices_are_asked_about(rig: Rig, image: Path) -> None:
    where = ("add", "TERMINAL_*", "boot", image, "--name", "terminal", "--start")
    async with on_terminal("standing", *where, "--url", str(rig.http.base_url)) as terminal:
        await terminal.shows("now and whenever one is plugged in")
        terminal.type("y\r")
        assert await terminal.ended() == 0
    assert (await known(rig, "terminal"))["enabled"] is True
    await drop(ClientSettings(url=str(rig.http.base_url)), "terminal")
