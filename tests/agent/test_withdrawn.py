"""A start whose caller was told that it failed: it is taken back, and its key is free again."""

from __future__ import annotations

from pathlib import Path

from flashyard.agent.claims import Claims
from flashyard.agent.journal.journal import Journal
from flashyard.agent.journal.ledger import KeptClaim, Ledger
from flashyard.contract.faults import Code
from flashyard.contract.messages import FlashStarted
from flashyard.contract.orders import Receipt
from flashyard.contract.phases import Status
from flashyard.flash.fastboot.limits import Limits
from support.bridge_peer import BridgePeer
from support.emulated import MIB
from support.hub_at_work import Plug, hub_at_work
from support.waiting import until

SLOW = 2 * MIB  # bytes per second


async def ask(peer: BridgePeer, size: int = MIB) -> Receipt:
    return await peer.start("DEVICE_1", idempotency_key="once", total_bytes=size)


async def withdraw(peer: BridgePeer, job_id: str) -> Receipt:
    return await peer.cancel(job_id, withdrawn=True)


async def test_it_is_cancelled_and_asking_again_makes_another_job(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=SLOW)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        first = (await ask(peer, 64 * MIB)).job_id
        await until(lambda: peer.said(FlashStarted, first))
        assert (await withdraw(peer, first)).accepted
        second = (await ask(peer)).job_id
        assert second != first
        await peer.failed(first, Code.CANCELLED)
        assert not (await withdraw(peer, first)).accepted
        assert (await ask(peer)).job_id == second, "what was withdrawn has the key no more"
        await peer.completed(second)


async def test_one_that_has_ended_by_then_is_what_asking_again_finds(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": plug().address}):
        await peer.online("DEVICE_1")
        first = (await ask(peer)).job_id
        await peer.completed(first)
        assert (await withdraw(peer, first)).code is Code.ALREADY_FINAL
        again = await ask(peer)
        assert (again.job_id, again.status) == (first, Status.COMPLETED)


async def test_one_that_is_too_far_to_be_cancelled_is_what_asking_again_finds(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug("DEVICE_1", "tcp", "reboot=silence")
    hasty = {"flashing": Limits(reboot=2.0)}
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}, timing=hasty):
        await peer.online("DEVICE_1")
        first = (await ask(peer)).job_id
        await until(lambda: "reboot" in device.commands)
        assert (await withdraw(peer, first)).code is Code.ILLEGAL_STATE
        assert (await ask(peer)).job_id == first
        await peer.failed(first, Code.DEVICE_SILENT)


async def test_one_that_was_asked_for_again_is_withdrawn_once_nobody_wants_it(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    device = plug(link_speed=SLOW)
    async with hub_at_work(peer.link_url, tmp_path, {"DEVICE_1": device.address}):
        await peer.online("DEVICE_1")
        first = (await ask(peer, 64 * MIB)).job_id
        order = peer.start_order("DEVICE_1", idempotency_key="once", total_bytes=64 * MIB)
        assert (await peer.give(order)).job_id == first
        late = await withdraw(peer, first)
        assert (late.accepted, late.code) == (False, Code.ILLEGAL_STATE)
        assert (await withdraw(peer, order.job_id)).job_id == first
        await peer.failed(first, Code.CANCELLED)


async def test_who_wants_a_job_is_known_to_the_next_run_of_a_hub_that_was_killed(
    peer: BridgePeer, plug: Plug, tmp_path: Path
) -> None:
    addresses = {"DEVICE_1": plug(link_speed=SLOW).address}
    async with hub_at_work(peer.link_url, tmp_path, addresses) as work:
        await peer.online("DEVICE_1")
        first = (await ask(peer, 64 * MIB)).job_id
        order = peer.start_order("DEVICE_1", idempotency_key="once", total_bytes=64 * MIB)
        assert (await peer.give(order)).job_id == first
        await work.die()
    async with hub_at_work(peer.link_url, tmp_path, addresses) as work:
        await peer.online("DEVICE_1")
        assert (await withdraw(peer, first)).code is Code.ILLEGAL_STATE, "the other start wants it"
        await work.die()
    async with hub_at_work(peer.link_url, tmp_path, addresses):
        await peer.online("DEVICE_1")
        assert (await withdraw(peer, order.job_id)).job_id == first, "now nobody does"
        await peer.failed(first, Code.CANCELLED)


def nowhere(_claim: KeptClaim) -> None:
    """Write nothing down."""


async def test_only_the_last_of_those_who_asked_again_are_written_down(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.open()
    ledger = Ledger(journal)
    journal.begin()
    for number in range(1002):
        ledger.claim(KeptClaim(f"again-{number}", "first", is_wanted=True))
    ledger.claim(KeptClaim("again-2", "first", is_wanted=False))
    assert await journal.settled(10.0)
    kept = ledger.kept().claims
    await journal.close()
    assert (kept[0].asked_as, len(kept)) == ("again-3", 1000)
    assert kept[-1] == KeptClaim("again-2", "first", is_wanted=False)


def test_a_job_that_was_asked_for_once_is_nobodys_once_that_is_taken_back() -> None:
    assert Claims(nowhere).take_back("first") == "first"


def test_whoever_takes_back_twice_takes_it_from_nobody_else() -> None:
    claims = Claims(nowhere)
    claims.repeat("first", "second")
    claims.repeat("first", "third")
    assert claims.take_back("second") is None
    assert claims.take_back("second") is None
    assert claims.take_back("first") is None
    assert claims.take_back("third") == "first"
    assert claims.take_back("third") == "first"
