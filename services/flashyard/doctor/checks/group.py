"""Is this user in the group that the udev rule gives devices to?"""

from __future__ import annotations

from flashyard.doctor.bench import Bench
from flashyard.doctor.finding import About, Finding

_ABOUT = About("group")


def group(bench: Bench) -> Finding:
    """Look at the groups of this process, and at those of the user's next login."""
    user, wanted = bench.host.user, bench.rules_group
    if user.is_root:
        return _ABOUT.ok("This is root, who needs no group.")
    if wanted in user.groups:
        return _ABOUT.ok(f"{user.name} is in {wanted}.")
    if wanted in user.listed:
        return _ABOUT.warning(
            f"{user.name} has been put into {wanted}, which counts from the next login on.",
            f"newgrp {wanted}",
        )
    return _ABOUT.warning(
        f"{user.name} is not in {wanted}: without it only who sits at the screen is given devices, "
        "and no service is.",
        bench.join,
    )
