"""One host talking to one emulated device: commands in, replies out.

The same over every wire (AOSP fastboot README, "Session"). It knows no socket and no file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing

from flashyard.flash.emulator.command import LONGEST_COMMAND, RESTARTS, Command
from flashyard.flash.emulator.device import Device
from flashyard.flash.emulator.mischief import Kind, Mischief
from flashyard.flash.emulator.reply import RefusedError, data, fail, info, okay
from flashyard.flash.emulator.staged import Staged
from flashyard.flash.emulator.throttle import Throttle
from flashyard.flash.emulator.variables import all_variables, variable
from flashyard.flash.emulator.wire import Wire, WireGoneError

_BUFFER = 1 << 20


class Session:
    """Serves one host until the wire is gone.

    Args:
        device: whose state the commands change.
        wire: the host's line.
        throttle: the link's speed limit, if it has one.
        pause: waits so many seconds, or until the device is switched off.
        restart: takes the device off its links for a while, but for this session's wire.
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
        self._commands: Mapping[str, Callable[[Command], str]] = {
            "getvar": self._getvar,
            "download": self._download,
            "fetch": self._fetch,
            "flash": self._flash,
            "erase": self._erase,
            "set_active": self._set_active,
            "create-logical-partition": self._create_logical,
            "delete-logical-partition": self._delete_logical,
            "resize-logical-partition": self._resize_logical,
            "snapshot-update": self._snapshot_update,
            "update-super": self._update_super,
            **dict.fromkeys(RESTARTS, self._go_down),
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
        command = Command.parse(packet)
        self._device.note(command)
        try:
            if mischief := self._device.mishaps.due(command.word):
                self._misbehave(mischief, command)
                return
            reply = okay(self._commands.get(command.word, self._unknown)(command))
        except RefusedError as refusal:
            reply = fail(str(refusal))
        self._say(reply)
        if command.restarts:
            self._wire.linger()
            raise WireGoneError("the device restarts")

    def _say(self, reply: bytes) -> None:
        if self._device.profile.latency_s:
            self._pause(self._device.profile.latency_s)
        self._wire.send(reply)

    def _misbehave(self, mischief: Mischief, command: Command) -> None:
        if mischief.kind is Kind.FAIL:
            self._say(fail("injected fault"))
        elif mischief.kind is Kind.SHORT:
            self._say(okay()[:2])
        elif mischief.kind is Kind.GARBLE:
            self._say(b"\x00\xffWHAT?")
        elif mischief.kind is Kind.CUT:
            if command.word == "download":
                self._receive(self._announced(command), mischief.cut_after)
            self._wire.cut()
            raise WireGoneError("the link was cut on purpose")
        elif mischief.kind is Kind.DIE:
            self._device.is_dead = True
            self._wire.cut()
            self._restart()
            raise WireGoneError("the device died on purpose")

    def _getvar(self, command: Command) -> str:
        with self._device.lock:
            if command.argument != "all":
                return variable(self._device, command.argument)
            lines = list(all_variables(self._device))
        for line in lines:
            self._say(info(line))
        return ""

    def _download(self, command: Command) -> str:
        size = self._announced(command)
        self._receive(size, size)
        return ""

    def _announced(self, command: Command) -> int:
        size = command.size()
        with self._device.lock:
            limit = self._device.max_download_size
        if size > limit:
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
        staged.weight.finish()

    def _flash(self, command: Command) -> str:
        staged, self._staged = self._staged, None
        if staged is None:
            raise RefusedError("no image was downloaded")
        with closing(staged):
            with self._device.lock:
                full = self._device.admit(command.argument, staged)
            self._say(info(f"writing {full}, {staged.weight.expanded_size} bytes"))
            if staged.weight.mended:
                self._say(info("the sparse image lacks its last DONT_CARE chunk"))
            with self._device.lock:
                self._device.write(full, staged)
        return ""

    def _fetch(self, command: Command) -> str:
        name, offset, size = command.name_and_range()
        with self._device.lock:
            full, length = self._device.admit_fetch(name, offset, size)
        self._say(data(length))
        try:
            for piece in self._device.media.read(full, offset, length):
                self._wire.send(piece)
                if self._throttle:
                    self._throttle.passed(len(piece))
        except OSError as error:
            raise WireGoneError(f"{full} cannot be read: {error}") from error
        return ""

    def _erase(self, command: Command) -> str:
        with self._device.lock:
            self._device.erase(command.argument)
        return ""

    def _set_active(self, command: Command) -> str:
        with self._device.lock:
            self._device.set_active(command.argument)
        return ""

    def _create_logical(self, command: Command) -> str:
        name, size = command.name_and_size()
        with self._device.lock:
            self._device.create_logical(name, size)
        return ""

    def _delete_logical(self, command: Command) -> str:
        with self._device.lock:
            self._device.delete_logical(command.argument)
        return ""

    def _resize_logical(self, command: Command) -> str:
        name, size = command.name_and_size()
        with self._device.lock:
            self._device.resize_logical(name, size)
        return ""

    def _snapshot_update(self, command: Command) -> str:
        if command.argument != "cancel":
            raise RefusedError("no snapshot update is under way")
        return ""

    def _update_super(self, command: Command) -> str:
        staged, self._staged = self._staged, None
        if staged is None:
            raise RefusedError("no image was downloaded")
        name, _, wipe = command.argument.partition(":")
        if wipe not in {"", "wipe"}:
            raise RefusedError("expected NAME or NAME:wipe")
        with closing(staged), self._device.lock:
            self._device.update_super(name, staged, wipe=bool(wipe))
        return ""

    def _go_down(self, command: Command) -> str:
        """Restart before the OKAY: whoever has heard that must not meet the device as it was."""
        if not command.restarts:
            return self._unknown(command)
        with self._device.lock:
            self._device.boot(after=command.word)
        self._restart()
        return ""

    def _unknown(self, _command: Command) -> str:
        raise RefusedError("unknown command")

    def _drop_staged(self) -> None:
        if self._staged is not None:
            self._staged.close()
            self._staged = None
