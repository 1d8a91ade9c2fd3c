"""One host talking to one emulated device: commands in, replies out.

The same over every wire (AOSP fastboot README, "Session"). It knows no socket and no file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing

from flashyard.flash.emulator.device import Device, Mode
from flashyard.flash.emulator.mischief import Kind, Mischief
from flashyard.flash.emulator.reply import RefusedError, data, fail, info, okay
from flashyard.flash.emulator.staged import Staged
from flashyard.flash.emulator.throttle import Throttle
from flashyard.flash.emulator.variables import all_variables, variable
from flashyard.flash.emulator.wire import Wire, WireGoneError

LONGEST_COMMAND = 64
_BUFFER = 1 << 20
_SIZE = re.compile(r"[0-9a-fA-F]{1,8}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,18}", re.ASCII)

_RESTARTS: Mapping[str, Mode] = {
    "reboot": Mode.BOOTLOADER,
    "reboot-bootloader": Mode.BOOTLOADER,
    "reboot-recovery": Mode.BOOTLOADER,
    "reboot-fastboot": Mode.USERSPACE,
    "continue": Mode.BOOTLOADER,
    "shutdown": Mode.BOOTLOADER,
}
"""Which fastboot answers after each; whoever starts an emulated device wants it to come back."""

_BOOTS_THE_SYSTEM = frozenset({"reboot", "continue"})


class Session:
    """Serves one host until the wire is gone.

    Args:
        device: whose state the commands change.
        wire: the host's line.
        throttle: the link's speed limit, if it has one.
        pause: waits so many seconds, or until the device is switched off.
        restart: takes the device off its links for a while.
    """

    def __init__(
        self,
        device: Device,
        wire: Wire,
        throttle: Throttle | None,
        pause: Callable[[float], object],
        restart: Callable[[], None],
    ) -> None:
        self._device = device
        self._wire = wire
        self._throttle = throttle
        self._pause = pause
        self._restart = restart
        self._staged: Staged | None = None
        self._commands: Mapping[str, Callable[[str], str]] = {
            "getvar": self._getvar,
            "download": self._download,
            "flash": self._flash,
            "erase": self._erase,
            "set_active": self._set_active,
            "create-logical-partition": self._create_logical,
            "delete-logical-partition": self._delete_logical,
            "resize-logical-partition": self._resize_logical,
            "snapshot-update": self._snapshot_update,
            **dict.fromkeys(_RESTARTS, self._accept),
        }

    def run(self) -> None:
        """Answer commands until the host or the device goes away.

        Raises:
            WireGoneError: always, in the end.
        """
        try:
            while True:
                self._serve(self._wire.read_command())
        finally:
            self._drop_staged()

    def _serve(self, packet: bytes) -> None:
        if len(packet) > LONGEST_COMMAND:
            self._say(fail("command too long"))
            return
        command = packet.decode("ascii", "replace")
        word, _, argument = command.partition(":")
        self._device.note(command, word if word in self._commands else "unknown")
        if mischief := self._device.mishaps.due(word):
            self._misbehave(mischief, argument)
            return
        try:
            reply = okay(self._commands.get(word, self._unknown)(argument))
        except RefusedError as refusal:
            reply = fail(str(refusal))
        self._say(reply)
        if word in _RESTARTS and not argument:
            self._go_down(word)

    def _say(self, reply: bytes) -> None:
        if self._device.profile.latency_s:
            self._pause(self._device.profile.latency_s)
        self._wire.send(reply)

    def _misbehave(self, mischief: Mischief, argument: str) -> None:
        if mischief.kind is Kind.FAIL:
            self._say(fail("injected fault"))
        elif mischief.kind is Kind.SHORT:
            self._say(okay()[:2])
        elif mischief.kind is Kind.GARBLE:
            self._say(b"\x00\xffWHAT?")
        elif mischief.kind is Kind.CUT:
            if mischief.command == "download":
                self._receive(self._requested(argument), mischief.cut_after)
            self._wire.cut()
            raise WireGoneError("the link was cut on purpose")

    def _getvar(self, name: str) -> str:
        with self._device.lock:
            if name != "all":
                return variable(self._device, name)
            lines = list(all_variables(self._device))
        for line in lines:
            self._say(info(line))
        return ""

    def _download(self, argument: str) -> str:
        size = self._requested(argument)
        self._receive(size, size)
        return ""

    def _requested(self, argument: str) -> int:
        size = int(argument, 16) if _SIZE.fullmatch(argument) else 0
        if size == 0:
            raise RefusedError("bad download size")
        if size > self._device.profile.max_download_size:
            raise RefusedError("data too large")
        return size

    def _receive(self, size: int, until: int) -> None:
        self._drop_staged()
        self._staged = staged = self._device.stage()
        self._say(data(size))
        left = min(size, until)
        step = min(_BUFFER, self._throttle.step if self._throttle else _BUFFER)
        buffer = memoryview(bytearray(min(step, size)))
        while left:
            count = self._wire.read_into(buffer[: min(left, len(buffer))])
            left -= count
            staged.take(buffer[:count])
            self._device.add_received(count)
            if self._throttle:
                self._throttle.passed(count)
        staged.finish()

    def _flash(self, name: str) -> str:
        staged, self._staged = self._staged, None
        if staged is None:
            raise RefusedError("no image was downloaded")
        with closing(staged):
            with self._device.lock:
                full = self._device.partition(name)
            self._say(info(f"writing {full}, {staged.expanded_size} bytes"))
            with self._device.lock:
                self._device.flash(full, staged)
        return ""

    def _erase(self, name: str) -> str:
        with self._device.lock:
            self._device.erase(name)
        return ""

    def _set_active(self, slot: str) -> str:
        with self._device.lock:
            self._device.require_unlocked()
            self._device.slots.activate(slot.removeprefix("_"))
        return ""

    def _create_logical(self, argument: str) -> str:
        name, size = _name_and_size(argument)
        with self._device.lock:
            self._device.require_unlocked()
            self._device.partitions.create(name, size)
        return ""

    def _delete_logical(self, name: str) -> str:
        with self._device.lock:
            self._device.delete_logical(name)
        return ""

    def _resize_logical(self, argument: str) -> str:
        name, size = _name_and_size(argument)
        with self._device.lock:
            self._device.resize_logical(name, size)
        return ""

    def _snapshot_update(self, action: str) -> str:
        if action != "cancel":
            raise RefusedError("no snapshot update is under way")
        return ""

    def _accept(self, argument: str) -> str:
        return self._unknown(argument) if argument else ""

    def _unknown(self, _argument: str) -> str:
        raise RefusedError("unknown command")

    def _go_down(self, word: str) -> None:
        self._wire.linger()
        with self._device.lock:
            self._device.boot(_RESTARTS[word], system=word in _BOOTS_THE_SYSTEM)
        self._restart()
        raise WireGoneError("the device restarts")

    def _drop_staged(self) -> None:
        if self._staged is not None:
            self._staged.close()
            self._staged = None


def _name_and_size(argument: str) -> tuple[str, int]:
    name, _, size = argument.rpartition(":")
    if not name or not _DECIMAL.fullmatch(size):
        raise RefusedError("expected NAME:SIZE")
    return name, int(size)
