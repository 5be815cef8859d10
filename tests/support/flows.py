"""Flows from text, through the real stages, without a disk or a machine around them."""

import re
from collections.abc import Mapping
from pathlib import Path

from flowrun.app.stages import Stages
from flowrun.graph.flowgraph import FlowGraph
from flowrun.graph.surroundings import ModelAlias, Surroundings
from flowrun.plan.plan import ExecutionPlan
from flowrun.source.diagnostic import Diagnostic, Severity
from flowrun.source.document import NO_SUCH_FILE, Unreadable
from flowrun.source.text import SourceText
from flowrun.spec.bind import BoundFlow
from flowrun.spec.flow import Flow
from flowrun.spec.project import Prices

PROGRAMS = frozenset({"cat", "date", "df", "echo", "git", "sh"})
ENVIRONMENT = {"HOME": "/home/me", "PATH": "/bin", "REGION": "eu"}
ENDPOINTS = frozenset({"openai", "local"})
ALIASES = {
    "fast": ModelAlias("qwen3:4b", "local"),
    "deep": ModelAlias("gpt-5", prices=Prices(input=1.25, output=10)),
    "lost": ModelAlias("m", "locl"),
}

HEADER = "version: 1\nname: sample\n"


class Checked:
    """What became of one flow."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        done = Stages(self._read, ENVIRONMENT, self._surroundings).compile("flow.yaml")
        self.bound: BoundFlow | None = done.bound
        self.graph: FlowGraph | None = done.graph
        self.plan: ExecutionPlan | None = done.plan
        self.diagnostics = done.diagnostics

    @property
    def lines(self) -> list[str]:
        """One line a diagnostic."""
        return [line(one) for one in self.diagnostics]

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.diagnostics]

    def _read(self, path: str) -> SourceText | Unreadable:
        text = self.files.get(path)
        return Unreadable(path, NO_SUCH_FILE) if text is None else SourceText(path, text)

    def _surroundings(self, flow: Flow, path: str) -> Surroundings:
        modules = {
            path.removesuffix(".py").replace("/", "."): SourceText(path, text)
            for path, text in self.files.items()
            if path.endswith(".py")
        }
        return Surroundings(
            modules=modules,
            programs=PROGRAMS,
            environment=frozenset(ENVIRONMENT),
            endpoints=ENDPOINTS,
            aliases=ALIASES,
        )


def check(text: str, **files: str) -> Checked:
    """Check a flow given as text.

    `weather_py=...` gives it the file `weather.py`, and `inner_yaml=...` the sub-flow `inner.yaml`.
    """
    others = {re.sub(r"_(py|md|yaml)\Z", r".\1", name): one for name, one in files.items()}
    return Checked({"flow.yaml": text, **others})


def check_body(body: str, **files: str) -> Checked:
    """Check a flow given without its version and name."""
    return check(HEADER + body, **files)


def check_folder(folder: Path) -> Checked:
    """Check `flow.yaml` of a folder, with the other files of the folder beside it."""
    files = {
        one.relative_to(folder).as_posix(): one.read_text("utf-8")
        for one in sorted(folder.rglob("*"))
        if one.is_file() and one.name != "expected.txt"
    }
    return Checked(files)


def compiled(body: str, **files: str) -> ExecutionPlan:
    """Return the plan of a flow that must be sound."""
    done = check_body(body, **files)
    assert done.plan is not None, done.lines
    return done.plan


def line(one: Diagnostic) -> str:
    """Return a diagnostic as `path:line:col code message | hint`, other places below it."""
    mark = "" if one.severity is Severity.ERROR else f" ({one.severity})"
    said = f"{one.span} {one.code}{mark} {one.message}"
    hint = f" | {one.hint}" if one.hint else ""
    related = "".join(f"\n    {label.span} {label.text}" for label in one.related)
    return said + hint + related
