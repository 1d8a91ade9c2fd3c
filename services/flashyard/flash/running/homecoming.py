"""Did the device come back as it should have? Proven by what it does, or not at all.

Over USB it is enough to be seen in a mode in which a system runs; only, one with slots may have
fallen back, and that is not to be seen. One that can only be talked to must have been away, be in
the right slot, and say of that slot that its system has started.
"""

from __future__ import annotations

from time import monotonic
from typing import NamedTuple, Self

from flashyard.contract.faults import Code, FaultError, refuse
from flashyard.contract.records import Mode
from flashyard.flash.ports.sighting import Look, Sighting
from flashyard.flash.running.contact import ON_ITS_WAY, Contact
from flashyard.flash.running.run import Run
from flashyard.flash.target import Description

_RUNNING: frozenset[Mode] = frozenset({"adb", "mtp", "ptp", "normal"})
_FASTBOOT: frozenset[Mode] = frozenset({"fastboot", "fastbootd"})


class Expected(NamedTuple):
    """The device as it should come back.

    ``slot``: its letter, None where there are none. ``is_fresh``: had the device, before it was
    restarted, not yet said of that slot that its system starts? Else its word is no news.
    ``number``: of its last enumeration.
    """

    version: str | None
    slot: str | None
    is_fresh: bool
    number: int | None

    @classmethod
    def of(cls, contact: Contact, slot: str | None, look: Look) -> Self:
        """Ask the device that is about to be restarted."""
        is_fresh = slot is None or _yes(contact.bootloader.ask(f"slot-successful:{slot}")) is False
        seen = look()
        return cls(contact.description.version, slot, is_fresh, seen.number if seen else None)


class Homecoming:
    """The wait for one device that was told to restart into its system."""

    def __init__(self, contact: Contact, expected: Expected, run: Run, look: Look) -> None:
        self._contact = contact
        self._expected = expected
        self._run = run
        self._look = look
        self._trouble = "it was not seen again"

    def await_start(self) -> bool:
        """Wait until it has proven that it runs; False: from which of its slots is open.

        Raises:
            FaultError: `not_booted`, at once where it says so itself; `device_mismatch`.
        """
        patience = self._contact.patience
        deadline = monotonic() + patience.boot
        was_away = self._contact.part()
        while True:
            seen = self._look()
            was_away = was_away or (seen is not None and seen.number != self._expected.number)
            if self._runs(seen, was_away=was_away):
                is_outside = seen is not None and seen.mode in _RUNNING
                return self._expected.slot is None or not is_outside
            was_away = was_away or self._contact.trouble is not None
            self._contact.close()
            if monotonic() >= deadline:
                break
            self._run.wait(patience.look_again)
        raise refuse(
            Code.NOT_BOOTED,
            f"The device did not come back as it should have in {patience.boot:.0f} s.",
            details=self._trouble,
        )

    def _runs(self, seen: Sighting | None, *, was_away: bool) -> bool:
        if seen is not None and seen.mode in _RUNNING:
            self._run.lines.add(f"The device is there in {seen.mode} mode")
            return True
        if seen is not None and seen.mode not in _FASTBOOT:
            self._trouble = f"it was seen in {seen.mode} mode" if seen.mode else "nothing is there"
            return False
        found = self._contact.glimpse()
        if found is None:
            self._trouble = self._contact.trouble or self._trouble
            return False
        if not was_away:
            self._trouble = "it was not away"
            return False
        try:
            return self._judge(found)
        except FaultError as broken:
            if broken.fault.code not in ON_ITS_WAY:
                raise
            self._trouble = str(broken)
            return False

    def _judge(self, found: Description) -> bool:
        """Take what a device in fastboot says; raises `not_booted` where that is final."""
        slot = self._expected.slot
        if slot is None:
            # Of real ones, those without slots that are back in their bootloader did not start.
            self._trouble = f"it is in {found.mode}"
            return found.emulated and found.version == self._expected.version
        ask = self._contact.bootloader.ask
        if found.current_slot != slot:
            raise _not_booted(f"it fell back to slot {found.current_slot}", slot)
        if _yes(ask(f"slot-unbootable:{slot}")):
            raise _not_booted("it says that the slot cannot be started", slot)
        self._trouble = f"it is in {found.mode}, and its slot {slot} has not started"
        return self._expected.is_fresh and _yes(ask(f"slot-successful:{slot}")) is True


def _not_booted(why: str, slot: str) -> FaultError:
    return refuse(
        Code.NOT_BOOTED, f"The device did not start from slot {slot}: {why}.", details=why
    )


def _yes(text: str | None) -> bool | None:
    return {"yes": True, "no": False}.get((text or "").strip().lower())
