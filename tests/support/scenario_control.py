"""Projects whose tools write down what they do, for scenarios of control flow.

    control = Control(tmp_path, '''
        steps:
          each: {foreach: [a, bad, c], tool: note, with: {what: "{{ item }}"}}
    ''')
    ended = control.execute()

The tools that a flow names are declared for it. What they did stands in the ledger, a file outside
of everything flowrun keeps.
"""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from tests.support.processes import PATIENCE_S, Ended
from tests.support.scenario import Gate, Project

MODULE = '''
"""Tools that write down what they do."""

import asyncio
import os
import time
from pathlib import Path


def _write(line: str) -> None:
    file = os.open("ledger.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, f"{line}\\n".encode())
    os.close(file)


def note(what: str) -> str:
    """Write a line down; what begins with `bad` fails after that."""
    _write(what)
    if what.startswith("bad"):
        raise ValueError(f"no {what}")
    return what.upper()


def tally(mark: str = ".") -> int:
    """Count how often this was called, from 1."""
    _write(mark)
    return Path("ledger.txt").read_text("utf-8").split().count(mark)


def flaky(good_at: int) -> str:
    """Fail until the call of this number."""
    number = tally("flaky")
    if number < good_at:
        raise OSError(f"not yet, at {number}")
    return f"good at {number}"


async def work(number: int, seconds: float) -> int:
    """Take a while; write down the time of the begin and the end."""
    _write(f"begin {number} {time.monotonic()}")
    await asyncio.sleep(seconds)
    _write(f"end {number} {time.monotonic()}")
    return number


def peak_memory() -> int:
    """Return the most memory that this process had so far, in KiB."""
    status = Path("/proc/self/status").read_text("utf-8")
    [line] = [one for one in status.splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1])
'''
TOOLS = {
    "note": "{python: 'errands:note', effect: repeatable}",
    "tally": "{python: 'errands:tally', effect: repeatable}",
    "flaky": "{python: 'errands:flaky', effect: repeatable}",
    "work": "{python: 'errands:work', effect: repeatable}",
    "peak_memory": "{python: 'errands:peak_memory', effect: repeatable}",
}


class Control:
    """A project with one flow, `flow.yaml`, whose run is called `r-1`."""

    def __init__(self, folder: Path, body: str, files: Mapping[str, str] | None = None) -> None:
        given = {"flowrun.yaml": "version: 1\n", "errands.py": MODULE, **(files or {})}
        given = {
            path: flow_text(text) if path.endswith("flow.yaml") else text
            for path, text in given.items()
        }
        self.project = Project(folder, {**given, "flow.yaml": flow_text(body)})

    @property
    def ledger(self) -> list[str]:
        """What the tools did, in order."""
        file = self.project.root / "ledger.txt"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def gate(self, name: str = "gate") -> Gate:
        """Return a gate at which a tool of the flow stands."""
        return Gate(self.project.root, name)

    def execute(self, *arguments: str) -> Ended:
        """Execute the flow; the result is one JSON object."""
        return self.project.flowrun(*_EXECUTE, "--format", "json", *arguments)

    def start(self, *arguments: str):
        """Start the flow, its events on standard output; yields what is running."""
        return self.project.start(*_EXECUTE, "--format", "jsonl", *arguments)

    def wait_until(self, status: str) -> dict:
        """Return the run when it stands so in the store, as a bystander sees it."""
        deadline = time.monotonic() + PATIENCE_S
        while (shown := self.project.show("r-1"))["status"] != status:
            assert time.monotonic() < deadline, f"still {shown['status']}"
        return shown

    def resume(self, *arguments: str) -> Ended:
        """Go on with the run; the result is one JSON object."""
        return self.project.flowrun("runs", "resume", "r-1", "--format", "json", *arguments)

    def answer(self, step: str, *arguments: str) -> Ended:
        """Answer a question of the run and go on with it."""
        return self.project.flowrun("runs", "answer", "r-1", step, "--format", "json", *arguments)


_EXECUTE = ("execute", "flow.yaml", "--run-id", "r-1")


def flow_text(body: str) -> str:
    """Return a whole flow; the tools of this module that it runs are declared unless it does so."""
    body = dedent(body)
    if "\ntools:" not in f"\n{body}":
        named = [one for one in TOOLS if re.search(rf"\btool: {one}\b", body)]
        lines = [f"  {one}: {TOOLS[one]}\n" for one in named]
        body = "".join(["tools:\n", *lines, body]) if lines else body
    return body if body.startswith("version:") else f"version: 1\nname: sample\n{body.lstrip()}"


def states(ended: Ended) -> dict[str, str]:
    """Return how each step ended."""
    return {name: one["status"] for name, one in ended.result["steps"].items()}


def failure(ended: Ended, step: str) -> tuple[str | None, str]:
    """Return code and sentence of a step's failure, or of its not being run."""
    error = ended.result["steps"][step]["error"]
    return error["code"], error["message"]
