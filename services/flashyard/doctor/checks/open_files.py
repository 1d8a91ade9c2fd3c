"""May a hub open as many files as so many devices need?"""

from __future__ import annotations

import resource

from flashyard.doctor.finding import About, Finding

_ABOUT = About("open files")
BASE = 64  # of the process itself: its libraries, log, loop, link and journal
EACH = 16  # of a job, generously: its device, events, image, connections


def open_files(at_once: int, limits: tuple[int, int] | None = None) -> Finding:
    """Compare with ``at_once`` jobs; ``limits``: soft and hard, by default this process's."""
    soft, hard = limits or resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = BASE + EACH * at_once
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return _ABOUT.ok(f"{_said(soft)} may be open, enough for {at_once} jobs at once.")
    sentence = f"{_said(soft)} may be open, and {at_once} jobs at once (--max-parallel) may need "
    sentence += f"{needed}."
    if hard == resource.RLIM_INFINITY or hard >= needed:
        return _ABOUT.warning(sentence, f"ulimit -n {needed}")
    return _ABOUT.warning(sentence, f"sudo prlimit --nofile={needed} --pid $$")


def _said(limit: int) -> str:
    return "Any number of files" if limit == resource.RLIM_INFINITY else f"{limit} files"
