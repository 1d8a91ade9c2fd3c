"""Jobs as bars on a terminal: a line over all, then one each. They never go backwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from flashyard.cli.amounts import clock, duration, rate
from flashyard.cli.canvas import Canvas
from flashyard.cli.outcome import fault_of, told_beside
from flashyard.cli.states import state_of
from flashyard.cli.talk import printable
from flashyard.client.follow import Caught, Changed, Gap, News
from flashyard.contract.phases import Phase, Status
from flashyard.contract.records import Job

_STYLES = {
    Status.COMPLETED: "green",
    Status.FAILED: "red",
    Status.CANCELLED: "yellow",
    Status.PAUSED: "yellow",
    Status.QUEUED: "dim",
}
_BUSY = frozenset({Phase.PREPARING, Phase.IDENTIFYING, Phase.ERASING})
_WIDE = 90  # columns, in which there is room for what is usual
_MOST = 50  # rows; of more, the ended ones that came first go


class Bars(Canvas):
    """Draws on a console while inside; the last picture stays."""

    def __init__(self, jobs: Iterable[Job], console: Console) -> None:
        self._jobs = {job.job_id: job for job in jobs}
        self._gap: str | None = None
        super().__init__(console, self._picture)

    def show(self, news: News) -> None:
        """Take in what changed; it is drawn with the next refresh."""
        match news:
            case Gap(reason):
                self._gap = reason
            case Caught():
                self._gap = None
            case Changed(job):
                self._jobs[job.job_id] = job
                ended = [each.job_id for each in self._jobs.values() if each.is_final]
                if len(self._jobs) > _MOST and ended:
                    del self._jobs[ended[0]]

    def _picture(self) -> RenderableType:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, width=12)
        table.add_column(ratio=1)
        for width in (6, 11, 12):
            table.add_column(justify="right", no_wrap=True, width=width)
        tells_usual = self._console.width >= _WIDE and any(map(_usual, self._jobs.values()))
        if tells_usual:
            table.add_column(no_wrap=True, style="dim")
        notes: list[RenderableType] = []
        for job in self._jobs.values():
            table.add_row(*_row(job), *([_usual(job)] if tells_usual else []))
            why = fault_of(job) if job.is_final else None
            if why is not None:
                style = _STYLES[job.status]
                notes.append(Text(printable(f"{job.device_id}: {why.sentence}"), style=style))
                notes += [Text(printable(f"  {more}")) for more in told_beside(job, why)]
        return Group(self._overall(), table, *notes)  # what matters most is never cut off

    def _overall(self) -> Text:
        jobs = list(self._jobs.values())
        count = Counter(map(state_of, jobs))
        devices = len({(job.hub_id, job.device_id) for job in jobs})
        parts = [f"{devices} device{'s' if devices != 1 else ''}" if jobs else "no job is active"]
        parts += [f"{number} {word}" for word, number in count.items()]
        left = max((job.estimated_time_remaining for job in jobs if not job.is_final), default=0)
        if left:
            parts.append(f"about {duration(left)} left")
        text = Text(" · ".join(parts), style="bold")
        if self._gap is not None:
            text.append(f" · the bridge is out of reach ({self._gap}); looking for it", "yellow")
        return text


def _row(job: Job) -> tuple[RenderableType, ...]:
    style = "dim" if job.lost else _STYLES.get(job.status, "cyan")
    word = state_of(job)
    is_guess = job.phase in _BUSY and job.progress == 0
    bar = ProgressBar(
        total=None if is_guess else 100.0,
        completed=job.progress,
        pulse=is_guess,
        complete_style=style,
        finished_style=style,
    )
    runs = job.status is Status.RUNNING and not job.lost
    return (
        Text(job.device_id),
        Text(word, style=style),
        bar,
        Text(f"{job.progress:.1f}%"),
        Text(rate(job.transfer_speed) if runs and job.transfer_speed else ""),
        Text(f"{duration(job.estimated_time_remaining)} left" if runs and _tells_time(job) else ""),
    )


def _usual(job: Job) -> str:
    """Tell what such a job usually takes, as long as that is of interest."""
    if job.expected is None or job.is_final:
        return ""
    return f"usually {clock(job.expected.duration_ms)}"


def _tells_time(job: Job) -> bool:
    """Is there an estimate worth showing? Not in a job's first moments."""
    return job.estimated_time_remaining > 0 and job.progress >= 1.0
