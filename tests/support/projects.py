"""Projects of a few files, for tests of what is wired together around them, in this process."""

import asyncio
import os
from dataclasses import dataclass, field
from textwrap import dedent

from flowrun.app.execute import execute_flow, resume_run
from flowrun.app.follow import Occasion, RunStart
from flowrun.app.inputs import read_inputs
from flowrun.app.load import load_flow
from flowrun.events.stamped import StampedEvent

TALK = """
version: 1
name: talk
inputs:
  city: {type: string, default: Paris}
assistants:
  guide: {model: m, instructions: Be brief.}
steps:
  hello: {assistant: guide, message: "Weather in {{ inputs.city }}?"}
outputs:
  hello: "{{ steps.hello.output }}"
"""
REPLIES = """
version: 1
replies:
  - say: Mild.
"""
GREET = """
version: 1
name: greet
tools:
  greet: {python: "greeting:greet", effect: repeatable}
steps:
  greet: {tool: greet}
outputs:
  said: "{{ steps.greet.output }}"
"""
GREETING = '''
def greet() -> str:
    """Greet."""
    return "hello"
'''
ASK = """
version: 1
name: ask
steps:
  ok: {ask: {message: "May I?"}}
  stay:
    needs: [ok]
    ask: {message: How long?, schema: {nights: {type: integer}}}
outputs:
  by: "{{ steps.ok.output.by }}"
  nights: "{{ steps.stay.output.nights }}"
"""
BARE = {"PATH": os.environ["PATH"]}
"""An environment without any endpoint."""


def make(folder, **files):
    """Write `talk.flow.yaml` for `talk_flow_yaml`, and so on; return the folder."""
    return make_files(folder, {_file_name(name): text for name, text in files.items()})


def make_files(folder, files):
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"), "utf-8")
    return folder


def _file_name(name):
    for ending in ("_flow_yaml", "_replies_yaml", "_yaml", "_py"):
        if name.endswith(ending):
            return name.removesuffix(ending) + ending.replace("_", ".")
    return name


@dataclass
class Watcher:
    """An audience that remembers, and that may ask for the run to be parked."""

    stop_at: str = ""
    """Type of an event on which it is enough."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[RunStart] = field(default_factory=list)
    seen: list[StampedEvent] = field(default_factory=list)

    def begin(self, start):
        self.begun.append(start)

    def see(self, event):
        assert self.begun, "an event came before the beginning"
        self.seen.append(event)
        if type(event.event).__name__ == self.stop_at:
            self.stop.set()

    @property
    def kinds(self):
        return [type(one.event).__name__ for one in self.seen]

    def occasion(self, environ, asker=None):
        return Occasion(environ=environ, audience=self, stop=self.stop, asker=asker)


def execute(flow, *, watcher=None, run_id=None, endpoint=None, environ=BARE, inputs=(), asker=None):
    """Execute a flow's file to its end; return the outcome."""

    async def whole():
        loaded = load_flow(str(flow), environ=environ)
        values = read_inputs(loaded.require_plan(), {}, inputs)
        return await execute_flow(
            loaded,
            values,
            run_id=run_id,
            endpoint=endpoint,
            occasion=(watcher or Watcher()).occasion(environ, asker),
        )

    return asyncio.run(whole())


def resume(project, run_id, *, watcher=None, endpoint=None, environ=BARE, asker=None, force=False):
    """Go on with a run; return the outcome."""

    async def whole():
        occasion = (watcher or Watcher()).occasion(environ, asker)
        return await resume_run(project, run_id, endpoint=endpoint, occasion=occasion, force=force)

    return asyncio.run(whole())


def outputs(outcome):
    """Return the outputs of a finished run."""
    return outcome.events[-1].event.outputs
