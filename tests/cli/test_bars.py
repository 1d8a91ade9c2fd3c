from __future__ import annotations

import io

from rich.console import Console

from flashyard.cli.bars import Bars
from flashyard.client.follow import Caught, Changed, Gap, News
from flashyard.contract.expected import Expected
from flashyard.contract.faults import Code
from flashyard.contract.phases import Phase, Status
from support.facts import START, a_job


def picture(*news: News, width: int = 100) -> list[str]:
    """The last picture after the news, without colours."""
    console = Console(file=io.StringIO(), width=width)
    bars = Bars([], console)
    for each in news:
        bars.show(each)
    with console.capture() as capture:
        console.print(bars._picture())
    return [line.rstrip() for line in capture.get().splitlines()]


RUNNING = Changed(
    a_job(progress=45.5, transfer_speed=21_250_000, estimated_time_remaining=110), START
)


def test_a_device_has_one_line_with_phase_percent_speed_and_time_left() -> None:
    overall, row = picture(RUNNING)
    assert overall == "1 device · 1 writing · about 2 min left"
    assert row.startswith("PIXEL6_001 writing ")
    assert row.endswith(" 45.5%  20.3 MiB/s   2 min left")


def test_it_fits_a_small_terminal() -> None:
    for width in (60, 80):
        assert all(len(line) <= width for line in picture(RUNNING, width=width))


def test_the_first_line_counts_all_of_them() -> None:
    jobs = [
        a_job(f"job_1703001234_abc12{n}", device_id=f"D{n}", status=status)
        for n, status in enumerate(("running", "queued", "completed", "completed", "paused"))
    ]
    overall = picture(*(Changed(job, START) for job in jobs))[0]
    assert overall == "5 devices · 1 writing · 1 queued · 2 completed · 1 paused"


def test_what_went_wrong_stays_below_with_the_way_out() -> None:
    failed = a_job(status="failed", code=Code.LINK_LOST, error="The link broke.", hint="Retry.")
    *_, sentence, hint = picture(Changed(failed, START))
    assert sentence == "PIXEL6_001: The link broke."
    assert hint.strip() == "hint: Retry."


def test_old_news_looks_old() -> None:
    lost = a_job(lost=True, transfer_speed=5_000_000)
    overall, row = picture(Changed(lost, START))
    assert "1 silent" in overall
    assert "MiB/s" not in row


def test_a_bridge_out_of_reach_is_told_until_it_is_back() -> None:
    assert "out of reach (Connection refused)" in picture(RUNNING, Gap("Connection refused"))[0]
    assert "out of reach" not in picture(RUNNING, Gap("Connection refused"), Caught())[0]


def test_no_time_is_promised_in_a_jobs_first_moments() -> None:
    young = a_job(progress=0.2, estimated_time_remaining=900, phase=Phase.WRITING)
    assert "left" not in picture(Changed(young, START))[1]


def test_ended_jobs_make_room_when_there_are_too_many() -> None:
    ended = [
        Changed(a_job(f"job_1703001234_{n:06}", device_id=f"D{n}", status=Status.COMPLETED), START)
        for n in range(80)
    ]
    lines = picture(RUNNING, *ended)
    assert len(lines) == 51
    assert any(line.startswith("PIXEL6_001") for line in lines)
    assert not any(line.startswith("D0 ") for line in lines)


def test_what_is_usual_is_told_beside_what_is_measured_where_there_is_room() -> None:
    usual = Expected(duration_ms=79_700, samples=3, basis=("image",), phases=())
    known = Changed(RUNNING.job.with_(expected=usual), START)
    assert picture(known)[1].endswith("   2 min left usually 1:20")
    assert picture(known, width=80)[1].endswith("   2 min left")
    ended = Changed(known.job.with_(status=Status.COMPLETED), START)
    assert "usually" not in picture(ended)[1]
