"""Putting the udev rule in its place, and having udev heed it at once. It can be done again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from flashyard.contract.faults import Code, refuse
from flashyard.doctor.host import Host
from flashyard.doctor.rule import FILE, group_of

_WITHIN = 20.0  # seconds for each word to udev
_TELL = (
    ("udevadm", "control", "--reload"),
    ("udevadm", "trigger", "--action=change", "--subsystem-match=usb", "--subsystem-match=block"),
)


def tell_udev(command: Sequence[str]) -> None:
    """Run one command of udev's.

    Raises:
        FaultError: `not_supported`: there is none; `illegal_state`: it failed.
    """
    if shutil.which(command[0]) is None:
        raise refuse(
            Code.NOT_SUPPORTED,
            f"There is no {command[0]} on this host.",
            hint="Install udev: sudo apt install udev",
        )
    try:
        done = subprocess.run(command, capture_output=True, timeout=_WITHIN, check=False)
    except subprocess.TimeoutExpired as late:
        raise refuse(
            Code.ILLEGAL_STATE,
            "udev does not answer.",
            hint="Look at it: systemctl status systemd-udevd",
        ) from late
    if done.returncode:
        raise refuse(
            Code.ILLEGAL_STATE,
            f"`{' '.join(command)}` failed.",
            hint="Look at it: systemctl status systemd-udevd",
            details=done.stderr.decode(errors="replace").strip(),
        )


def install(
    text: str,
    host: Host,
    again: str,
    tell: Callable[[Sequence[str]], None] = tell_udev,
) -> bool:
    """Write the rule where it is not there yet, and have it hold for what is plugged in already.

    Args:
        text: the rule.
        host: where to.
        again: the command that does it as root.
        tell: runs udev's commands.

    Returns:
        Whether the file was changed.

    Raises:
        FaultError: `not_supported`: no udev; `not_allowed`: not root; `invalid_request`: no such
            group; and as :func:`tell_udev`.
    """
    if host.is_container or not host.has_udev:
        raise refuse(
            Code.NOT_SUPPORTED,
            "This is a container: the rule belongs on its host."
            if host.is_container
            else "No udev runs here, and the rule would do nothing.",
            hint="`flashyard doctor --print-udev` prints it; "
            f"put it into /etc/udev/rules.d/{FILE} of the host that has the devices.",
        )
    if not host.user.is_root:
        raise refuse(Code.NOT_ALLOWED, "Only root may write udev's rules.", hint=f"Run: {again}")
    if (group := group_of(text)) not in host.groups:
        raise refuse(
            Code.INVALID_REQUEST,
            f"There is no group {group} on this host.",
            hint=f"Make it with `groupadd --system {group}`, or name another with --udev-group.",
        )
    is_new = _put(text, host.rules / FILE)
    for command in _TELL:
        tell(command)
    return is_new


def _put(text: str, path: Path) -> bool:
    try:
        if path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")  # which udev does not read
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o644)
        draft.replace(path)
    except OSError as error:
        raise refuse(
            Code.NOT_ALLOWED,
            f"{path} cannot be written: {error.strerror}.",
            hint="Is the file system read-only? `flashyard doctor --print-udev` prints the rule.",
        ) from error
    return True
