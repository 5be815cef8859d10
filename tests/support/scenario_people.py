"""Flows that ask people, and the project they are executed in."""

import time

from tests.support.processes import PATIENCE_S
from tests.support.scenario import Gate, Project

MAY_I = """
version: 1
name: desk
tools:
  note:
    description: Write a line into the ledger
    script: echo "$ARG_WHAT" >> ledger.txt
    parameters: {what: {type: string}}
steps:
  first: {tool: note, with: {what: first}}
  ok: {ask: {message: "May I go on after {{ steps.first.status }}?"}, needs: [first]}
  last: {tool: note, needs: [ok], with: {what: "last, said {{ steps.ok.output.by }}"}}
outputs:
  by: "{{ steps.ok.output.by }}"
"""
"""Asks for approval between two tools that write down that they ran."""

STAY = """
version: 1
name: stay
steps:
  stay:
    ask:
      message: How long will you stay?
      schema:
        nights: {type: integer, minimum: 1}
        breakfast: {type: boolean, default: true}
outputs:
  stay: "{{ steps.stay.output }}"
"""
"""Has a form filled in."""

REFUND = """
version: 1
name: refund
tools:
  look_up:
    description: Look an order up
    script: echo "looked up" >> ledger.txt; echo "paid 40"
    effect: repeatable
  refund:
    description: Give money back
    script: echo "refund $ARG_AMOUNT" >> ledger.txt; echo done
    parameters: {amount: {type: integer}}
    approval: always
assistants:
  clerk: {model: m, instructions: Be brief., tools: [look_up, refund]}
steps:
  desk: {assistant: clerk, message: Refund my order}
outputs:
  said: "{{ steps.desk.output }}"
"""
"""An assistant with a tool that a person must approve."""


class Desk:
    """A project with one flow that asks people."""

    def __init__(self, folder, flow=MAY_I, **files):
        settings = files.pop("settings", "version: 1\n")
        self.project = Project(folder, {"flow.yaml": flow, "flowrun.yaml": settings, **files})
        self.flowrun = self.project.flowrun

    def execute(self, *arguments, run_id="r-1"):
        """Execute the flow without a terminal."""
        return self.flowrun("execute", "flow.yaml", "--run-id", run_id, *arguments)

    def start(self, *arguments, run_id="r-1"):
        """Start the flow; a context manager that yields what is running."""
        return self.project.start("execute", "flow.yaml", "--run-id", run_id, *arguments)

    def on_terminal(self, *arguments, run_id="r-1"):
        """Start the flow on a terminal; a context manager that yields the screen."""
        return self.project.on_terminal("execute", "flow.yaml", "--run-id", run_id, *arguments)

    def gate(self, name):
        """Return a gate at which a tool of the flow stands."""
        return Gate(self.project.root, name)

    def answer(self, step, *arguments, run_id="r-1"):
        """Answer a question of the run."""
        return self.flowrun("runs", "answer", run_id, step, *arguments)

    @property
    def ledger(self):
        """What the tools did, in order."""
        file = self.project.root / "ledger.txt"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def wait_until(self, status, run_id="r-1"):
        """Return the run when it stands so, as a bystander sees it."""
        deadline = time.monotonic() + PATIENCE_S
        while (shown := self.project.show(run_id))["status"] != status:
            assert time.monotonic() < deadline, f"still {shown['status']}"
        return shown
