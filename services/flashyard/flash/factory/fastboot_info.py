"""`fastboot-info.txt`, version 1: what is to be done with a bundle, told by the bundle itself.

Source: AOSP's client, `fastboot/fastboot.cpp`, ParseFastbootInfo, and "Custom device development"
on source.android.com. A command it does not know is refused with its line, never passed over.
"""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from flashyard.contract.faults import Code, refuse
from flashyard.contract.model import Partition
from flashyard.flash.factory.script import Line, lines_of
from flashyard.flash.factory.tasks import Erase, Flash, IfWipe, Reboot, Task, UpdateSuper

NAME = "fastboot-info.txt"
VERSION = 1
MAX_TASKS = 256
_PARTITION: TypeAdapter[str] = TypeAdapter(Partition)
# The first only matters to clients that were told to switch verification off.
_APPLY_VBMETA, _SLOT_OTHER = "--apply-vbmeta", "--slot-other"


def parse(content: bytes) -> tuple[Task, ...]:
    """Read the file: its tasks in order.

    `erase` is known behind `if-wipe` alone, as documented; `reboot` alone, at the end, is what
    happens anyway.

    Raises:
        FaultError: `image_corrupt`: a line that cannot be meant; `not_supported`: a command or a
            version this product does not know.
    """
    tasks: list[Task] = []
    lines = list(lines_of(NAME, content))
    for line in lines:
        words = line.text.split()
        if words[0] == "version":
            _check_version(line, words[1:])
        elif words == ["reboot"] and line is lines[-1]:
            break
        else:
            tasks.append(_task(line, words))
    if len(tasks) > MAX_TASKS:
        raise refuse(Code.NOT_SUPPORTED, f"{NAME} asks for more than {MAX_TASKS} things.")
    return tuple(tasks)


def _check_version(line: Line, words: list[str]) -> None:
    if len(words) != 1 or not (words[0].isascii() and words[0].isdigit() and len(words[0]) < 10):
        raise line.refused("this is no version.")
    if int(words[0]) > VERSION:
        why = f"only version {VERSION} of the file is known."
        raise line.refused(why, Code.NOT_SUPPORTED)


def _task(line: Line, words: list[str]) -> Task:
    match words:
        case ["flash", *arguments]:
            return _flash(line, arguments)
        case ["update-super"]:
            return UpdateSuper()
        case ["reboot", "bootloader" | "fastboot" as into]:
            return Reboot("bootloader" if into == "bootloader" else "fastboot")
        case ["if-wipe", "erase", partition]:
            return IfWipe(Erase(_partition(line, partition)))
        case ["if-wipe", "flash", *arguments]:
            return IfWipe(_flash(line, arguments))
    raise line.refused("this command is not known.", Code.NOT_SUPPORTED)


def _flash(line: Line, arguments: list[str]) -> Flash:
    names = [each for each in arguments if each not in {_APPLY_VBMETA, _SLOT_OTHER}]
    if not 1 <= len(names) <= 2 or any(name.startswith("-") for name in names):
        raise line.refused("it is `flash [--apply-vbmeta] [--slot-other] PARTITION [FILE]`.")
    partition = _partition(line, names[0])
    return Flash(partition, (names[1:] or [f"{partition}.img"])[0], _SLOT_OTHER in arguments)


def _partition(line: Line, name: str) -> str:
    try:
        return _PARTITION.validate_python(name, strict=True)
    except ValidationError as error:
        raise line.refused(f"{name[:40]!r} is no name of a partition.") from error
