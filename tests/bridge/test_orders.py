"""An order gets its hub's word, or an end: silence, a lost broker and strangers included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from flashyard.contract.faults import Code, FaultError
from flashyard.contract.orders import CancelOrder, JobOrder, StartOrder
from flashyard.contract.topics import Kind, build
from flashyard.link import Link
from flashyard_bridge import orders
from support.brokers import Broker, mosquitto
from support.scripted_hub import ScriptedHub, accept, stay_silent
from support.served import ServedBridge, served_bridge
from support.waiting import until

SHORTLY = 0.3  # s, where no answer is to come


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = mosquitto(tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


async def start(bridge: ServedBridge, device: str = "PIXEL6_001") -> httpx.Response:
    return await bridge.http.post("/api/flash/start", json={"deviceId": device, "imageSize": 1000})


async def test_a_hub_that_does_not_answer_is_told_to_cancel(broker: Broker, tmp_path: Path) -> None:
    async with (
        ScriptedHub(broker.url) as hub,
        served_bridge(broker.url, tmp_path / "images", deadline=SHORTLY) as bridge,
    ):
        hub.plug("PIXEL6_001")
        hub.answer = stay_silent
        await until(lambda: bridge.state.fleet.find("PIXEL6_001"))
        answer = await start(bridge)
        said = answer.json()
        assert (answer.status_code, said["code"]) == (504, "hub_no_answer")
        await until(lambda: len(hub.orders) == 2)
        asked, cancelled = hub.orders
        assert isinstance(asked, StartOrder)
        assert isinstance(cancelled, CancelOrder)
        assert asked.job_id == cancelled.job_id == said["jobId"]
        assert not cancelled.is_stale(bridge.state.now())
        assert bridge.state.fleet.jobs() == []


def cancels(hub: ScriptedHub) -> list[tuple[str, str, bool | None]]:
    """The cancels that a hub got: of which job, for which run, and are they withdrawals?"""
    got = [order for order in hub.orders if isinstance(order, CancelOrder)]
    return [(each.job_id, each.session, each.withdrawn) for each in got]


async def test_a_hub_that_is_killed_after_its_yes_is_told_to_cancel_in_each_run_until_it_answers(
    peer: Broker, tmp_path: Path
) -> None:
    async with (
        ScriptedHub(peer.url) as hub,
        served_bridge(peer.url, tmp_path / "images", deadline=SHORTLY) as bridge,
    ):
        hub.plug("PIXEL6_001")
        hub.answer = stay_silent
        await until(lambda: bridge.state.fleet.find("PIXEL6_001"))
        job_id = (await start(bridge)).json()["jobId"]
        await until(lambda: len(cancels(hub)) == 1)
        hub.session = "s2"
        hub.say_presence()
        hub.say_presence()
        await until(lambda: len(cancels(hub)) == 2)
        hub.answer = accept
        hub.session = "s3"  # it was killed again, before it could answer
        hub.say_presence()
        await until(lambda: len(cancels(hub)) == 3)
        hub.session = "s4"
        hub.say_presence()
        hub.plug("PIXEL6_001")
        await until(lambda: bridge.state.fleet.find("PIXEL6_001")[0].session == "s4")
        bridge.state.orders._deadline = 30.0
        assert (await start(bridge)).status_code == 200, "and all before it had come by then"
        assert cancels(hub) == [(job_id, session, True) for session in ("s1", "s2", "s3")]


async def test_a_hub_that_is_back_before_the_wait_for_its_yes_is_over_is_told_to_cancel(
    peer: Broker, tmp_path: Path
) -> None:
    async with (
        ScriptedHub(peer.url) as hub,
        served_bridge(peer.url, tmp_path / "images", deadline=1.0) as bridge,
    ):
        hub.plug("PIXEL6_001")
        hub.answer = stay_silent
        await until(lambda: bridge.state.fleet.find("PIXEL6_001"))
        starting = asyncio.create_task(start(bridge))
        await until(lambda: hub.starts)
        hub.session = "s2"
        hub.say_presence()
        job_id = (await starting).json()["jobId"]
        await until(lambda: (job_id, "s2", True) in cancels(hub))


async def test_a_job_that_was_found_again_under_its_key_is_not_cancelled_later(
    peer: Broker, tmp_path: Path
) -> None:
    async with (
        ScriptedHub(peer.url) as hub,
        served_bridge(peer.url, tmp_path / "images", deadline=SHORTLY) as bridge,
    ):
        hub.plug("PIXEL6_001")
        hub.answer = stay_silent
        await until(lambda: bridge.state.fleet.find("PIXEL6_001"))
        lost, found = [(await start(bridge)).json()["jobId"] for _ in range(2)]
        await until(lambda: len(hub.orders) == 4)
        bridge.state.orders._deadline = 30.0
        hub.answer = lambda order: accept(order).with_(job_id=found)
        assert (await start(bridge)).json()["jobId"] == found
        hub.session = "s2"
        hub.say_presence()
        await until(lambda: len(hub.orders) == 6)
        again = hub.orders[5]
        assert isinstance(again, CancelOrder)
        assert again.job_id == lost
        hub.say_presence()
        await asyncio.sleep(SHORTLY)
        assert len(hub.orders) == 6


async def test_a_cancel_without_an_answer_says_so(peer: Broker, tmp_path: Path) -> None:
    async with (
        ScriptedHub(peer.url) as hub,
        served_bridge(peer.url, tmp_path / "images") as bridge,
    ):
        hub.plug("PIXEL6_001")
        await until(lambda: bridge.state.fleet.find("PIXEL6_001"))
        job_id = (await start(bridge)).json()["jobId"]
        hub.answer = stay_silent
        bridge.state.orders._deadline = SHORTLY
        answer = await bridge.http.post(f"/api/flash/job/{job_id}/cancel")
        said = answer.json()
        assert (answer.status_code, said["code"], said["jobId"]) == (504, "hub_no_answer", job_id)
        await until(lambda: len(hub.orders) == 2)


async def test_a_receipt_that_comes_too_late_or_twice_changes_nothing(
    peer: Broker, tmp_path: Path
) -> None:
    async with (
        ScriptedHub(peer.url) as hub,
        served_bridge(peer.url, tmp_path / "images") as bridge,
    ):
        hub.plug("PIXEL6_001")
        hub.answer = stay_silent
        bridge.state.orders._deadline = SHORTLY
        await until(lambda: bridge.state.fleet.find("PIXEL6_001"))
        assert (await start(bridge)).status_code == 504
        await until(lambda: len(hub.orders) == 2)
        bridge.state.orders.answered("bench-a", accept(hub.orders[0]))
        hub.answer = accept
        bridge.state.orders._deadline = 30.0
        said = (await start(bridge)).json()
        bridge.state.orders.answered("bench-a", accept(hub.orders[-1]))
        assert [job.job_id for job in bridge.state.fleet.jobs()] == [said["jobId"]]


async def test_another_hub_cannot_answer_for_the_one_that_was_asked(
    peer: Broker, tmp_path: Path
) -> None:
    async with (
        ScriptedHub(peer.url) as hub,
        served_bridge(peer.url, tmp_path / "images", deadline=SHORTLY) as bridge,
        Link(peer.url, "stranger", on_message=lambda *_: None) as stranger,
    ):
        await stranger.wait_until_up(10.0)
        hub.plug("PIXEL6_001")
        await until(lambda: bridge.state.fleet.find("PIXEL6_001"))

        def usurp(order: object) -> None:
            assert isinstance(order, StartOrder | CancelOrder)
            topic = build(Kind.RECEIPT, "bench-x")
            stranger.publish(topic, accept(order).encode(), qos=1)

        hub.answer = usurp
        assert (await start(bridge)).status_code == 504


async def test_a_broker_lost_while_waiting_ends_the_wait(broker: Broker, tmp_path: Path) -> None:
    async with (
        ScriptedHub(broker.url) as hub,
        served_bridge(broker.url, tmp_path / "images") as bridge,
    ):
        hub.plug("PIXEL6_001")
        hub.answer = stay_silent
        await until(lambda: bridge.state.fleet.find("PIXEL6_001"))
        starting = asyncio.create_task(start(bridge))
        await until(lambda: hub.orders)
        await broker.stop()
        answer = await starting
        said = answer.json()
        assert (answer.status_code, said["code"]) == (503, "broker_unreachable")
        [order] = hub.orders
        assert isinstance(order, JobOrder)
        assert said["jobId"] == order.job_id
        await until(lambda: not bridge.state.link.is_up)
        refused = await start(bridge)
        assert (refused.status_code, refused.json()["code"]) == (503, "broker_unreachable")
        assert (await bridge.http.get("/api/flash/jobs")).status_code == 200
        await broker.start()
        hub.answer = accept
        await until(lambda: bridge.state.link.is_up and hub.is_up)
        assert (await start(bridge)).status_code == 200
        # What had no answer may have begun: it is cancelled, so that a second try is no second job.
        await until(
            lambda: any(
                isinstance(order, CancelOrder) and order.job_id == said["jobId"]
                for order in hub.orders
            )
        )


async def test_without_a_broker_there_is_no_picture_to_read(
    peer: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flashyard_bridge.state.PICTURE_DEADLINE", 0.2)
    await peer.stop()
    async with served_bridge(peer.url, tmp_path / "images") as bridge:
        for path in ("/api/flash/jobs", "/api/devices", "/api/hubs"):
            answer = await bridge.http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "broker_unreachable")
        refused = await start(bridge)
        assert (refused.status_code, refused.json()["code"]) == (503, "broker_unreachable")
        assert (await bridge.http.get("/api/images")).status_code == 200


async def test_only_so_many_orders_wait_at_once(
    peer: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "MAX_OUTSTANDING", 1)
    async with (
        ScriptedHub(peer.url) as hub,
        served_bridge(peer.url, tmp_path / "images") as bridge,
    ):
        hub.plug("PIXEL6_001")
        hub.answer = stay_silent
        await until(lambda: bridge.state.fleet.find("PIXEL6_001"))
        starting = asyncio.create_task(start(bridge))
        await until(lambda: hub.orders)
        refused = await start(bridge)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        bridge.state.orders.answered("bench-a", accept(hub.orders[0]))
        assert (await starting).status_code == 200
        hub.answer = accept
        assert (await start(bridge)).status_code == 200


async def test_a_cancelled_wait_is_forgotten(peer: Broker, tmp_path: Path) -> None:
    async with (
        ScriptedHub(peer.url) as hub,
        served_bridge(peer.url, tmp_path / "images") as bridge,
    ):
        hub.answer = stay_silent
        await until(lambda: bridge.state.link.is_up)
        order = orders.cancel_order("job_1700000000_aaaaaaaa", "s1", bridge.state.now())
        waiting = asyncio.create_task(bridge.state.orders.ask("bench-a", order))
        await until(lambda: hub.orders)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        bridge.state.orders.link_down()
        bridge.state.orders.answered("bench-a", accept(order))


async def test_a_refused_order_carries_the_hubs_code(peer: Broker, tmp_path: Path) -> None:
    async with (
        ScriptedHub(peer.url) as hub,
        served_bridge(peer.url, tmp_path / "images") as bridge,
    ):
        await until(lambda: bridge.state.link.is_up)
        hub.answer = lambda order: accept(order).with_(accepted=False)
        order = orders.cancel_order("job_1700000000_aaaaaaaa", "s1", bridge.state.now())
        with pytest.raises(FaultError) as refused:
            await bridge.state.orders.ask("bench-a", order)
        assert refused.value.fault.code is Code.ILLEGAL_STATE


def test_job_ids_are_the_contracts() -> None:
    ids = {orders.mint_job_id(1_703_001_234_567) for _ in range(1000)}
    assert len(ids) == 1000
    assert all(each.startswith("job_1703001234_") and len(each) == 23 for each in ids)
