from __future__ import annotations

import gc

from flashyard.agent.bandwidth import Bandwidth


def bandwidth(hub: int = 0, downloads: int = 0, kept: dict[str, int] | None = None) -> Bandwidth:
    book = {} if kept is None else kept
    made = Bandwidth(hub, downloads, lambda: 0.0, book.__setitem__)
    made.restore(dict(book))
    return made


def test_a_job_may_send_what_itself_its_device_and_the_hub_may() -> None:
    held = bandwidth(hub=5_000)
    allowance = held.for_job("DEVICE_1", "job-1", 4_000)
    assert allowance.rate == 4_000
    held.hold_device("DEVICE_1", 3_000)
    assert allowance.rate == 3_000
    held.hold_hub(2_000)
    assert allowance.rate == 2_000
    assert held.for_job("DEVICE_2", "job-2", None).rate == 2_000


def test_a_jobs_limit_is_changed_while_it_sends() -> None:
    held = bandwidth()
    allowance = held.for_job("DEVICE_1", "job-1", None)
    assert allowance.rate is None
    held.hold_job("job-1", 1_000)
    assert allowance.rate == 1_000
    held.hold_job("job-1", 0)
    assert allowance.rate is None
    del allowance
    gc.collect()
    held.hold_job("job-1", 1_000)  # it is over, and nobody is held to anything


def test_a_devices_limit_outlives_its_jobs() -> None:
    held = bandwidth()
    held.hold_device("DEVICE_1", 1_000)
    assert [held.for_job("DEVICE_1", job, None).rate for job in ("job-1", "job-2")] == [1_000] * 2
    assert (held.of_device("DEVICE_1"), held.of_device("DEVICE_2")) == (1_000, None)


def test_downloads_are_held_to_a_limit_of_their_own() -> None:
    held = bandwidth(1, 1_000)
    assert held.for_download().rate == held.of_downloads == 1_000


def test_what_was_ordered_wins_over_the_settings_of_a_later_run_also_where_it_was_lifted() -> None:
    kept: dict[str, int] = {"somebody else's": 7}
    first = bandwidth(1_000, 2_000, kept)
    first.hold_hub(0)
    first.hold_downloads(3_000)
    first.hold_device("DEVICE_1", 500)
    later = bandwidth(1_000, 2_000, kept)
    assert (later.of_hub, later.of_downloads, later.of_device("DEVICE_1")) == (None, 3_000, 500)
