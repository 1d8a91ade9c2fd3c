"""What `getvar` answers: the reserved variables of the fastboot protocol, and two of our own.

`flashyard-emulator` is `1` here and unknown to any real device; `flashyard-name` is what people
call the device. Knows nothing of how the question came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from flashyard.flash.emulator.device import Device, Mode
from flashyard.flash.emulator.reply import RefusedError

_Plain = Callable[[Device], str]
_OfOne = Callable[[Device, str], str]

_PLAIN: Mapping[str, _Plain] = {
    "version": lambda _: "0.4",
    "version-bootloader": lambda _: "flashyard-1",
    "version-baseband": lambda _: "none",
    "product": lambda device: device.profile.product,
    "variant": lambda _: "emulator",
    "hw-revision": lambda _: "1",
    "security-patch-level": lambda _: "2024-01-01",
    "serialno": lambda device: device.profile.serial,
    "secure": lambda device: _yes_no(device.profile.locked),
    "unlocked": lambda device: _yes_no(not device.profile.locked),
    "is-userspace": lambda device: _yes_no(device.mode is Mode.USERSPACE),
    "slot-count": lambda device: str(len(device.slots)),
    "current-slot": lambda device: device.current_slot(),
    "max-download-size": lambda device: f"{device.max_download_size:#x}",
    "max-fetch-size": lambda device: f"{device.max_fetch_size():#x}",
    "super-partition-name": lambda _: "super",
    "snapshot-update-status": lambda _: "none",
    "battery-voltage": lambda device: str(device.profile.battery_mv),
    "battery-soc-ok": lambda device: _yes_no(device.battery_ok()),
    "flashyard-emulator": lambda _: "1",
    "flashyard-name": lambda device: device.profile.name or device.profile.serial,
}
_OF_A_SLOT: Mapping[str, _OfOne] = {
    "slot-successful": lambda device, slot: _yes_no(device.slots[slot].successful),
    "slot-unbootable": lambda device, slot: _yes_no(device.slots[slot].unbootable),
    "slot-retry-count": lambda device, slot: str(device.slots[slot].retries),
}
_OF_A_BARE_NAME: Mapping[str, _OfOne] = {
    "has-slot": lambda device, name: _yes_no(device.partitions.has_slot(name)),
}
_OF_A_PARTITION: Mapping[str, _OfOne] = {
    "partition-size": lambda device, name: f"{device.partitions.size(device.partition(name)):#x}",
    "partition-type": lambda device, name: device.partitions.kind(device.partition(name)),
    "is-logical": lambda device, name: _yes_no(
        device.partitions.is_logical(device.partition(name))
    ),
}


def variable(device: Device, name: str) -> str:
    """Answer `getvar:NAME`.

    Args:
        device: whose variable, its lock held.
        name: such as `product`, or `partition-size:boot`.

    Raises:
        RefusedError: there is no such variable, slot or partition.
    """
    if plain := _PLAIN.get(name):
        return plain(device)
    word, _, subject = name.partition(":")
    of_one = _OF_A_SLOT.get(word) or _OF_A_BARE_NAME.get(word) or _OF_A_PARTITION.get(word)
    if of_one is None:
        raise RefusedError("unknown variable")
    return of_one(device, subject)


def all_variables(device: Device) -> Iterator[str]:
    """What `getvar:all` lists, as `NAME:VALUE`, the device's lock held."""
    subjects = (
        (_OF_A_SLOT, device.slots.letters()),
        (_OF_A_BARE_NAME, device.partitions.bare_names()),
        (_OF_A_PARTITION, list(device.partitions)),
    )
    untold = set() if len(device.slots) else {"current-slot"}
    untold |= set() if device.media.keeps else {"max-fetch-size"}
    names = [name for name in _PLAIN if name not in untold]
    names += [f"{word}:{one}" for words, ones in subjects for word in words for one in ones]
    for name in names:
        yield f"{name}:{variable(device, name)}"


def _yes_no(answer: bool) -> str:  # noqa: FBT001 - the protocol's own two words
    return "yes" if answer else "no"
