"""Python in the guest, started once: each program is a fork of it with everything imported.

Under QEMU's translator the imports of one `flashyard ls` take ten seconds. Runs inside:
`python -m support.guest.forks ORDERS BELL`; a line of ORDERS is the folder of a command, whose
file `words` has the module and its arguments. It tells nobody but the bell how they end.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from importlib import import_module
from pathlib import Path

_EARLY = (
    "flashyard.cli.flashing",
    "flashyard.cli.listing",
    "flashyard.cli.watching",
    "support.guest.disk",
    "support.guest.phone",
    "support.guest.target",
)


def _await_program(orders: Path, bell: Path) -> list[str]:
    """Fork for each order; returns its words in the fork, and never in the first process."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    with orders.open("r+b", buffering=0) as lines:  # for writing, too: so it has no end
        print("ready", flush=True)  # noqa: T201  # whoever started it waits for this line
        for line in lines:
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return _keep(Path(os.fsdecode(line.strip())), bell)
    raise EOFError(orders)


def _keep(folder: Path, bell: Path) -> list[str]:
    """Fork the program and tell how it ended; returns in the program."""
    program = os.fork()
    if program:
        _, status = os.waitpid(program, 0)
        code = os.waitstatus_to_exitcode(status)
        with bell.open("w", encoding="ascii") as told:
            told.write(f"{folder.name} {code if code >= 0 else 128 - code}\n")
        os._exit(0)
    os.setsid()
    (folder / "pid").write_text(f"{os.getpid()}\n", encoding="ascii")
    for file, path, how in ((0, "/dev/null", os.O_RDONLY), (1, folder / "out", os.O_WRONLY)):
        os.dup2(os.open(path, how | os.O_CREAT), file)
    os.dup2(1, 2)
    return [str(word) for word in json.loads((folder / "words").read_bytes())]


def _main() -> None:
    for module in _EARLY:
        import_module(module)
    orders, bell = map(Path, sys.argv[1:])
    module, *arguments = _await_program(orders, bell)
    sys.argv[1:] = arguments
    sys.modules.pop(module, None)  # as a program it begins anew; what it imports is there
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
