"""A device is asked once, and one that does not answer keeps no other from being asked."""

from __future__ import annotations

from threading import Event, Thread

from flashyard.flash.fastboot.asked import asked_once


class Asked:
    """Something that answers once it is let."""

    def __init__(self) -> None:
        self.may_answer = Event()
        self.is_asked = Event()
        self.times = 0

    @asked_once
    def word(self) -> str:
        """What it says."""
        self.times += 1
        self.is_asked.set()
        assert self.may_answer.wait(60)
        return "yes"


def test_what_was_answered_once_is_not_asked_again() -> None:
    asked = Asked()
    asked.may_answer.set()
    assert (asked.word, asked.word, asked.times) == ("yes", "yes", 1)


def test_one_that_is_silent_holds_up_no_other() -> None:
    silent, other = Asked(), Asked()
    waiting = Thread(target=lambda: silent.word)
    waiting.start()
    assert silent.is_asked.wait(60)
    other.may_answer.set()
    assert other.word == "yes"
    silent.may_answer.set()
    waiting.join()
