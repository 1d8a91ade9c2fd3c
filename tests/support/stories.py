"""The nine stories that everything else is held against, as what a bridge hears."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase
from support.hub_script import START, HubScript, Published, is_retained
from support.transcript import Line

FIRST, SECOND = "job_1703001234_abc123", "job_1703001240_abc124"
SYSTEM = "Flashing system partition"


class Teller:
    """Writes down what happens; keeps what the broker would keep."""

    def __init__(self) -> None:
        self.hub = HubScript()
        self.lines: list[Line] = []
        self.kept: dict[str, Published] = {}

    def wait(self, ms: int) -> None:
        self.hub.now += ms

    def do(self, what: str) -> None:
        self.lines.append({"at": self._at(), "do": what})

    def rest(self, asked: str, code: int, answer: Line) -> None:
        self.lines.append({"at": self._at(), "rest": asked, "status": code, "answer": answer})

    def say(self, said: Iterable[Published], *, heard: bool = True) -> None:
        for published in said:
            if is_retained(published):
                self.kept[str(published.topic)] = published
            if heard:
                self._line(published)

    def the_bridge_starts(self) -> None:
        """A new bridge hears what the broker kept, asks, and is answered."""
        self.do("bridge starts")
        for published in self.kept.values():
            self._line(published, retained=True)
        self.the_hub_answers()
        self.wait(400)

    def the_hub_answers(self) -> None:
        announced = self.hub.now
        self.wait(20)
        self.say([self.hub.record(), self.hub.presence(announced=announced)])

    def opening(self) -> None:
        """A hub with one idle device, a bridge, a browser."""
        self.say([self.hub.presence(), self.hub.record()], heard=False)
        self.the_bridge_starts()
        self.do("browser connects")
        self.wait(500)

    def half_way(self) -> None:
        self.say(self.hub.start(FIRST))
        self.wait(400)
        self.say(self.hub.phase(Phase.IDENTIFYING, "Asking the device who it is", 0))
        self.wait(100)
        self.say(self.hub.phase(Phase.WRITING, SYSTEM, 0))
        self.wait(500)
        self.say([self.hub.sample(200_000)])
        self.wait(500)
        self.say([self.hub.sample(455_000)])

    def the_end(self) -> None:
        self.wait(500)
        self.say([self.hub.sample(900_000)])
        self.wait(200)
        self.say(self.hub.phase(Phase.FINISHING, "Restarting the device", 1_000_000))
        self.wait(300)
        self.say(self.hub.complete())

    def _line(self, published: Published, *, retained: bool = False) -> None:
        line: Line = {"at": self._at(), "mqtt": str(published.topic)}
        if retained:
            line["retained"] = True
        self.lines.append(line | {"payload": json.loads(published.payload)})

    def _at(self) -> int:
        return self.hub.now - START


def happy(t: Teller) -> None:
    """All goes well."""
    t.half_way()
    t.the_end()


def queued_then_cancelled(t: Teller) -> None:
    """A second job waits for the device and is cancelled before its turn."""
    t.half_way()
    t.say(t.hub.queue(SECOND))
    t.wait(1000)
    t.rest(f"POST /api/flash/job/{SECOND}/cancel", 200, {"status": "cancelled"})
    t.say(t.hub.fail(Code.CANCELLED, SECOND))
    t.the_end()


def pause_overtaken_by_a_sample(t: Teller) -> None:
    """A sample from before the pause arrives after it, and is dropped."""
    t.half_way()
    t.wait(300)
    late = t.hub.sample(600_000)
    t.say(t.hub.pause())
    t.say([late])
    t.wait(2000)
    t.say(t.hub.resume())
    t.the_end()


def bridge_killed_in_mid_job(t: Teller) -> None:
    """A new bridge tells the same story, percentages included."""
    t.half_way()
    t.do("bridge is killed")
    t.wait(900)
    t.say([t.hub.sample(600_000)], heard=False)
    t.the_bridge_starts()
    t.do("browser connects")
    t.the_end()


def bridge_killed_while_the_job_ends(t: Teller) -> None:
    """The end is not lost: a browser that comes back is told it, once."""
    t.half_way()
    t.do("bridge is killed")
    t.wait(500)
    t.say(t.hub.phase(Phase.FINISHING, "Restarting the device", 1_000_000), heard=False)
    t.say(t.hub.complete(), heard=False)
    t.wait(900)
    t.the_bridge_starts()
    t.do("browser connects")


def broker_restart(t: Teller) -> None:
    """The flash goes on; what was missed is told by the bridge in the hub's place."""
    t.half_way()
    t.do("broker is killed")
    t.wait(500)
    t.say([t.hub.sample(600_000)], heard=False)
    t.say(t.hub.phase(Phase.VERIFYING, "Verifying system partition", 800_000), heard=False)
    t.wait(700)
    t.do("broker is back")
    t.say([t.hub.presence(), t.hub.record()])
    t.the_hub_answers()
    t.the_end()


def hub_restart(t: Teller) -> None:
    """A new session without the job is the hub's word: it was interrupted."""
    t.half_way()
    t.wait(800)
    t.say([t.hub.presence(online=False)])
    t.wait(1500)
    t.hub.die_and_return()
    t.say([t.hub.presence(since=t.hub.now), t.hub.record()])


def hub_lost_then_back(t: Teller) -> None:
    """Ten minutes of silence end the job as lost; then the hub is back, still flashing."""
    t.half_way()
    t.say([t.hub.presence(online=False)])
    t.wait(599_000)
    t.do("time passes")
    t.wait(2_000)
    t.do("time passes")
    t.wait(1_000)
    t.do("early connects")
    t.wait(1_000)
    t.say([t.hub.presence(), t.hub.record()])
    t.do("late connects")
    t.the_end()


def order_without_a_receipt(t: Teller) -> None:
    """The hub answers too late: the bridge has cancelled, and the job ends as cancelled."""
    t.wait(5_000)
    t.rest("POST /api/flash/start", 504, {"code": "hub_no_answer", "jobId": FIRST})
    t.wait(100)
    t.say(t.hub.start(FIRST))
    t.wait(50)
    t.say(t.hub.fail(Code.CANCELLED))


STORIES: dict[str, Callable[[Teller], None]] = {
    story.__name__: story
    for story in (
        happy,
        queued_then_cancelled,
        pause_overtaken_by_a_sample,
        bridge_killed_in_mid_job,
        bridge_killed_while_the_job_ends,
        broker_restart,
        hub_restart,
        hub_lost_then_back,
        order_without_a_receipt,
    )
}


def tell(name: str) -> list[Line]:
    """Tell what is heard and done in a story."""
    teller = Teller()
    teller.opening()
    STORIES[name](teller)
    return teller.lines
