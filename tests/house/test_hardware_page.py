"""What docs/hardware.md has people type is understood."""

from __future__ import annotations

import re
from pathlib import Path

import typer

from flashyard.cli.app import app
from flashyard.contract.faults import Code

PAGE = Path(__file__).parents[2] / "docs/hardware.md"
_COMMAND = re.compile(
    r"(?:^|`|time |sudo )(?:\$\(command -v )?flashyard\)? (?P<name>[a-z]+)(?P<rest>[^`;|\n]*)",
    re.MULTILINE,
)
_OPTION = re.compile(r"--[a-z-]+")
_CODE = re.compile(r"`([a-z]+_[a-z_]+)`")
# What else is written like a fault's code: the kernel's, and a partition.
_NO_CODES = {"usbfs_memory_mb", "runtime_status", "xhci_hcd", "dummy_hcd", "system_b"}


def text() -> str:
    """The page, its inline code unfolded where a line ends in the middle of it."""
    return re.sub(r"\n {2,4}", " ", PAGE.read_text(encoding="utf-8"))


def test_every_command_and_option_on_it_is_there() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    seen = 0
    for match in _COMMAND.finditer(text()):
        command = root.commands[match["name"]]
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        options = set(_OPTION.findall(match["rest"]))
        assert options <= known, match[0]
        seen += 1
    assert seen > 10


def test_every_fault_it_expects_is_one() -> None:
    codes = {*map(str, Code)}
    for name in _CODE.findall(text()):
        assert name in codes | _NO_CODES, name
