"""Faults: every code has a sentence, a way out, and its statuses as the contract says."""

from __future__ import annotations

import pytest

from flashyard.contract.faults import TABLE, Code, Fault, fault, refuse

# Section 6 of the contract, word by word, and what was added at its end:
# code, HTTP status (-: none of its own), exit, transient.
CONTRACT = """
unknown_device 404 1 · device_offline 409 1 T · ambiguous_device 409 2 · unknown_job 404 1 ·
illegal_state 409 1 · already_final 409 1 · invalid_request 422 2 · not_supported 422 2 ·
partition_required 422 2 · image_required 422 2 · image_too_large 422 1 ·
image_unreachable - 1 T · image_corrupt 422 6 · image_digest - 6 · unknown_image 404 1 ·
unknown_partition - 1 · incomplete_slot 422 2 · device_locked - 4 · device_mismatch - 1 ·
battery_low - 1 · device_refused - 1 · usb_unplugged - 1 T · link_lost - 1 T ·
device_silent - 1 T · protocol_error - 1 · verify_mismatch - 6 · timed_out - 1 T ·
interrupted - 1 T · hub_lost - 1 · cancelled - 3 · stale_order - 1 T · hub_no_answer 504 7 T ·
broker_unreachable 503 7 T · queue_full 429 1 T · idempotency_conflict 409 2 ·
duplicate_hub_id - 1 · port_in_use - 1 · disk_full 507 1 · not_allowed 403 4 ·
rate_limited 429 1 T · payload_too_large 413 2 · not_found 404 1 · method_not_allowed 405 2 ·
unsupported_media_type 415 2 · unknown_hub 404 1 · image_in_use 409 1 · no_demo_devices 409 1 ·
internal 500 1 ·
system_disk - 4 · disk_not_removable - 4 · disk_read_only - 1 · disk_in_use - 1 T ·
partition_denied - 4 · not_booted - 6 ·
unknown_standing_order 404 1 · database_unreachable 503 7 T ·
quarantined 409 1 · rollback_impossible 422 2 · unknown_batch 404 1
"""


def test_the_table_is_the_contracts() -> None:
    rows = {
        code: f"{rule.http or '-'} {rule.exit}" + (" T" if rule.transient else "")
        for code, rule in TABLE.items()
    }
    contract = dict(row.strip().split(" ", 1) for row in CONTRACT.replace("\n", " ").split("·"))
    assert {str(code): row for code, row in rows.items()} == contract


@pytest.mark.parametrize("code", Code)
def test_every_fault_is_a_sentence_and_a_way_out(code: Code) -> None:
    told = fault(code)
    assert told.sentence
    assert told.sentence[0].isupper()
    assert told.hint
    assert told.hint.endswith((".", "…`."))


def test_a_refusal_without_a_status_of_its_own_answers_409() -> None:
    assert fault(Code.STALE_ORDER).http == 409
    assert fault(Code.UNKNOWN_JOB).http == 404


def test_the_devices_own_words_travel_verbatim() -> None:
    error = refuse(Code.DEVICE_REFUSED, details="remote: 'Not allowed in locked state'")
    assert error.fault == Fault(
        Code.DEVICE_REFUSED,
        TABLE[Code.DEVICE_REFUSED].sentence,
        TABLE[Code.DEVICE_REFUSED].hint,
        "remote: 'Not allowed in locked state'",
    )
    assert "locked state" in str(error)
