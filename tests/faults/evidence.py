"""What is left after a kill and what must hold of it: the store's file, the ledger, the model.

The store is copied before it is looked into: whoever opens it last tidies its log up, and that is
for the next life to do. Nothing here asks flowrun anything.
"""

import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import story
from tests.faults.ledger import doubled, effects, late, read_ledger

_LIVE = ("queued", "in_progress", "requires_action", "cancelling")


@dataclass
class Finding:
    """What a run came to, by the evidence."""

    finished: bool = False
    status: str = ""
    unknown: int = 0
    doubled: int = 0
    lost: int = 0
    violations: list[str] = field(default_factory=list)


class Journal:
    """The store at one moment."""

    def __init__(self, store: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for ending in ("", "-wal"):
                file = store.with_name(store.name + ending)
                if file.exists():
                    shutil.copy(file, Path(folder) / file.name)
            with closing(sqlite3.connect(Path(folder) / store.name)) as opened:
                self._read(opened)

    def _read(self, opened: sqlite3.Connection) -> None:
        def rows(sql):
            return opened.execute(sql).fetchall()

        self.integrity = rows("PRAGMA integrity_check")
        self.dangling = rows("PRAGMA foreign_key_check")
        tables = {name for (name,) in rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self.applied = rows("SELECT name FROM migration") if "migration" in tables else []
        self.heads: dict[str, tuple[int, str]] = {}
        self.rows: dict[str, list[tuple[int, str, str, str]]] = {}
        self.live: list[tuple[str, int]] = []
        self.assistant_runs: dict[str, str] = {}
        self.threads: set[str] = set()
        if "flow_run" in tables:
            self.heads = {
                run: (number, status)
                for number, run, status in rows("SELECT number, run_id, status FROM flow_run")
            }
            for run, (number, _) in self.heads.items():
                self.rows[run] = rows(
                    f"SELECT seq, key, kind, body FROM journal WHERE run = {number} ORDER BY seq"
                )
        if "assistant_run" in tables:
            self.live = rows(
                f"SELECT thread, count(*) FROM assistant_run WHERE status IN {_LIVE} "
                "GROUP BY thread HAVING count(*) > 1"
            )
            self.assistant_runs = dict(rows("SELECT id, status FROM assistant_run"))
            self.threads = {thread for (thread,) in rows("SELECT id FROM thread")}

    def events(self, run: str) -> list[dict]:
        """Return a run's events in order."""
        return [json.loads(body) for *_, kind, body in self.rows.get(run, ()) if kind == "event"]

    def made(self, name: str) -> set[str]:
        """Return the ids of all threads or assistant runs."""
        return self.threads if name == "thread" else set(self.assistant_runs)

    def facts_of(self, run: str) -> dict[tuple[str, str], str]:
        """Return every row of a run by its key: none may ever change."""
        return {(key, kind): body for _, key, kind, body in self.rows.get(run, ())}


class Witness:
    """Follows one run over its lives and holds it to what must never happen."""

    def __init__(self, world, run: str) -> None:
        self._world = world
        self._run = run
        self._known: dict[tuple[str, str], str] = {}
        self._before = Journal(world.store) if world.store.exists() else None
        self.found = Finding()

    def look(self) -> Journal | None:
        """Look after a life; note whatever is wrong with what it left."""
        if not self._world.store.exists():
            self._require(not self._known, "the store is gone")
            return None
        journal = Journal(self._world.store)
        self._require(journal.integrity == [("ok",)], f"integrity_check says {journal.integrity}")
        self._require(not journal.dangling, f"foreign_key_check says {journal.dangling}")
        self._require(not journal.live, f"threads with several live runs: {journal.live}")
        rows = journal.facts_of(self._run)
        self._require(len(rows) == len(journal.rows.get(self._run, ())), "a key has two results")
        lost = [key for key, body in self._known.items() if rows.get(key) != body]
        self.found.lost += len(lost)
        self._require(not lost, f"durable and then gone or changed: {lost[:3]}")
        self._known = rows
        kinds = Counter(one["type"] for one in journal.events(self._run))
        self._require(kinds["flow_run_finished"] <= 1, "several terminal events")
        lines = read_ledger(self._world.ledger, self._run)
        twice = doubled(lines)
        self.found.doubled = max(self.found.doubled, len(twice))
        self._require(not twice, "; ".join(twice))
        for one in late(lines):
            self._require(False, one)
        self._hold_the_model()
        return journal

    def close(self, baseline: "Baseline | None" = None, *, expired: bool = False) -> Finding:
        """Look at a run that should be over, and compare it with the undisturbed one."""
        journal = self.look()
        found = self.found
        if journal is None or self._run not in journal.heads:
            self._require(False, "the run is not there")
            return found
        events = journal.events(self._run)
        status = journal.heads[self._run][1]
        ended = [one for one in events if one["type"] == "flow_run_finished"]
        found.finished, found.status = len(ended) == 1, status
        self._require(found.finished, f"it is {status} and has {len(ended)} terminal events")
        self._require(not ended or ended[0]["status"] == status, "its head says something else")
        self._hold_assistants(journal, events)
        unknown = story.unknowns(events)
        found.unknown = story.count_unknown(events)
        if baseline is not None:
            self._compare(journal, baseline, unknown, expired=expired)
        return found

    def _compare(self, journal, baseline, unknown, *, expired) -> None:
        events = journal.events(self._run)
        tell = story.endings if expired else story.story
        differs = story.difference(tell(events, unknown), tell(baseline.events, unknown))
        self._require(not differs, f"the story differs: {differs}")
        self._hold_effects(events, baseline)

    def _hold_assistants(self, journal, events) -> None:
        """No thread and no assistant run was made that the run does not know, and none is alive."""
        started = [one for one in events if one["type"] == "assistant_run_started"]
        before = self._before
        for name, made, known in (
            ("run", set(journal.assistant_runs), {one["run_id"] for one in started}),
            ("thread", journal.threads, {one["thread_id"] for one in started}),
        ):
            earlier = set() if before is None else before.made(name)
            extra = made - earlier - known
            self._require(not extra, f"{name}s that nobody knows of: {sorted(extra)}")
            alive = [
                one
                for one in made & known
                if name == "run" and journal.assistant_runs[one] in _LIVE
            ]
            self._require(not alive, f"assistant runs left alive: {alive}")

    def _hold_effects(self, events, baseline) -> None:
        """What is reported as done took place; what did not was reported as unknown."""
        times = effects(read_ledger(self._world.ledger, self._run))
        hidden = story.unknown_orders(events, baseline.events)
        for call in baseline.effects:
            if not times[call] and call[1] not in hidden:
                self.found.lost += 1
                self._require(False, f"{call} never took place and nobody said so")
        extra = set(times) - set(baseline.effects)
        self._require(not extra, f"took place and should not have: {extra}")

    def _hold_the_model(self) -> None:
        """Whatever it was told of a round, it was never told otherwise."""
        told: dict[tuple[str, int], tuple[str, ...]] = {}
        for asked in self._world.model.asked[self._run]:
            for number, outputs in enumerate(asked.outputs):
                first = told.setdefault((asked.step, number), outputs)
                where = f"{asked.step}, round {number + 1}"
                self._require(first == outputs, f"{where}: told {first}, then {outputs}")

    def _require(self, holds: bool, otherwise: str) -> None:
        if not holds and otherwise not in self.found.violations:
            self.found.violations.append(otherwise)


@dataclass(frozen=True)
class Baseline:
    """The undisturbed run of a flow."""

    events: list[dict]
    effects: frozenset[tuple[str, int]]
