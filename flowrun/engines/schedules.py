"""Schedules: which ticks are due, and what is kept so that each has one run.

A tick's run is called after the schedule and the tick's nominal instant, so a crash between its
start and the note that it was fired leaves one run, whoever sweeps next.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor

from flowrun.engines.assignment import Assignment
from flowrun.engines.reading import read_plan
from flowrun.engines.starting import Starter
from flowrun.errors import FlowrunError
from flowrun.ids import canonical_json
from flowrun.ports.engine import RunSetting, Schedule
from flowrun.storage.database import Database, Row

LATE_S = 60.0
"""A tick that is found later than this was missed; see `catch_up: none`."""

MOST_AT_ONCE = 1000
"""Ticks of one schedule that one sweep makes up for; the next sweep goes on."""

_ALMOST_S = 1e-6
"""What rounding may take from an instant on the grid: today's floats are 2e-7 s apart."""

_KEEP = """
INSERT INTO schedule (name, plan_digest, inputs, setting, every_s, anchor, catch_up, last_fired)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET
    plan_digest = excluded.plan_digest, inputs = excluded.inputs, setting = excluded.setting,
    last_fired = CASE
        WHEN every_s = excluded.every_s AND anchor = excluded.anchor THEN last_fired
        ELSE max(last_fired, excluded.last_fired) END,
    every_s = excluded.every_s, anchor = excluded.anchor, catch_up = excluded.catch_up
"""
_FIRED = "UPDATE schedule SET last_fired = max(last_fired, ?) WHERE name = ?"
_ALL = "SELECT name, every_s, anchor, catch_up, last_fired FROM schedule ORDER BY name"
_ONE = "SELECT plan_digest, inputs, setting FROM schedule WHERE name = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When a schedule ticks, and how far it has come."""

    name: str
    every_s: float
    anchor: float
    catch_up: str
    last_fired: float
    """The instant of the last tick that was dealt with."""

    def due(self, now: float) -> Sequence[float]:
        """Return the instants of the ticks to be run, in order."""
        first = max(0, self._number(self.last_fired) + 1)
        last = self._number(now)
        if self.catch_up == "all":
            last = min(last, first + MOST_AT_ONCE - 1)
        elif first <= last:
            first = last
            if self.catch_up == "none" and now - self._instant(last) > LATE_S:
                return ()
        return tuple(self._instant(number) for number in range(first, last + 1))

    def dealt_with(self, now: float) -> float:
        """Return the last instant that needs no more attention once those due are run."""
        due = self.due(now)
        return due[-1] if due else max(self.last_fired, self._instant(self._number(now)))

    def tick_before(self, instant: float) -> float:
        """Return the instant of the last tick before another instant."""
        number = self._number(instant)
        return self._instant(number if self._instant(number) < instant else number - 1)

    def run_id(self, instant: float) -> str:
        """Return what the run of a tick is called."""
        moment = datetime.fromtimestamp(instant, UTC)
        fraction = f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
        return f"{self.name}-{moment:%Y%m%dT%H%M%S}{fraction}Z"

    def _number(self, instant: float) -> int:
        return floor((instant - self.anchor + _ALMOST_S) / self.every_s)

    def _instant(self, number: int) -> float:
        return self.anchor + number * self.every_s


class Schedules:
    """The schedules of a store."""

    def __init__(self, database: Database, starter: Starter) -> None:
        self._database = database
        self._starter = starter

    async def keep(self, schedule: Schedule, now: float) -> None:
        """Keep a schedule; of one that is new, ticks before now count as fired."""
        timetable = Timetable(
            name=schedule.name,
            every_s=schedule.every_s,
            anchor=schedule.anchor,
            catch_up=schedule.catch_up,
            last_fired=0.0,
        )
        row = (
            schedule.name,
            self._starter.queue_plan(schedule.plan),
            canonical_json(schedule.inputs),
            _setting_text(schedule.setting),
            schedule.every_s,
            schedule.anchor,
            schedule.catch_up,
            timetable.tick_before(now),
        )
        self._database.submit(_KEEP, (row,))
        await self._database.commit()

    def timetables(self) -> Sequence[Timetable]:
        """Return those of every schedule, by name."""
        return [_timetable(row) for row in self._database.read(_ALL)]

    def assignment(self, name: str) -> Assignment:
        """Return what a schedule's runs carry out.

        Raises:
            PlanUnreadable: this release cannot.
        """
        rows = self._database.read(_ONE, (name,))
        digest, inputs, setting = rows[0]
        return Assignment(
            plan=read_plan(self._database, str(digest)),
            inputs=json.loads(str(inputs)),
            setting=RunSetting(**json.loads(str(setting))),
        )

    async def note(self, name: str, instant: float) -> None:
        """Note that the ticks up to an instant were dealt with."""
        self._database.submit(_FIRED, ((instant, name),))
        await self._database.commit()


async def see_to_all(*errands: Callable[[], Awaitable[Sequence[str]]]) -> Sequence[str]:
    """Do one after another, and return the ids of the runs that each began or entered.

    Raises:
        FlowrunError: what the first that failed met; the others were done all the same.
    """
    runs, failures = list[str](), list[FlowrunError]()
    for errand in errands:
        try:
            runs += await errand()
        except FlowrunError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    return runs


def _setting_text(setting: RunSetting) -> str:
    return canonical_json(
        {
            "environment": dict(setting.environment),
            "origin": dict(setting.origin),
            "only": setting.only,
        }
    )


def _timetable(row: Row) -> Timetable:
    name, every_s, anchor, catch_up, last_fired = row
    return Timetable(
        name=str(name),
        every_s=float(str(every_s)),
        anchor=float(str(anchor)),
        catch_up=str(catch_up),
        last_fired=float(str(last_fired)),
    )
