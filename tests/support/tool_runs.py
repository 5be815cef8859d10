"""Vocabulary for tests of tools: a project on disk, tools of it, and calls."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from flowrun.errors import BadRequest
from flowrun.plan.plan import PlannedTool
from flowrun.ports.tools import ToolInvocation, ToolOutcome, ToolProblem
from flowrun.tools.runner import LocalToolRunner, load_tools

INVOCATION = ToolInvocation(run_id="trip-1", key="report/tool")
BASE = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nowhere", "LANG": "C.UTF-8"}


def arguments(**schemas: object) -> dict[str, object]:
    """Return an object schema; each argument without a default is required."""
    required = [name for name, one in schemas.items() if "default" not in one]
    return {"type": "object", "properties": schemas, "required": required}


def python(name: str, module: str = "tools_here", **fields: object) -> PlannedTool:
    fields.setdefault("parameters", {"type": "object"})
    fields.setdefault("timeout_s", 10.0)
    return PlannedTool(name=name, kind="python", entrypoint=f"{module}:{name}", **fields)


def shell(*argv: str, name: str = "program", **fields: object) -> PlannedTool:
    fields.setdefault("parameters", {"type": "object"})
    fields.setdefault("timeout_s", 10.0)
    return PlannedTool(name=name, kind="shell", argv=argv, **fields)


def script(text: str, *, name: str = "lines", **fields: object) -> PlannedTool:
    fields.setdefault("parameters", {"type": "object"})
    fields.setdefault("timeout_s", 10.0)
    return PlannedTool(name=name, kind="script", script=text, **fields)


class Project:
    """A project folder, and what its tools are given."""

    def __init__(self, root: Path, secrets: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.secrets = dict(secrets or {})
        self.environment: dict[str, str] = dict(BASE)
        self.tool_paths: list[Path] = []

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    def try_load(self, *tools: PlannedTool) -> LocalToolRunner | tuple[ToolProblem, ...]:
        return load_tools(
            tools,
            root=self.root,
            flow_dir=Path("flows"),
            tool_paths=self.tool_paths,
            environment=self.environment,
            secrets=self._secret,
        )

    def load(self, *tools: PlannedTool) -> LocalToolRunner:
        loaded = self.try_load(*tools)
        assert isinstance(loaded, LocalToolRunner), loaded
        return loaded

    def problem(self, tool: PlannedTool) -> str:
        """Return why the tool cannot be loaded."""
        loaded = self.try_load(tool)
        assert isinstance(loaded, tuple), "it was loaded"
        (problem,) = loaded
        assert problem.tool == tool.name
        return problem.message

    def call(self, tool: PlannedTool, **arguments: object) -> ToolOutcome:
        """Load one tool and call it once."""
        runner = self.load(tool)
        try:
            return asyncio.run(runner.run(tool.name, arguments, INVOCATION))
        finally:
            runner.close()

    def _secret(self, name: str) -> str:
        if name not in self.secrets:
            raise BadRequest(f"no secret `{name}`")
        return self.secrets[name]


def is_alive(pid: int) -> bool:
    """Tell whether a process is there and not merely waiting to be reaped (Linux)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def line_from(fifo: Path) -> str:
    """Return the first line that a tool writes to a named pipe."""
    text = await asyncio.to_thread(fifo.read_text, "utf-8")
    return text.partition("\n")[0]
