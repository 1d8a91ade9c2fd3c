"""A picture on a terminal, drawn again and again, that makes room for a question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

from flashyard.cli.keys import without_echoed_keys

_REFRESH = 5.0  # per second; the news come twice a second


class Canvas:
    """Shows what ``draw`` returns while inside; the last picture stays."""

    def __init__(self, console: Console, draw: Callable[[], RenderableType]) -> None:
        self._console = console
        self._draw = draw
        self._live = self._blank()
        self._restored = ExitStack()

    def __enter__(self) -> Self:
        # An echoed ^C would wrap at the end of a full row, and shift the picture.
        self._restored.enter_context(without_echoed_keys())
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        self._restored.close()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Leave the terminal to a question while inside."""
        self._live.stop()
        try:
            yield
        finally:
            self._live = self._blank()  # below what was written meanwhile
            self._live.start()

    def _blank(self) -> Live:
        return Live(
            console=self._console,
            refresh_per_second=_REFRESH,
            get_renderable=self._draw,
            redirect_stdout=False,
            redirect_stderr=False,
        )
