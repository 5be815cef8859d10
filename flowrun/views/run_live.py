"""A run as a live table on a terminal. The only module that knows rich, loaded only when used.

Events arrive in the thread that runs the flow; rich redraws in a thread of its own, at most eight
times a second, from a picture taken under a lock. All text of models and tools is data here: it is
neutralised, cut to its column and wrapped in `Text`, never parsed as markup.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import IO, Literal, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from flowrun.clock import Clock
from flowrun.events.records import (
    FlowRunFinished,
    FlowRunParked,
    FlowRunResumed,
    FlowRunStarted,
    MessageDelta,
    StepFinished,
    StepStarted,
    ToolCallFinished,
    ToolCallsRequested,
    ToolCallStarted,
)
from flowrun.events.stamped import StampedEvent
from flowrun.views.run_lines import RunTally, opening
from flowrun.views.run_result import add_usage
from flowrun.views.text import Style, clip, clip_front, elapsed, say, width

REDRAWS_PER_SECOND = 8
TAIL_CHARACTERS = 2000
LAST_ROWS = 60
"""Rows left on the screen when the run is over."""
NAME_COLUMNS = 24
GAP = 2

_HEADINGS = ("step", "state", "elapsed", "tokens", "")
_WIDTHS = (9, 7, 7)
_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right", "right")

_STYLES: Mapping[str, str] = {
    "waiting": "dim",
    "running": "cyan",
    "completed": "green",
    "failed": "red",
    "skipped": "yellow",
}
_URGENCY = ("running", "failed", "completed", "skipped", "waiting")


@dataclass(slots=True)
class _Row:
    name: str
    state: str = "waiting"
    started_at: float | None = None
    duration_s: float | None = None
    tokens: int = 0
    tool: str = ""
    """What it is calling now."""
    text: str = ""
    """The end of what streamed by, or the last word when the step is over."""
    changed: int = 0
    """Counts up over all rows: larger is later."""


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
        self._changes = 0
        self._over = False
        self._lock = Lock()
        self._rows = {name: _Row(name) for name in steps}
        self._live = Live(
            console=console,
            get_renderable=self.picture,
            refresh_per_second=REDRAWS_PER_SECOND,
            redirect_stdout=False,  # results go there, untouched
        )

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
            self._console.print(Text(line, style=style or ""), soft_wrap=True)

    def catch_up(self, items: Iterable[StampedEvent]) -> None:
        """Take in what happened before a resume; only the table shows it."""
        with self._lock:
            for item in items:
                self._tally.take(item.event)
                self._change(item)

    def __call__(self, item: StampedEvent) -> None:
        """Take an event in; it is drawn with the next picture."""
        match item.event:
            case FlowRunStarted() as event:
                said = opening(self._run_id, event)
                self._console.print(Text(said, style="bold"), soft_wrap=True)
            case FlowRunResumed(entry=entry):
                said = f"run {self._run_id} resumed, entry {entry}"
                self._console.print(Text(said, style="bold"), soft_wrap=True)
            case FlowRunFinished() | FlowRunParked() as event:
                self._closing = self._tally.closing(event)
            case _:
                with self._lock:
                    self._tally.take(item.event)
                    self._change(item)

    def picture(self) -> RenderableType:
        """Return the table as it stands now."""
        with self._lock:
            return self._draw()

    def _change(self, item: StampedEvent) -> None:
        self._changes += 1
        match item.event:
            case StepStarted(step=step):
                row = self._row(step)
                row.state, row.started_at = "running", item.at
            case MessageDelta(step=step, text=text):
                row = self._row(step)
                row.tool, row.text = "", (row.text + text)[-TAIL_CHARACTERS:]
            case ToolCallsRequested(step=step, calls=calls):
                row = self._row(step)
                row.tool, row.text = ", ".join(call.tool for call in calls), ""
            case ToolCallStarted(step=step, tool=tool):
                row = self._row(step)
                row.tool = row.tool or tool
            case ToolCallFinished(step=step):
                row = self._row(step)
                row.tool = ""
            case StepFinished() as event:
                _finish(self._row(event.step), event)
            case _:
                pass

    def _row(self, step: str) -> _Row:
        row = self._rows.setdefault(step, _Row(step))
        row.changed = self._changes
        return row

    def _draw(self) -> Table:
        shown, hidden = self._choose()
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

    def _choose(self) -> tuple[list[_Row], list[_Row]]:
        """Return the rows there is room for, in plan order, and the others."""
        rows = list(self._rows.values())
        limit = LAST_ROWS if self._over else max(3, self._console.height - 4)
        if len(rows) <= limit:
            return rows, []
        ranked = sorted(rows, key=lambda row: (_URGENCY.index(row.state), -row.changed))
        kept = {row.name for row in ranked[:limit]}
        return (
            [row for row in rows if row.name in kept],
            [row for row in rows if row.name not in kept],
        )


def _finish(row: _Row, event: StepFinished) -> None:
    row.state, row.duration_s, row.tool = event.status, event.duration_s, ""
    row.tokens = add_usage([event.usage])["total_tokens"]
    row.text = event.error or ("" if event.output is None else say(event.output)[:TAIL_CHARACTERS])


def _cells(row: _Row, now: float, room: int) -> Iterable[Text]:
    style = _STYLES[row.state]
    yield Text(row.name)
    yield Text(row.state, style=style)
    yield Text(_took(row, now))
    yield Text(f"{row.tokens:,}" if row.tokens else "")
    if row.tool:
        yield Text(clip(f"calls {row.tool}", room), style="cyan")
    elif row.state == "running":
        yield Text(clip_front(row.text, room))
    else:
        yield Text(clip(row.text, room), style="red" if row.state == "failed" else "dim")


def _took(row: _Row, now: float) -> str:
    if row.duration_s is not None:
        return "" if row.state == "skipped" else elapsed(row.duration_s)
    return "" if row.started_at is None else elapsed(now - row.started_at)


def _hidden(rows: Sequence[_Row]) -> Iterable[Text]:
    states = [state for state in _URGENCY if any(row.state == state for row in rows)]
    said = [f"{sum(row.state == state for row in rows)} {state}" for state in states]
    return [Text(""), Text(""), Text(""), Text(", ".join(said), style="dim")]
