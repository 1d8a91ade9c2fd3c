"""How many jobs run at once: the limit of a hub, changed as they run, and a controller's."""

from __future__ import annotations

from flashyard.agent.queueing.permits import Permits, Request
from flashyard.agent.queueing.turns import Turns

NETWORK = None


class Desk:
    """Permits, and who has come by one, in order."""

    def __init__(self, limit: int, share: int = 0) -> None:
        self.turns = Turns()
        self.permits = Permits(self.turns, limit, share)
        self.come: list[str] = []

    def ask(self, name: str, controller: str | None = NETWORK, priority: int = 5) -> Request:
        turn = self.turns.deal(name, priority)
        return self.permits.ask(controller, turn, lambda: self.come.append(name))


def test_a_full_controller_holds_up_neither_another_nor_the_network() -> None:
    permits = Permits(Turns(), 8, 1)
    assert permits.try_take("pci-0000:00:14.0")
    assert not permits.try_take("pci-0000:00:14.0")
    assert permits.try_take("pci-0000:00:1a.0")
    assert permits.try_take(NETWORK)
    assert permits.try_take(NETWORK)
    assert not permits.are_out


def test_a_free_permit_goes_to_the_highest_priority_and_among_equals_to_who_waited_longest() -> (
    None
):
    desk = Desk(1)
    permit = desk.permits.try_take()
    assert permit
    requests = [desk.ask("a"), desk.ask("b", priority=9), desk.ask("c"), desk.ask("d", priority=9)]
    for expected in (1, 3, 0, 2):
        desk.permits.give(permit)
        granted = requests[expected].permit
        assert granted
        permit = granted
    assert desk.come == ["b", "d", "a", "c"]


def test_raising_the_limit_lets_those_in_at_once_who_wait() -> None:
    desk = Desk(1)
    for name in "abcd":
        desk.ask(name)
    desk.permits.change(3)
    assert desk.come == ["a", "b", "c"]


def test_lowering_the_limit_lets_those_end_that_run_and_the_next_wait_until_enough_have() -> None:
    desk = Desk(3)
    permits = [request.permit for request in (desk.ask("a"), desk.ask("b"), desk.ask("c"))]
    desk.ask("d")
    desk.permits.change(1)
    for permit, come in zip(permits, ("abc", "abc", "abcd"), strict=True):
        assert permit
        desk.permits.give(permit)
        assert "".join(desk.come) == come


def test_a_permit_that_is_not_wanted_any_more_goes_to_the_next() -> None:
    desk = Desk(1)
    first, second, third = desk.ask("a"), desk.ask("b"), desk.ask("c")
    desk.permits.withdraw(second)
    desk.permits.withdraw(first)
    assert (first.permit, second.permit) == (None, None)
    assert third.permit
    desk.permits.withdraw(first)
    assert desk.permits.are_out, "it gave back only what it had"
    assert desk.come == ["a", "c"]
