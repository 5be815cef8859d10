"""A project on disk, a model that answers it, and the lives that are led there."""

import os
import random
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.evidence import Baseline, Journal, Witness
from tests.faults.ledger import effects, read_ledger
from tests.faults.model import Model
from tests.faults.nursery import Nursery
from tests.support.endpoint import serve

_FILES = Path(__file__).parent / "project"
LIVES = 30
"""A run that is not over after so many undisturbed lives never will be."""

_SETTINGS = """
version: 1
endpoints:
  live: {{base_url: "{url}", retries: 3, timeout: {{read: 1s}}}}
"""


@dataclass(frozen=True)
class Life:
    """How one life ended."""

    status: int
    said: str
    """Its last words."""

    @property
    def was_killed(self) -> bool:
        return self.status == -9


class World:
    """One project; runs in it share the store and the ledger."""

    def __init__(self, folder: Path, nursery: Nursery, model: Model, url: str) -> None:
        self.name = folder.name
        """Of the world; the model knows runs by their ids alone, so these begin with it."""
        self.root = folder / "project"
        self.ledger = folder / "ledger.txt"
        self.store = self.root / ".flowrun" / "store.db"
        self.model = model
        self._says = folder / "says.txt"
        self._nursery = nursery
        shutil.copytree(_FILES, self.root, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        (self.root / "flowrun.yaml").write_text(_SETTINGS.format(url=url))

    def live(self, run: str, *, kill_after_s: float | None = None, **life) -> Life:
        """Let one life be led to its end, or kill it after a while."""
        self.begin(run, **life)
        if kill_after_s is not None and not self._nursery.ends_within(kill_after_s):
            self._nursery.kill()
        return self.end()

    def begin(self, run: str, **life) -> int:
        """Start a life; `end` is to follow. Return its process id."""
        self._said = self._says.stat().st_size if self._says.exists() else 0
        given = {
            "root": str(self.root),
            "says": str(self._says),
            "ledger": str(self.ledger),
            "run": run,
            **life,
        }
        return self._nursery.begin(given)

    def kill(self) -> None:
        """Kill the life under way."""
        self._nursery.kill()

    def end(self) -> Life:
        """Wait for the life under way to end."""
        status = self._nursery.status()
        with self._says.open() as file:
            file.seek(self._said)
            return Life(status, file.read()[-4000:])

    def journal(self) -> Journal:
        return Journal(self.store)

    def undisturbed(self, flow: str = "main.flow.yaml") -> Baseline:
        """Execute a flow without any harm."""
        run = f"undisturbed-{flow.partition('.')[0]}"
        ended = self.live(run, flow=flow)
        if ended.status != 0:
            raise RuntimeError(f"the undisturbed run of {flow} failed: {ended.said}")
        witness = Witness(self, run)
        found = witness.close()
        if found.violations:
            raise RuntimeError(f"the undisturbed run of {flow}: {found.violations}")
        journal = self.journal()
        times = effects(read_ledger(self.ledger, run))
        return Baseline(journal.events(run), frozenset(times))

    def wait_for_ledger(self, run: str, word: str, tool: str, within_s: float = 20.0) -> None:
        """Return when the ledger has a line like this."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            lines = read_ledger(self.ledger, run)
            if any((one.word, one.tool) == (word, tool) for one in lines):
                return
            time.sleep(0.005)
        raise TimeoutError(f"no `{word} {tool}` in the ledger")


@contextmanager
def worlds(folder: Path):
    """Yield what makes a world: `make(name)`. All share one nursery and one model."""
    model = Model()
    nursery = Nursery()
    try:
        with serve(model.answer) as server:

            def make(name: str) -> World:
                place = folder / name
                place.mkdir(parents=True)
                return World(place, nursery, model, server.base_url)

            yield make
    finally:
        nursery.close()


def moment(moments: random.Random, longest_s: float) -> float:
    """Return an instant to kill at."""
    return moments.uniform(0.0, longest_s)


def nobody_is_left(run: str) -> list[int]:
    """Return the processes that carry the mark of a run."""
    mark = f"FLOWRUN_RUN_ID={run}".encode()
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                left.append(int(folder.name))
        except OSError:
            continue
    return [pid for pid in left if pid != os.getpid()]
