"""Does the bridge answer where images come from, and does its clock go as ours?"""

from __future__ import annotations

import time
from collections.abc import Callable

from flashyard.agent.clock import SHOWN_SKEW_MS
from flashyard.client.readiness import Readiness, readiness
from flashyard.client.unreachable import UnreachableError
from flashyard.doctor.finding import About, Finding

_ABOUT = About("bridge")
_CLOCK = About("clock")
WITHIN = 2.5  # seconds


async def bridge(url: str, *, is_told: bool, now: Callable[[], float] = time.time) -> list[Finding]:
    """Ask for its readiness.

    Args:
        url: the bridge's.
        is_told: was it named, or is it looked for where `flashyard up` has one?
        now: this host's clock, Unix seconds.
    """
    try:
        answer = await readiness(url, WITHIN, now)
    except UnreachableError as error:
        no_clock = _CLOCK.unknown("No bridge told the time to compare with.")
        if is_told:
            return [_ABOUT.problem(error.sentence, f"curl -v {url}/api/v1/ready"), no_clock]
        sentence = f"No --bridge-url was named, and none is at {url}."
        return [_ABOUT.unknown(sentence, "flashyard up"), no_clock]
    return [_told(url, answer), clock(answer)]


def _told(url: str, answer: Readiness) -> Finding:
    if answer.ok:
        return _ABOUT.ok(f"{url} answers, and knows its hubs.")
    return _ABOUT.warning(
        f"{url} answers, and does not know its hubs yet: has it a broker?", f"curl {url}/health"
    )


def clock(answer: Readiness) -> Finding:
    """Judge how far the clocks are apart; a slow answer proves nothing."""
    off, doubt = abs(answer.ahead_ms), answer.within_ms
    if off <= SHOWN_SKEW_MS:
        return _CLOCK.ok(f"It is within {(off + doubt) / 1000:.1f} s of the bridge's.")
    if off - doubt <= SHOWN_SKEW_MS:
        return _CLOCK.unknown("The bridge answered too slowly to compare the clocks.")
    way = "ahead of" if answer.ahead_ms > 0 else "behind"
    return _CLOCK.warning(
        f"It is {off / 1000:.0f} s {way} the bridge's; jobs are told by the bridge's, "
        "and this host's log is not.",
        "sudo timedatectl set-ntp true",
    )
