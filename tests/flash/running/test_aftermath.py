"""What a run has left on a device is told in its newest words, and what broke is among them."""

from __future__ import annotations

from flashyard.flash.running.aftermath import Aftermath
from flashyard.flash.running.run import Run


def test_the_newest_word_of_each_thing_is_told() -> None:
    run = Run(("boot",))
    left = Aftermath(run)
    assert run.device_state == "untouched"
    left.note("boot_a", "may be erased")
    left.note("device", "not restarted")
    left.note("boot_a", "partly written")
    assert run.device_state == "boot_a partly written, device not restarted"
    left.forget("boot_a")
    assert run.device_state == "device not restarted"


def test_of_very_many_partitions_the_last_is_the_one_that_is_told() -> None:
    run = Run(("boot",))
    left = Aftermath(run)
    for number in range(64):
        left.note(f"a_partition_with_a_long_name_{number}", "written")
    left.note("system_a", "partly written")
    assert run.device_state.endswith("_63 written, system_a partly written")
    assert run.device_state.startswith("…, a_partition")
    assert len(run.device_state) <= 1000
