"""The picture of all hubs, devices and jobs: reports are folded in, frames to send come out.

Pure: no I/O, no tasks; the clocks are given. It knows neither MQTT nor WebSockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flashyard.contract import fold
from flashyard.contract.entries import ended_job, running_job, waiting_job
from flashyard.contract.faults import Code
from flashyard.contract.history import JobRecord
from flashyard.contract.limits import MAX_QUEUE, Limits
from flashyard.contract.messages import (
    DeviceChanged,
    DeviceGone,
    Event,
    FlashLog,
    FlashProgress,
    HubChanged,
    HubGone,
    Report,
)
from flashyard.contract.orders import LimitsOrder, Receipt, StartOrder
from flashyard.contract.phases import Status
from flashyard.contract.records import CurrentJob, Device, Hub, Job, LogLine
from flashyard.contract.requester import Requester
from flashyard.contract.topics import Kind, Topic
from flashyard.contract.tracked import Frame, Tracked
from flashyard_bridge.picture.agreed import Asked, is_to_come, new_limits
from flashyard_bridge.picture.devices import DeviceBook
from flashyard_bridge.picture.jobs import MAX_FINISHED, JobBook
from flashyard_bridge.picture.ordered import asked_for, ordered_job
from flashyard_bridge.picture.presence import HubWatch, Listening

LAST_WORDS = 60.0  # s after the first picture in which new connections hear of recent ends
RECENT_MS = 10 * 60 * 1000  # ... of jobs that ended no longer than this before the picture


class Fleet:
    """Every method that returns frames returns them in the order they are to be sent.

    Args:
        clock: the bridge's clock, Unix ms.
        steady: a monotonic clock, seconds.
        lost_after: seconds of silence after which a hub's jobs are given up.
        max_finished: how many ended jobs are kept.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        steady: Callable[[], float],
        *,
        lost_after: float = 600.0,
        max_finished: int = MAX_FINISHED,
    ) -> None:
        self._clock = clock
        self._steady = steady
        self._lost_after = lost_after
        self._listening = Listening()
        self._ticked = steady()
        self._hubs: dict[str, HubWatch] = {}
        self._devices = DeviceBook()
        self._jobs = JobBook(clock, max_finished)

    # What is true now

    @property
    def complete(self) -> bool:
        """Is the first picture complete? Until then snapshots and reads wait."""
        return self._listening.judge(self._hubs.values(), self._steady(), self._clock())

    def job(self, job_id: str) -> Job | None:
        """One job, or None."""
        known = self._jobs.get(job_id)
        return known.job if known else None

    def given_up(self, job_id: str) -> Job | None:
        """One job that was ended here, in its hub's place; None: it was not."""
        known = self._jobs.get(job_id)
        return known.job if known and known.ended_by_bridge else None

    def jobs(self) -> list[Job]:
        """All jobs that are known, ended ones too, in the order they became known."""
        return self._jobs.all()

    def log(self, job_id: str) -> list[LogLine] | None:
        """The last 500 lines of a job's log, or None for an unknown job."""
        return self._jobs.log(job_id)

    def asked_by(self, job_id: str) -> Requester | None:
        """Who had a job started through this bridge; None: nobody, as far as it knows."""
        return self._jobs.asked_by(job_id)

    def devices(self) -> list[Device]:
        """All devices; online when hub and record say so."""
        return [self._shown(device) for device in self._devices.all()]

    def device(self, hub_id: str, device_id: str) -> Device | None:
        """One device of one hub, or None."""
        known = self._devices.get(hub_id, device_id)
        return self._shown(known) if known else None

    def find(self, device_id: str) -> list[Device]:
        """The devices of this id, one per hub that has one."""
        every = self._devices.all()
        return [self._shown(device) for device in every if device.device_id == device_id]

    def hub(self, hub_id: str) -> Hub | None:
        """One hub, or None."""
        watch = self._hubs.get(hub_id)
        return watch.shown() if watch else None

    def hubs(self) -> list[Hub]:
        """All hubs."""
        return [watch.shown() for watch in self._hubs.values()]

    def snapshot(self) -> list[Frame]:
        """What a new connection is told before it goes live.

        Soon after the first picture that is also the end of jobs that began before it: a browser
        that saw them begin with the bridge before has a card of each.
        """
        frames = self._jobs.replay()
        age, picture = self._listening.picture_age(self._steady()), self._listening.picture_time
        if age is not None and picture is not None and age < LAST_WORDS:
            since = picture - RECENT_MS
            frames += self._jobs.last_words(began_before=picture, ended_since=since)
        return frames

    # What happens to the link

    def link_up(self, announced: int) -> None:
        """The broker is there and was asked to announce with this ``now`` (Unix ms)."""
        now = self._ticked = self._steady()
        self._listening.up(now)
        self._listening.ask(announced)
        for watch in self._hubs.values():
            watch.answered = watch.asked_again = False
            watch.asked_at = now

    @property
    def is_to_ask(self) -> bool:
        """Is there a hub that came after the last announce, and so did not hear it?"""
        up = self._listening.since is not None
        return up and any(watch.is_unasked for watch in self._hubs.values())

    def asked(self, announced: int) -> None:
        """Those hubs were asked, too, with this ``now`` (Unix ms)."""
        self._listening.ask(announced)
        for watch in self._hubs.values():
            watch.asked_at = self._steady() if watch.asked_at is None else watch.asked_at

    def link_down(self) -> None:
        """The broker is gone: silence is nobody's fault until it is back."""
        self._listening.down()

    def tick(self) -> list[Frame]:
        """Let time pass: hubs that do not answer, jobs that are given up. Call every second."""
        now, before = self._steady(), self._ticked
        self._ticked = now
        if self._listening.since is None:
            return []
        frames: list[Frame] = []
        for hub_id, watch in self._hubs.items():
            if watch.is_overdue(now):
                watch.given_up = True
                frames += self._hub_frames(hub_id)
                frames += self._lose(hub_id)
            if not watch.is_online:
                watch.silence += now - before
                if watch.silence >= self._lost_after:
                    frames += self._end(self._jobs.active(hub_id), Code.HUB_LOST)
        return frames

    # What is heard

    def report(
        self, topic: Topic, report: Report, payload: bytes, *, retained: bool = False
    ) -> list[Frame]:
        """Fold a hub's report whose ids were checked against its topic.

        ``retained``: the broker kept it, so the hub was there before the bridge.
        """
        match report:
            case HubChanged():
                return self._presence(report.hub, retained=retained)
            case DeviceChanged():
                return self._record(report)
            case FlashLog():
                self._jobs.write_log(report.job_id, report.lines)
                return []
            case _:
                return self._word(topic, report, payload)

    def cleared(self, topic: Topic) -> list[Frame]:
        """Fold an empty retained payload: a device or a hub was removed."""
        now = self._clock()
        if topic.kind is Kind.PRESENCE and topic.hub in self._hubs:
            del self._hubs[topic.hub]
            frames = self._end(self._jobs.active(topic.hub), Code.HUB_LOST)
            return [*frames, Frame.made(HubGone(hub_id=topic.hub, timestamp=now))]
        device_id = topic.device if topic.kind is Kind.DEVICE else None
        if device_id is not None and self._devices.drop(topic.hub, device_id):
            frames = self._end(self._jobs.active(topic.hub, device_id), Code.INTERRUPTED)
            gone = DeviceGone(device_id=device_id, hub_id=topic.hub, timestamp=now)
            return [*frames, Frame.made(gone)]
        return []

    def forget_device(self, hub_id: str, device_id: str) -> list[Frame]:
        """Drop an offline device."""
        return self.cleared(Topic(Kind.DEVICE, hub_id, device_id))

    def forget_hub(self, hub_id: str) -> list[Frame]:
        """Drop an offline hub and its devices."""
        ids = [said.device_id for said in self._devices.of_hub(hub_id)]
        frames = [frame for each in ids for frame in self.forget_device(hub_id, each)]
        return [*frames, *self.cleared(Topic(Kind.PRESENCE, hub_id))]

    # What the bridge itself asked for

    def accepted(self, order: StartOrder, hub_id: str, receipt: Receipt) -> None:
        """A hub took an order: the job exists, though nothing may have been said of it yet."""
        if self._jobs.get(order.job_id) is not None:
            self._jobs.change(order.job_id, **asked_for(order))
        else:
            device = self._devices.get(hub_id, order.device_id)
            name = device.device_name if device else order.device_id
            job = ordered_job(order, hub_id, receipt, name)
            self._jobs.take(fold.Step(Tracked(job, order.session), []))
        self._jobs.note_asker(order.job_id, order.asked_by)

    def requested(self, job_id: str, what: Asked, status: Status) -> None:
        """A hub agreed to cancel, pause or resume a job, whose status was this as it did so.

        What has happened by now is told as an event; only what has not is noted.
        """
        known = self._jobs.get(job_id)
        if known is not None and known.job.is_active:
            is_open = is_to_come(what, status) and is_to_come(what, known.job.status)
            self._jobs.change(job_id, requested=what if is_open else None)

    def limited(self, hub_id: str, order: LimitsOrder) -> None:
        """A hub agreed to new limits; its own records say the same soon."""
        if order.job_id is not None:
            self._jobs.change(order.job_id, **new_limits(order, Job))
        elif order.device_id is not None:
            self._devices.amend(hub_id, order.device_id, **new_limits(order, Device))
        elif (watch := self._hubs.get(hub_id)) is not None:
            limits = watch.hub.limits.with_(**new_limits(order, Limits))
            watch.hub = watch.hub.with_(limits=limits)

    def released(self, hub_id: str, device_id: str) -> None:
        """A hub let a device out of quarantine."""
        self._devices.amend(hub_id, device_id, quarantine=None)

    # How it is folded

    def _presence(self, hub: Hub, *, retained: bool) -> list[Frame]:
        was = self._hubs.get(hub.hub_id)
        # Who was there before the link was up has heard its announce.
        asked_at = self._listening.since if retained else None
        watch = HubWatch(hub, asked_at, answered=self._listening.is_answer(hub))
        if was is not None and was.hub.session == hub.session and was.is_online:
            watch.answered |= was.answered
            watch.asked_again = was.asked_again
            # One that speaks up and did not answer may have come after it was asked: once.
            if retained or watch.answered or was.asked_again:
                watch.asked_at = was.asked_at
            else:
                watch.asked_again = was.asked_at is not None
        if not watch.is_online and was is not None:
            watch.silence = was.silence
        self._hubs[hub.hub_id] = watch
        frames = self._hub_frames(hub.hub_id)
        if not watch.is_online:
            return frames + self._lose(hub.hub_id)
        for changed in self._devices.held(hub.hub_id, hub.session):
            frames += self._record(changed)
        if was is not None and not was.is_online and was.hub.session == hub.session:
            for said in self._devices.of_hub(hub.hub_id):
                frames += self._settle(said)
        return frames

    def _record(self, changed: DeviceChanged) -> list[Frame]:
        watch = self._hubs.get(changed.hub_id)
        if not self._devices.take(changed, watch.hub.session if watch else None):
            return []
        frames = self._settle(changed)
        if watch is not None and not watch.is_online:
            frames += self._lose(changed.hub_id)
        return [*frames, self._device_frame(changed.device)]

    def _word(self, topic: Topic, said: Event | JobRecord, payload: bytes) -> list[Frame]:
        """Fold what was said of one job."""
        if not self._may_speak(said):
            return []
        known = self._jobs.get(said.job_id)
        if known is not None and (known.job.hub_id, known.job.device_id) != (
            said.hub_id,
            said.device_id,
        ):
            return []  # another hub's word on this job is not its word
        watch = self._hubs.get(said.hub_id)
        # An event from before the hub's present session is that of a process that is gone.
        session = watch.hub.session if watch and said.timestamp >= watch.hub.since else ""
        if isinstance(said, JobRecord):
            frames = self._jobs.take(
                fold.settle(known, said.job, said.seq, session, said.timestamp)
            )
            if not self.log(said.job_id):
                self._jobs.write_log(said.job_id, said.log)
            return frames
        if topic.kind is Kind.PROGRESS and isinstance(said, FlashProgress):
            return self._jobs.take(fold.glimpse(known, said, payload))
        return self._jobs.take(fold.hear(known, said, payload, session))

    def _may_speak(self, said: Event | JobRecord) -> bool:
        """Is a word on a job one that an end will follow? Else nobody would ever tell its end.

        A hub that is not known to be there says its presence first, and then its records, which
        tell what was not heard; and a device has no more jobs than its queue holds.
        """
        if isinstance(said, JobRecord):
            return said.job.is_final
        if said.hub_id not in self._hubs:
            return False
        is_known = self._jobs.get(said.job_id) is not None
        return is_known or len(self._jobs.active(said.hub_id, said.device_id)) <= MAX_QUEUE

    def _settle(self, changed: DeviceChanged) -> list[Frame]:
        """Fold the jobs in a device's record, and end those that its hub no longer has."""
        device = changed.device
        said: list[tuple[Job, int]] = [(ended_job(device, e), e.seq) for e in device.recent]
        if device.current_job is not None:
            said.append((running_job(device.current_job), device.current_job.seq))
        said += [(waiting_job(device, e, n), e.seq) for n, e in enumerate(device.queue, 1)]
        frames: list[Frame] = []
        for job, seq in sorted(said, key=lambda each: each[0].finished_at or 2**60):
            known = self._jobs.get(job.job_id)
            frames += self._jobs.take(
                fold.settle(known, job, seq, device.session, changed.timestamp)
            )
        named = {job.job_id for job, _ in said}
        for known in self._jobs.active(device.hub_id, device.device_id):
            if known.job.job_id in named:
                continue
            # A record from before the job began does not name it either: look at the time.
            is_old = known.session != device.session
            if known.recorded or (
                is_old if known.heard_at is None else known.heard_at < changed.timestamp
            ):
                frames += self._end([known], Code.INTERRUPTED if is_old else Code.HUB_LOST)
        return frames

    def _lose(self, hub_id: str) -> list[Frame]:
        now = self._clock()
        return [
            frame
            for known in self._jobs.active(hub_id)
            for frame in self._jobs.take(fold.lose(known, now))
        ]

    def _end(self, jobs: Iterable[Tracked], code: Code) -> list[Frame]:
        now = self._clock()
        return [frame for known in jobs for frame in self._jobs.take(fold.end(known, code, now))]

    # What is shown of hubs and devices

    def _shown(self, device: Device) -> Device:
        watch = self._hubs.get(device.hub_id)
        online = device.online and watch is not None and watch.is_online
        current = device.current_job
        known = self._jobs.get(current.job_id) if current else None
        if known is not None and known.job.is_active:  # a record is up to 10 s old
            fields = dict(known.job)
            current = CurrentJob.model_construct(**fields, seq=max(known.seq, 0))
        return device.with_(online=online, current_job=current)

    def _device_frame(self, device: Device) -> Frame:
        message = DeviceChanged(
            device_id=device.device_id,
            hub_id=device.hub_id,
            timestamp=self._clock(),
            device=self._shown(device),
        )
        return Frame(message, message.encode(without={"device": {"queue", "recent"}}))

    def _hub_frames(self, hub_id: str) -> list[Frame]:
        """Tell a hub's presence, and with it whether its devices are there."""
        hub = self._hubs[hub_id].shown()
        changed = HubChanged(hub_id=hub_id, timestamp=self._clock(), hub=hub)
        said = [said.device for said in self._devices.of_hub(hub_id)]
        devices = [device for device in said if device.online]
        return [Frame.made(changed), *(self._device_frame(device) for device in devices)]
