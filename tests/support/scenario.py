"""A project in a folder of its own, and flowrun at work in it.

    project = Project(tmp_path, {"talk.flow.yaml": TALK})
    ended = project.flowrun("execute", "talk.flow.yaml", "--format", "json")

Beside the project there is a home, where a crash file would lie: `project.holding(secret)` looks
through everything that is left of both.
"""

import json
import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from textwrap import dedent

import jsonschema_rs

from tests.support.endpoint import Server
from tests.support.endpoint_wire import Request
from tests.support.processes import Ended, environment, on_terminal, run, start
from tests.support.repository import ROOT

TALK = """
version: 1
name: talk
assistants:
  guide: {model: m, instructions: Be brief.}
steps:
  hello: {assistant: guide, message: Say hello}
outputs:
  hello: "{{ steps.hello.output }}"
"""
"""The smallest flow that asks a model something."""


class Project:
    """Files in a folder, and the processes that are run there."""

    def __init__(self, folder: Path, files: Mapping[str, str] | None = None, **environ: str):
        self.root = folder / "project"
        self.home = folder / "home"
        self.root.mkdir()
        self.home.mkdir()
        self.environ = environment(self.home, **environ)
        self.write(files or {})

    @property
    def store(self) -> Path:
        return self.root / ".flowrun" / "store.db"

    def write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text).lstrip("\n"), "utf-8")

    def flowrun(self, *arguments: str, **environ: str) -> Ended:
        """Run flowrun to its end."""
        return run(arguments, cwd=self.root, environ={**self.environ, **environ})

    def start(self, *arguments: str, **environ: str):
        """Start flowrun; a context manager that yields what is running."""
        return start(arguments, cwd=self.root, environ={**self.environ, **environ})

    def on_terminal(self, *arguments: str, stdout: int | None = None, **environ: str):
        """Start flowrun on a terminal; a context manager that yields the screen."""
        environ = {**self.environ, **environ}
        return on_terminal(arguments, cwd=self.root, environ=environ, stdout=stdout)

    def holding(self, text: str) -> list[str]:
        """Return the files flowrun left that hold a text, the project's own texts aside."""
        wanted = text.encode()
        folders = (self.root / ".flowrun", self.home)
        files = [one for folder in folders for one in folder.rglob("*") if one.is_file()]
        return [one.name for one in files if wanted in one.read_bytes()]

    def show(self, run_id: str) -> dict:
        """Return what `runs show` says of a run."""
        shown = self.flowrun("runs", "show", run_id, "--format", "json")
        assert shown.code == 0, shown.err
        return shown.result

    def runs(self) -> list[dict]:
        """Return what `runs list` says."""
        listed = self.flowrun("runs", "list", "--format", "json")
        assert listed.code == 0, listed.err
        return listed.result["runs"]


def flows_project(folder: Path, **environ: str) -> Project:
    """Return a project with a copy of the repository's flows and settings that set nothing."""
    project = Project(folder, {"flowrun.yaml": "version: 1\n"}, **environ)
    shutil.copytree(
        ROOT / "flows",
        project.root / "flows",
        ignore=shutil.ignore_patterns(".flowrun", "__pycache__"),
    )
    return project


def endpoint_settings(
    base_url: str, *, wire: str = "chat", retries: int = 0, more: str = ""
) -> str:
    """Return a project file with one endpoint, `live`."""
    return (
        "version: 1\nendpoints:\n  live:\n"
        f"    base_url: {base_url}\n    wire: {wire}\n    retries: {retries}\n{more}"
    )


def asked(request: Request) -> list[dict]:
    """Return the messages or input items of a request."""
    return request.body.get("messages") or request.body["input"]


def tool_outputs(request: Request) -> list[str]:
    """Return what the model was told of its tool calls, in order."""
    return [one["content"] for one in asked(request) if one.get("role") == "tool"]


def question(request: Request) -> str:
    """Return the last thing a user said."""
    return [one["content"] for one in asked(request) if one.get("role") == "user"][-1]


def requests_of(server: Server) -> list[str]:
    """Return the questions a server was asked, in order, one a request."""
    return [question(one) for one in server.requests]


@cache
def _validator(schema: str):
    text = (ROOT / "schemas" / f"{schema}.schema.json").read_text("utf-8")
    return jsonschema_rs.validator_for(json.loads(text))


def misfits(schema: str, value: object) -> list[str]:
    """Return what a value breaks of `schemas/NAME.schema.json`."""
    return [str(one) for one in _validator(schema).iter_errors(value)]


class Gate:
    """A named pipe by which a tool tells that it runs, and is held until the test lets it go.

    A script enters it by `echo here > NAME.in; read -r _ < NAME.out || true`, the shell itself, so
    that nobody stands at the gate when the shell has been killed.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._entered = folder / f"{name}.in"
        self._left = folder / f"{name}.out"
        os.mkfifo(self._entered)
        os.mkfifo(self._left)

    def wait(self) -> None:
        """Return when a tool has entered."""
        with self._entered.open("rb") as pipe:
            pipe.read()

    def open(self) -> None:
        """Let one tool go that waits now."""
        with self._left.open("wb"):
            pass

    def is_held(self) -> bool:
        """Tell whether a tool waits now to be let go."""
        try:
            os.close(os.open(self._left, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:  # ENXIO: nobody reads
            return False
        return True
