"""A run as a live table on a terminal. The only module that knows rich, loaded only when used.

Events arrive in the thread that runs the flow; rich redraws in a thread of its own, at most eight
times a second, from a picture taken under a lock. All text of models and tools is data here: it is
neutralised, cut to its column and wrapped in `Text`, never parsed as markup.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from types import TracebackType
from typing import IO, Literal, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from flowrun.clock import Clock
from flowrun.events.records import (
    FlowRunCancelling,
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
)
from flowrun.events.stamped import StampedEvent
from flowrun.views.questions import cancelled_text
from flowrun.views.run_lines import opening
from flowrun.views.run_progress import RunTally, is_asleep
from flowrun.views.run_rows import URGENCY, Row, Rows
from flowrun.views.text import Style, clip, clip_front, elapsed, width

REDRAWS_PER_SECOND = 8
LAST_ROWS = 60
"""Rows left on the screen when the run is over."""
NAME_COLUMNS = 24
GAP = 2

_HEADINGS = ("step", "state", "elapsed", "tokens", "")
_WIDTHS = (9, 7, 7)
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right", "right")

_STYLES: Mapping[str, str] = {
    "waiting": "dim",
    "asks": "yellow",
    "running": "cyan",
    "completed": "green",
    "failed": "red",
    "skipped": "yellow",
}


def live_console(
    stream: IO[str], environ: Mapping[str, str], *, colour: bool, columns: int | None = None
) -> Console:
    """Return a console that draws on the stream and parses nothing."""
    return Console(
        file=stream,
        force_terminal=True,
        no_color=not colour,
        markup=False,
        highlight=False,
        emoji=False,
        width=columns,
        _environ=environ,
    )


class RunLive:
    """A sink that draws; a context manager from the first picture to the last."""

    def __init__(
        self,
        console: Console,
        run_id: str,
        *,
        steps: Sequence[str],
        clock: Clock,
        project: str = "",
    ) -> None:
        """Draw on `console`; `steps` are the plan's, in its order.

        `project` is where the run is to be found, unless that is here.
        """
        self._console = console
        self._clock = clock
        self._run_id = run_id
        self._tally = RunTally(run_id, project)
        self._closing: list[tuple[str, Style | None]] = []
        self._sleeps = False
        self._over = False
        self._lock = Lock()
        self._rows = Rows(steps)
        self._live = self._drawing()

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last picture on the screen and the run's last lines under it."""
        self._over = True
        self._live.stop()
        for line, style in self._closing:
            self._say(line, style)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Leave the terminal to somebody else inside; the table is drawn anew afterwards."""
        self._live.stop()
        try:
            yield
        finally:
            self._live = self._drawing()
            self._live.start(refresh=True)

    def catch_up(self, items: Iterable[StampedEvent]) -> None:
        """Take in what happened before a resume; only the table shows it."""
        with self._lock:
            for item in items:
                self._tally.take(item)
                self._rows.take(item)

    def __call__(self, item: StampedEvent) -> None:
        """Take an event in; it is drawn with the next picture."""
        match item.event:
            case FlowRunStarted() as event:
                self._say(opening(self._run_id, event), "bold")
            case FlowRunResumed(entry=entry):
                self._closing = []
                if not self._sleeps:  # a timer's end is expected and says nothing
                    self._say(f"run {self._run_id} resumed, entry {entry}", "bold")
            case FlowRunFinished() | FlowRunParked() as event:
                self._close(event)
            case FlowRunCancelling(by=by, reason=reason):
                self._say(cancelled_text(by, reason), "yellow")
            case _:
                with self._lock:
                    self._tally.take(item)
                    self._rows.take(item)

    def picture(self) -> RenderableType:
        """Return the table as it stands now."""
        with self._lock:
            return self._draw()

    def _drawing(self) -> Live:
        return Live(
            console=self._console,
            get_renderable=self.picture,
            refresh_per_second=REDRAWS_PER_SECOND,
            redirect_stdout=False,  # results go there, untouched
        )

    def _close(self, event: FlowRunFinished | FlowRunParked) -> None:
        """Keep the last lines for the end; those of a wait are told at once, for it goes on."""
        self._closing = self._tally.closing(event)
        self._sleeps = is_asleep(event)
        if self._sleeps:
            for line, style in self._closing:
                self._say(line, style)
            self._closing = []

    def _say(self, line: str, style: Style | None) -> None:
        self._console.print(Text(line, style=style or ""), soft_wrap=True)

    def _draw(self) -> Table:
        limit = LAST_ROWS if self._over else max(3, self._console.height - 4)
        shown, hidden = self._rows.choose(limit)
        more = f"{len(hidden)} more" if hidden else ""
        names = max(map(width, (_HEADINGS[0], more, *(row.name for row in shown))))
        fixed = min(names, NAME_COLUMNS) + sum(_WIDTHS) + GAP * (len(_HEADINGS) - 1)
        room = max(10, self._console.width - fixed)
        now = self._clock.now()
        table = Table.grid(padding=(0, GAP, 0, 0))
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=NAME_COLUMNS)
        for columns, side in zip(_WIDTHS, _SIDES, strict=True):
            table.add_column(no_wrap=True, justify=side, width=columns)
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=room)
        table.add_row(*[Text(one, style="dim") for one in _HEADINGS])
        for row in shown:
            table.add_row(*_cells(row, now, room))
        if hidden:
            table.add_row(Text(more, style="dim"), *_hidden(hidden))
        return table


def _cells(row: Row, now: float, room: int) -> Iterable[Text]:
    style = _STYLES[row.state]
    yield Text(row.name)
    yield Text(row.state, style=style)
    yield Text(_took(row, now))
    yield Text(f"{row.tokens:,}" if row.tokens else "")
    counted = f"{row.counted}: " if row.counted else ""
    if row.note:
        yield Text(clip(counted + row.note, room), style="yellow")
    elif row.tool:
        yield Text(clip(f"{counted}calls {row.tool}", room), style="cyan")
    elif row.state == "running":
        text = clip_front(row.text, max(1, room - len(counted)))
        yield Text(counted + text if text else row.counted)
    elif row.counted and row.state == "completed":
        yield Text(row.counted, style="dim")
    else:
        yield Text(clip(row.text, room), style="red" if row.state == "failed" else "dim")


def _took(row: Row, now: float) -> str:
    if row.duration_s is not None:
        return "" if row.state == "skipped" else elapsed(row.duration_s)
    return "" if row.started_at is None else elapsed(now - row.started_at)


def _hidden(rows: Sequence[Row]) -> Iterable[Text]:
    states = [state for state in URGENCY if any(row.state == state for row in rows)]
    said = [f"{sum(row.state == state for row in rows)} {state}" for state in states]
    return [Text(""), Text(""), Text(""), Text(", ".join(said), style="dim")]
