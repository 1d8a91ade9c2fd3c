"""A virtual machine on a stock kernel with USB on both ends, seeing this host's files.

It boots with QEMU's own translator, no KVM. The host's `/` is there, read-only under an overlay,
and one folder both can write to, at the same path. That folder is never cached: what is read in
small pieces belongs into `MEMORY` first. It knows nothing of what is run inside.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, Self

from support.guest.initramfs import BELL, HOST_TAG, ORDERS, SHARE_TAG, initramfs
from support.guest.kernel import Kernel

BOOT_S = 240.0
"""Seconds within which even a busy machine boots it."""

MEMORY = Path("/dev/shm")  # noqa: S108  # in the guest, whose memory it is
PYTHON_S = 120.0
OFF_S = 15.0
LIFE_S = 3600
"""Seconds after which a machine that nobody switched off ends by itself."""

_LOOK_S = 0.2
MEMORY_MB = 2560
CONTROLLERS = 2
QEMU = "qemu-system-x86_64"


class Finished(NamedTuple):
    """A command that ended in the guest: its exit status, and what it said on both outputs."""

    status: int
    out: str


class Underway:
    """A command that runs in the guest."""

    def __init__(self, guest: Guest, number: int, folder: Path) -> None:
        self._guest = guest
        self._number = number
        self._folder = folder

    @property
    def out(self) -> str:
        """What it has said so far."""
        said = self._folder / "out"
        return said.read_text(errors="replace") if said.exists() else ""

    def wait(self, within: float) -> Finished:
        """Wait for its end.

        Raises:
            TimeoutError: it goes on after so many seconds; it was killed.
        """
        status = self._guest.ended(self._number, within)
        if status is None:
            self.stop()
            raise TimeoutError(f"It did not end within {within:g} s:\n{self.out}")
        return Finished(status, self.out)

    def wait_for(self, word: str, within: float) -> None:
        """Wait until it has said something.

        Raises:
            TimeoutError: it has not, after so many seconds.
        """
        deadline = time.monotonic() + within
        while word not in self.out:
            ended = self._guest.ended(self._number, _LOOK_S) is not None
            if word not in self.out and (ended or time.monotonic() > deadline):
                raise TimeoutError(f"It never said {word!r}:\n{self.out}")

    def terminate(self) -> None:
        """Ask it to end: SIGTERM, to it and whatever it started in its session."""
        self._guest.tell(f"term {self._number}")

    def stop(self) -> None:
        """Kill it, and whatever it started in its session."""
        self._guest.tell(f"kill {self._number}")


class Guest:
    """The machine between entering and leaving the context.

    Args:
        kernel: what it boots.
        share: an empty directory; the commands' files lie there, and whatever a test puts in.

    Attributes:
        boot_s: seconds from power on to the first command.
    """

    def __init__(self, kernel: Kernel, share: Path) -> None:
        self.share = share.resolve()
        self.boot_s = 0.0
        self._kernel = kernel
        self._machine: subprocess.Popen[bytes] | None = None
        self._bell, self._its_bell = socket.socketpair()
        self._heard = b""
        self._ended: dict[int, int] = {}
        self._count = 0
        self._has_forks = False

    def __enter__(self) -> Self:
        """Boot.

        Raises:
            TimeoutError: it did not come up; the message ends with its console's last lines.
        """
        self._power_on()
        try:
            self._await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._machine is not None
        if self._machine.poll() is None:
            try:
                self.tell("off")
                self._machine.wait(OFF_S)
            except (OSError, subprocess.TimeoutExpired):
                self._machine.terminate()
        self._machine.wait()
        self._bell.close()

    def run(self, *command: str | Path, within: float = 60.0) -> Finished:
        """Run a command to its end, see `start`."""
        return self.start(*command).wait(within)

    def told(self, line: str, within: float = 90.0) -> str:
        """Run a line for the shell that must succeed; what it said."""
        done = self.run(line, within=within)
        assert done.status == 0, done.out
        return done.out

    def start(self, *command: str | Path) -> Underway:
        """Start a command with this process's Python path, in a session of its own.

        Args:
            command: its words; or one, which is a line for the shell.
        """
        underway, folder = self._numbered()
        words = shlex.join(map(str, command))
        line = str(command[0]) if len(command) == 1 else f"exec {words}"
        paths = os.pathsep.join(path for path in sys.path if path)
        folder.joinpath("command").write_text(
            f"export PATH={shlex.quote(os.environ['PATH'])}:/usr/sbin:/sbin HOME=/tmp\n"
            f"export PYTHONPATH={shlex.quote(paths)} PYTHONUNBUFFERED=1\n"
            f"{line}\n"
        )
        self.tell(f"run {folder.name}")
        return underway

    def start_module(self, module: str, *arguments: str | Path) -> Underway:
        """Start `python -m MODULE …` on this process's Python path; see `forks`."""
        if not self._has_forks:
            words = (sys.executable, "-m", "support.guest.forks", ORDERS, BELL)
            self.start(f"mkfifo {ORDERS} && exec {shlex.join(map(str, words))}").wait_for(
                "ready", PYTHON_S
            )
            self._has_forks = True
        underway, folder = self._numbered()
        folder.joinpath("words").write_text(json.dumps([module, *map(str, arguments)]))
        self.tell(f"fork {folder.name}")
        return underway

    def _numbered(self) -> tuple[Underway, Path]:
        self._count += 1
        folder = self.share / str(self._count)
        folder.mkdir()
        return Underway(self, self._count, folder), folder

    def tell(self, line: str) -> None:
        """Ring the bell with one line of what `initramfs` lists."""
        self._bell.sendall(line.encode() + b"\n")

    def ended(self, number: int, within: float) -> int | None:
        """Wait for a command's exit status; None where there is none in so many seconds."""
        deadline = time.monotonic() + within
        while number not in self._ended:
            line = self._next_line(deadline)
            if line is None:
                return None
            ended, status = line.split()
            self._ended[int(ended)] = int(status)
        return self._ended[number]

    @property
    def console(self) -> str:
        """What the kernel said."""
        return (self.share / "console").read_text(errors="replace")

    def _power_on(self) -> None:
        early = self.share / "initramfs"
        early.write_bytes(initramfs(self._kernel, self.share, CONTROLLERS))
        command: list[str | Path] = [
            # Whatever becomes of this process, the machine goes.
            *("timeout", "--kill-after=5", str(LIFE_S)),
            *(QEMU, "-accel", "tcg,thread=multi", "-smp", "2"),
            *("-m", str(MEMORY_MB), "-nodefaults", "-display", "none", "-no-reboot"),
            *("-kernel", self._kernel.image, "-initrd", early),
            *("-append", "console=ttyS0 panic=-1 mitigations=off rdinit=/init"),
            *("-serial", f"file:{self.share / 'console'}"),
            *("-chardev", f"socket,id=bell,fd={self._its_bell.fileno()}"),
            *("-serial", "chardev:bell"),
            *_shared("/", HOST_TAG, ",readonly=on,multidevs=remap"),
            *_shared(self.share, SHARE_TAG),
        ]
        with self._its_bell as theirs:
            self._machine = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
            )

    def _await_ready(self) -> None:
        started = time.monotonic()
        deadline = started + BOOT_S
        if self._next_line(deadline) != "ready":
            raise TimeoutError(f"The guest did not boot within {BOOT_S:g} s:\n{self._last_words()}")
        self.boot_s = time.monotonic() - started

    def _next_line(self, deadline: float) -> str | None:
        while b"\n" not in self._heard:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._bell.settimeout(left)
            try:
                heard = self._bell.recv(4096)
            except TimeoutError:
                return None
            if not heard:
                raise ConnectionError(f"The guest went down:\n{self._last_words()}")
            self._heard += heard
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode().strip()

    def _last_words(self) -> str:
        return "\n".join(self.console.splitlines()[-30:])


def _shared(path: str | Path, tag: str, how: str = "") -> tuple[str, ...]:
    return (
        *("-fsdev", f"local,id={tag},path={path},security_model=none{how}"),
        *("-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"),
    )
