"""What each code means, one row a code: to people, to REST and to the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flashyard.contract.faults.code import Code


class Rule(NamedTuple):
    """What a code means to each audience.

    ``http`` is the REST status, or None where REST alone never answers with the code (a refusal
    by a hub then answers 409); ``exit`` is the command line's exit status; ``transient`` says
    that the same request may succeed later unchanged.
    """

    sentence: str
    hint: str
    http: int | None
    exit: int
    transient: bool = False


_RETRY = "Retry the job once the cause is gone."
TABLE: Mapping[Code, Rule] = {
    Code.UNKNOWN_DEVICE: Rule(
        "No such device.",
        "List the devices with `flashyard ls devices` or GET /api/devices.",
        404,
        1,
    ),
    Code.DEVICE_OFFLINE: Rule(
        "The device is offline.",
        "Check its cable and power, and that its hub is running.",
        409,
        1,
        transient=True,
    ),
    Code.AMBIGUOUS_DEVICE: Rule(
        "Two online hubs have a device of this id.", "Name the hub with `--hub` or `hubId`.", 409, 2
    ),
    Code.UNKNOWN_JOB: Rule(
        "Job not found",
        "List them with `flashyard ls jobs --all` or GET /api/flash/jobs?status=all.",
        404,
        1,
    ),
    Code.ILLEGAL_STATE: Rule(
        "The job cannot do that in its present phase.",
        "Look at the job's status and phase.",
        409,
        1,
    ),
    Code.ALREADY_FINAL: Rule(
        "The job has already ended.", "Start a new job, or retry this one.", 409, 1
    ),
    Code.INVALID_REQUEST: Rule(
        "The request is not valid.", "Compare it with the documentation at /docs.", 422, 2
    ),
    Code.NOT_SUPPORTED: Rule(
        "This is not supported yet.", "Leave the field out, or give it its default.", 422, 2
    ),
    Code.PARTITION_REQUIRED: Rule(
        "An image needs a partition to go to.", "Name it with `partition`.", 422, 2
    ),
    Code.IMAGE_REQUIRED: Rule(
        "A real device is flashed with an image only.",
        "Use `flashyard flash`, or POST /api/images and give its sha256 as `image`.",
        422,
        2,
    ),
    Code.IMAGE_TOO_LARGE: Rule(
        "The image is larger than the partition.", "Use the image made for this product.", 422, 1
    ),
    Code.IMAGE_UNREACHABLE: Rule(
        "The hub could not fetch the image.",
        "Check the hub's --bridge-url and that the bridge answers there.",
        None,
        1,
        transient=True,
    ),
    Code.IMAGE_CORRUPT: Rule(
        "The image is damaged.", "Download or build it again; it is not a whole image.", 422, 6
    ),
    Code.IMAGE_DIGEST: Rule(
        "The image does not have the SHA-256 it should have.",
        "Upload it again; nothing was written to the device.",
        None,
        6,
    ),
    Code.UNKNOWN_IMAGE: Rule(
        "No such image in the store.", "Send it with `flashyard flash` or POST /api/images.", 404, 1
    ),
    Code.UNKNOWN_PARTITION: Rule(
        "The device has no such partition.",
        "Look at its partitions: `flashyard ls devices --json` or GET /api/devices.",
        None,
        1,
    ),
    Code.INCOMPLETE_SLOT: Rule(
        "The set of partitions is not complete for the inactive slot.",
        "Add the missing partitions, or flash the active slot.",
        422,
        2,
    ),
    Code.DEVICE_LOCKED: Rule(
        "The device's bootloader is locked.",
        "Unlock it first; this erases the user's data.",
        None,
        4,
    ),
    Code.DEVICE_MISMATCH: Rule(
        "Another device answered than the one the job is for.",
        "Check which device is at this port or address.",
        None,
        1,
    ),
    Code.BATTERY_LOW: Rule("The device's battery is too low.", "Charge it and retry.", None, 1),
    Code.DEVICE_REFUSED: Rule(
        "The device refused.",
        "Its own words are in the details; see its bootloader's manual.",
        None,
        1,
    ),
    Code.USB_UNPLUGGED: Rule(
        "The device was unplugged.", "Check cable and port, then retry.", None, 1, transient=True
    ),
    Code.LINK_LOST: Rule(
        "The connection to the device broke.",
        "Check cable and network, then retry.",
        None,
        1,
        transient=True,
    ),
    Code.DEVICE_SILENT: Rule(
        "The device stopped answering.",
        "Power-cycle it into its bootloader, then retry.",
        None,
        1,
        transient=True,
    ),
    Code.PROTOCOL_ERROR: Rule(
        "The device answered something the protocol does not allow.",
        "Its answer is in the details; check its bootloader version.",
        None,
        1,
    ),
    Code.VERIFY_MISMATCH: Rule(
        "What was read back differs from what was written.", "Replace the medium or cable.", None, 6
    ),
    Code.TIMED_OUT: Rule("It took longer than allowed.", _RETRY, None, 1, transient=True),
    Code.INTERRUPTED: Rule(
        "The hub stopped while the job ran.",
        "The device may be half written: flash it again.",
        None,
        1,
        transient=True,
    ),
    Code.HUB_LOST: Rule(
        "The hub was not heard from again; the outcome is unknown.",
        "Look at the device, then flash it again if in doubt.",
        None,
        1,
    ),
    Code.CANCELLED: Rule("Cancelled by request.", "Start it again when you wish.", None, 3),
    Code.STALE_ORDER: Rule(
        "The order reached the hub too late.", "Send it again.", None, 1, transient=True
    ),
    Code.HUB_NO_ANSWER: Rule(
        "The hub did not answer in time.",
        "Check the hub; the job was cancelled in case it still arrives.",
        504,
        7,
        transient=True,
    ),
    Code.BROKER_UNREACHABLE: Rule(
        "The MQTT broker cannot be reached.",
        "Check the broker and --broker.",
        503,
        7,
        transient=True,
    ),
    Code.QUEUE_FULL: Rule(
        "The device's queue is full.",
        "Wait until some of its 50 queued jobs are done.",
        429,
        1,
        transient=True,
    ),
    Code.IDEMPOTENCY_CONFLICT: Rule(
        "The idempotency key was used for another request.",
        "Use a new key for a new request.",
        409,
        2,
    ),
    Code.DUPLICATE_HUB_ID: Rule(
        "Another live hub has this hub id.", "Give one of the two another --hub-id.", None, 1
    ),
    Code.PORT_IN_USE: Rule(
        "The address is already in use.",
        "Stop what listens there, or choose another port.",
        None,
        1,
    ),
    Code.DISK_FULL: Rule(
        "Too little disk space is left.", "Delete images that are not needed.", 507, 1
    ),
    Code.NOT_ALLOWED: Rule(
        "Not allowed.", "Send a valid token: `Authorization: Bearer …`.", 403, 4
    ),
    Code.RATE_LIMITED: Rule(
        "Too many requests.", "Slow down and try again.", 429, 1, transient=True
    ),
    Code.PAYLOAD_TOO_LARGE: Rule("The body is too large.", "Send less in one request.", 413, 2),
    Code.NOT_FOUND: Rule(
        "There is nothing at this path.", "The paths are listed at /docs.", 404, 1
    ),
    Code.METHOD_NOT_ALLOWED: Rule(
        "The path does not know this method.", "The methods are listed at /docs.", 405, 2
    ),
    Code.UNSUPPORTED_MEDIA_TYPE: Rule(
        "The body is of the wrong media type.", "Send `Content-Type: application/json`.", 415, 2
    ),
    Code.UNKNOWN_HUB: Rule("No such hub.", "List the hubs with `flashyard ls hubs`.", 404, 1),
    Code.IMAGE_IN_USE: Rule(
        "A job still needs the image.", "Delete it when its jobs have ended.", 409, 1
    ),
    Code.NO_DEMO_DEVICES: Rule(
        "No demo devices are running.", "Start the system with `flashyard up --demo`.", 409, 1
    ),
    Code.SYSTEM_DISK: Rule(
        "This is the disk the hub's own system lives on.",
        "Check the port; this disk is never written.",
        None,
        4,
    ),
    Code.DISK_NOT_REMOVABLE: Rule(
        "The disk is not a removable one.", "Only USB disks and cards are written.", None, 4
    ),
    Code.DISK_READ_ONLY: Rule(
        "The disk is read-only.", "Move the card's lock, or use another medium.", None, 1
    ),
    Code.DISK_IN_USE: Rule(
        "The disk is in use.",
        "Unmount it and stop what uses it, then retry.",
        None,
        1,
        transient=True,
    ),
    Code.PARTITION_DENIED: Rule(
        "The partition is one that a device may not survive being written.",
        "Be sure that the image is for this very device, then allow it with `--allow-dangerous` "
        "or `allowDangerous`.",
        None,
        4,
    ),
    Code.NOT_BOOTED: Rule(
        "The device did not come back as it should have.",
        "Look at its screen; what was written is on it.",
        None,
        6,
    ),
    Code.UNKNOWN_STANDING_ORDER: Rule(
        "No such standing order.", "List them with `flashyard standing list`.", 404, 1
    ),
    Code.DATABASE_UNREACHABLE: Rule(
        "The bridge's database cannot be used.",
        "Check its disk and --database.",
        503,
        7,
        transient=True,
    ),
    Code.QUARANTINED: Rule(
        "The device's place takes no jobs: too many in a row broke there.",
        "Change its cable or port, then release it with `flashyard release DEVICE`.",
        409,
        1,
    ),
    Code.ROLLBACK_IMPOSSIBLE: Rule(
        "There is no way back to be planned for this job.",
        "Look at `details`, or start it with `rollback` left out.",
        422,
        2,
    ),
    Code.UNKNOWN_BATCH: Rule(
        "No such batch.", "List them with `flashyard ls batches` or GET /api/flash/batches.", 404, 1
    ),
    Code.INTERNAL: Rule(
        "Something went wrong inside flashyard.",
        "The log has the details; please report it.",
        500,
        1,
    ),
}
