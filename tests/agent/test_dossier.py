"""A device's record: true, numbered, and never too large."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from flashyard.agent.dossier import Dossier
from flashyard.agent.ports import Port
from flashyard.agent.sight import Sight
from flashyard.contract.faults import Code, fault
from flashyard.contract.limits import MAX_QUEUE
from flashyard.contract.messages import DeviceChanged
from flashyard.contract.phases import Status
from flashyard.contract.plans import MAX_STEPS
from flashyard.contract.records import (
    MAX_RECENT,
    MAX_RECORD,
    RecentEntry,
    StartOptions,
    StepRecord,
)
from flashyard.contract.rollback import Rollback
from flashyard.flash.fastboot.transport import Address
from flashyard.flash.target import Description
from support.image_server import stored
from support.told import ORDER, Told

PORT = Port("DEVICE_1", Address("tcp", "127.0.0.1", 5554))
WIDE = "\U0001f4a9" * 200  # the most bytes a name can have


PHONE = Description(
    product="oriole",
    serial="SERIAL_1",
    version="1",
    mode="fastboot",
    slots=("a", "b"),
    current_slot="a",
    max_download_size=1 << 28,
    locked=False,
    battery_mv=None,
    battery_ok=None,
    emulated=True,
    partitions={f"{number:040}": 1 << 50 for number in range(300)},
)


def dossier() -> Dossier:
    return Dossier(PORT, "bench-a", "session")


_words = st.none() | st.text(max_size=5000)
_descriptions = st.builds(
    Description,
    product=_words,
    serial=_words,
    version=_words,
    mode=st.just("fastboot"),
    slots=st.sampled_from([(), ("a", "b")]),
    current_slot=st.none(),
    max_download_size=st.just(1),
    locked=st.none(),
    battery_mv=st.none(),
    battery_ok=st.none(),
    emulated=st.booleans(),
    partitions=st.dictionaries(
        st.text(max_size=100), st.none() | st.integers(-10, 2**70), max_size=20
    ),
    name=_words,
)


@given(_descriptions)
def test_whatever_a_device_says_of_itself_makes_a_valid_record(told: Description) -> None:
    sight = Sight(1000, 3)
    sight.saw(2000, told)
    made = dossier()
    said = made.build(5, sight, None, [], [])
    assert DeviceChanged.decode(said.encode()) == said
    assert said.device.device_name
    assert said.device.serial
    assert len(made.name(sight)) <= 200


def test_each_record_has_a_higher_number() -> None:
    made, sight = dossier(), Sight(1000, 3)
    assert [made.build(5, sight, None, [], []).device.rev for _ in range(3)] == [1, 2, 3]


def full(count: int) -> list[Told]:
    order = ORDER.with_(image=stored(b"image").with_(name=WIDE), device_name=WIDE)
    told = [Told(order) for _ in range(count)]
    for each in told:
        each.story.job = each.story.job.with_(device_name=WIDE)
    return told


def ended(number: int) -> RecentEntry:
    [told] = full(1)
    told.story.fail(fault(Code.INTERNAL, WIDE, hint=WIDE * 5), WIDE * 5)
    return told.story.recent().with_(seq=number)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, MAX_QUEUE), st.integers(0, MAX_RECENT))
def test_a_record_too_large_loses_its_oldest_ends_first(waiting: int, over: int) -> None:
    sight = Sight(1000, 3)
    queue = [told.story for told in full(waiting)]
    recent = [ended(number) for number in range(over)]
    said = dossier().build(5, sight, None, queue, recent)
    assert len(said.encode()) <= MAX_RECORD
    assert DeviceChanged.decode(said.encode()) == said
    assert [entry.job_id for entry in said.device.queue] == [s.job.job_id for s in queue]
    kept = [entry.seq for entry in said.device.recent]
    assert kept == list(range(over))[over - len(kept) :]
    if waiting < 5 and over <= 5:
        assert len(kept) == over


def test_a_full_queue_of_long_wishes_behind_a_job_of_many_steps_is_not_too_large() -> None:
    wishes = StartOptions(
        plan="a" * 64, verify="readback", slot="inactive", reboot=False, erase=True, wipe=True
    )
    way_back = Rollback(kind="last-good", plan=WIDE * 5, kept="a" * 64)
    queue = [told.story for told in full(MAX_QUEUE)]
    for story in queue:
        story.job = story.job.with_(partition="p" * 36, options=wishes, rollback=way_back)
    [running] = full(1)
    running.story.started()
    step = StepRecord(
        partition="p" * 36, status=Status.RUNNING, bytes=1 << 50, image="a" * 64, place="p" * 38
    )
    said = dict.fromkeys(("device_state", "hint", "details", "error"), WIDE * 5)
    running.story.job = running.story.job.with_(
        steps=(step,) * MAX_STEPS, rollback=way_back, **said
    )
    sight = Sight(1000, 3)
    sight.saw(2000, replace(PHONE, serial=WIDE, product=WIDE, name=WIDE))
    record = dossier().build(5, sight, running.story, queue, [])
    assert len(record.encode()) <= MAX_RECORD
    assert DeviceChanged.decode(record.encode()) == record
    assert record.device.current_job is not None
    assert len(record.device.current_job.steps) == MAX_STEPS
    assert [entry.options for entry in record.device.queue] == [wishes] * MAX_QUEUE


def test_a_record_says_what_waits_and_runs() -> None:
    running, waiting = Told(), Told()
    running.story.started()
    waiting.story.queued(1)
    sight = Sight(1000, 3)
    sight.saw(2000, PHONE)
    sight.gone()
    said = dossier().build(5, sight, running.story, [waiting.story], [])
    assert said.device.online, "a device with a job is there"
    assert said.device.current_job is not None
    assert said.device.current_job.seq == 1
    assert [entry.seq for entry in said.device.queue] == [0]
    assert DeviceChanged.decode(said.encode()) == said


def test_a_device_is_not_there_before_it_was_looked_at_though_its_job_goes_on() -> None:
    running = Told()
    running.story.started()
    said = dossier().build(5, Sight(1000, 3), running.story, [], [])
    assert not said.device.online, "who would start a job cannot know yet what it is"
    assert said.device.current_job is not None
