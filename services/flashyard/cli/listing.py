"""Lists of what the bridge knows: rows for eyes, records for programs."""

from __future__ import annotations

from collections.abc import Sequence

from flashyard.cli.amounts import size
from flashyard.cli.batch.rows import HEADS as BATCH_HEADS
from flashyard.cli.batch.rows import row as batch_row
from flashyard.cli.ls import What
from flashyard.cli.reaching import bridge_of
from flashyard.cli.remarks import REMARKS
from flashyard.cli.states import presence_of, state_of
from flashyard.cli.table import print_table, when
from flashyard.cli.talk import print_data, printable, say
from flashyard.contract.batches import Batch
from flashyard.contract.model import Model
from flashyard.contract.phases import Status
from flashyard.contract.records import Device, Hub, Job, StoredImage
from flashyard.settings import ClientSettings

_EMPTY = {
    What.DEVICES: "No devices. Plug one in, or try `flashyard up --demo`.",
    What.JOBS: "No jobs are active; `flashyard ls jobs --all` lists ended ones.",
    What.HUBS: "No hubs. Start one with `flashyard hub --broker URL`.",
    What.IMAGES: "No images. `flashyard flash` brings one along.",
    What.BATCHES: "No batches are under way; `flashyard ls batches --all` lists ended ones.",
}
_HEADS: dict[What, tuple[str, ...]] = {
    What.DEVICES: ("DEVICE", "NAME", "HUB", "STATE", "LINK", "JOBS"),
    What.JOBS: ("JOB", "DEVICE", "PARTITION", "STATE", "DONE", "SINCE"),
    What.HUBS: ("HUB", "STATE", "VERSION", "SINCE"),
    What.IMAGES: ("SHA256", "NAME", "SIZE", "KIND", "STORED"),
    What.BATCHES: BATCH_HEADS,
}


async def show(settings: ClientSettings, what: What, *, everything: bool, json: bool) -> None:
    """Print a list.

    Raises:
        FaultError: the bridge refuses.
        UnreachableError: no bridge.
    """
    async with bridge_of(settings) as bridge:
        records: Sequence[Model]
        match what:
            case What.DEVICES:
                records = await bridge.devices()
            case What.JOBS:
                records = await bridge.jobs("all" if everything else None)
            case What.HUBS:
                records = await bridge.hubs()
            case What.IMAGES:
                records = await bridge.images()
            case What.BATCHES:
                records = await bridge.batches("all" if everything else "active")
    if json:
        for record in records:
            print_data(record.encode().decode())
    elif not records:
        say(_EMPTY[what])
    else:
        _print_rows(_HEADS[what], records)


def _print_rows(heads: Sequence[str], records: Sequence[Model]) -> None:
    rows = [row(record) for record in records]
    for head, tell in REMARKS.items():
        remarks = [*map(tell, records)]
        if any(remarks):
            heads = (*heads, head)
            rows = [(*cells, remark) for cells, remark in zip(rows, remarks, strict=True)]
    print_table(heads, [[*map(printable, cells)] for cells in rows])


def row(record: Model) -> Sequence[str]:
    """Tell a record in the words of its table's row."""
    match record:
        case Device():
            state = presence_of(record)
            jobs = len(record.queue) + (record.current_job is not None)
            is_plain = record.mode in {"fastboot", "fastbootd", "unknown"}
            words = [record.transport, *([] if is_plain else [record.mode])]
            link = ", ".join([*words, *(["emulated"] if record.emulated else [])])
            name = record.device_name
            return record.device_id, name, record.hub_id, state, link, str(jobs)
        case Job():
            state = state_of(record)
            done = f"{record.progress:.1f}%"
            since = when(record.started_at or record.queued_at)
            return record.job_id, record.device_id, _place(record), state, done, since
        case Hub():
            state = "online" if record.online else "offline"
            return record.hub_id, state, record.version, when(record.since)
        case StoredImage(unpacked=inside):
            return (
                record.sha256[:16],
                record.name,
                size(record.size),
                f"{record.kind}, {inside.compression}" if inside else record.kind,
                when(record.created_at),
            )
        case Batch():
            return batch_row(record)
    raise TypeError(f"{type(record).__name__} has no row")


def _place(job: Job) -> str:
    """Tell the partition a job is at, and of several which that is."""
    several = len(job.steps)
    if several < 2:
        return job.partition
    done = sum(step.status is Status.COMPLETED for step in job.steps)
    return f"{job.partition} {min(done + 1, several)}/{several}"
