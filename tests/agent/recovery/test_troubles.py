"""A hub tells what is wrong with it for as long as it is."""

from __future__ import annotations

from flashyard.agent.recovery.troubles import Troubles
from flashyard.contract.faults import Code, fault

FULL, AWAY = fault(Code.DISK_FULL), fault(Code.IMAGE_UNREACHABLE)


def told(troubles: Troubles) -> list[Code]:
    return [trouble.code for trouble in troubles.told]


def test_a_trouble_is_there_until_the_last_that_has_it_is_well() -> None:
    troubles = Troubles(lambda: 1_703_001_234_000)
    seen: list[list[Code]] = []
    troubles.changed = lambda: seen.append(told(troubles))
    assert troubles.told == ()
    with troubles.having(AWAY):
        with troubles.having(AWAY):
            pass
        assert told(troubles) == [Code.IMAGE_UNREACHABLE]
        with troubles.having(FULL):
            assert told(troubles) == [Code.IMAGE_UNREACHABLE, Code.DISK_FULL]
    assert troubles.told == ()
    one, both = [Code.IMAGE_UNREACHABLE], [Code.IMAGE_UNREACHABLE, Code.DISK_FULL]
    assert seen == [one, both, one, []]


def test_it_tells_since_when_and_what_can_be_done() -> None:
    troubles = Troubles(lambda: 1_703_001_234_000)
    with troubles.having(AWAY):
        (trouble,) = troubles.told
    assert trouble.since == 1_703_001_234_000
    assert (trouble.error, trouble.hint) == (AWAY.sentence, AWAY.hint)
