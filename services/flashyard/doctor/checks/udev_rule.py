"""Is our udev rule there, as this version and these settings would write it?"""

from __future__ import annotations

from flashyard.doctor.bench import Bench
from flashyard.doctor.finding import About, Finding
from flashyard.doctor.rule import FILE

_ABOUT = About("udev rule")


def udev_rule(bench: Bench) -> Finding:
    """Compare the file with the text it should have."""
    host = bench.host
    if not host.has_udev:
        where = "in this container; the rule belongs on its host" if host.is_container else "here"
        return _ABOUT.unknown(f"No udev runs {where}.", bench.look)
    if bench.installed is None:
        if host.is_container:
            return _ABOUT.unknown(f"This container is not shown its host's {FILE}.", bench.install)
        return _missing(bench)
    if bench.installed != bench.wanted:
        return _ABOUT.warning(
            f"{FILE} is not what this version and these settings would write.", bench.install
        )
    return _ABOUT.ok(f"{FILE} is in its place.")


def _missing(bench: Bench) -> Finding:
    """Judge by what it would be for: others' rules, or root's rights, may do for opening."""
    devices = bench.devices()
    if bench.host.user.is_root or (
        devices and all(bench.host.opening(bench.host.node(each)) is None for each in devices)
    ):
        return _ABOUT.warning(
            "There is no rule of ours. Devices can be opened without it, but may be put to sleep "
            "and asked whether they are modems.",
            bench.install,
        )
    return _ABOUT.problem(
        f"There is no rule that lets {bench.host.user.name} open devices.", bench.install
    )
