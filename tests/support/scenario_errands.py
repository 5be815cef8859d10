"""A flow whose tools write down that they ran, and a model that can be made to fall silent.

The ledger is a file outside of everything flowrun keeps: what stands there twice, happened twice.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.endpoint import Behaviour, Hush, Stall, call, say
from tests.support.endpoint_wire import Request
from tests.support.processes import PATIENCE_S
from tests.support.scenario import Gate, Project, asked, endpoint_settings, question

FLOW = """
version: 1
name: errands
tools:
  note:
    description: Write a line into the ledger
    script: echo "note $ARG_WHAT" >> ledger.txt
    parameters: {what: {type: string}}
  hold:
    description: Begin, wait to be let go, end
    script: |
      echo "hold begins" >> ledger.txt
      echo here > gate.in
      read -r _ < gate.out || true
      echo "hold ends" >> ledger.txt
    effect: EFFECT
assistants:
  guide: {model: m, instructions: Be brief., tools: [note, hold]}
threads: {talk: {}}
steps:
  first: {assistant: guide, thread: talk, message: First}
  noted: {tool: note, needs: [first], with: {what: "{{ steps.first.output }}"}}
  second: {assistant: guide, thread: talk, needs: [noted], message: Second}
outputs:
  first: "{{ steps.first.output }}"
  second: "{{ steps.second.output }}"
"""

Answer = Callable[[Request], Behaviour]


class Errands:
    """The project, and a gate that its tool `hold` stands at."""

    def __init__(self, folder: Path, base_url: str, *, flow=FLOW, effect="at_most_once"):
        self.project = Project(folder, {"flowrun.yaml": endpoint_settings(base_url)})
        self.gate = Gate(self.project.root, "gate")
        self.write_flow(flow, effect=effect)

    def write_flow(self, flow: str, *, effect: str = "at_most_once") -> None:
        """Put another flow in place of the one there is; `effect` is that of its tool `hold`."""
        effect += "\n    on_unknown: fail" if effect == "at_most_once" else ""
        self.project.write({"errands.flow.yaml": flow.replace("EFFECT", effect)})

    @property
    def ledger(self) -> list[str]:
        """What the tools did, in order."""
        file = self.project.root / "ledger.txt"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def start(self, *arguments: str):
        """Start the flow as run `errands-1`, its events on standard output."""
        return self.project.start(
            "execute", "errands.flow.yaml", "--run-id", "errands-1", "--format", "jsonl", *arguments
        )

    def wait_until_stored(self, step: str, tool: str) -> None:
        """Return when the store holds what came of a step's call, as a bystander sees it."""
        deadline = time.monotonic() + PATIENCE_S
        while (tool, "completed") not in self._calls(step):
            assert time.monotonic() < deadline, f"`{tool}` is never stored as completed"

    def _calls(self, step: str) -> list[tuple[str, str]]:
        calls = self.project.show("errands-1")["steps"][step]["tool_calls"]
        return [(one["tool"], one["status"]) for one in calls]

    def resume(self):
        """Go on with the run to its end."""
        return self.project.flowrun("runs", "resume", "errands-1", "--format", "json")


class Model:
    """Answers each question as told, but for one time when it is silent or breaks off.

        Model({"First": [say("one")], "Second": [call(("note", {...})), say("two")]},
              silent_at=("Second", 1))

    The answers of a question are its turns in order; the number of tool rounds since the question
    says which is due, so that asking again gives the same answer again.
    """

    def __init__(self, answers, *, silent_at=None, silence=None) -> None:
        self._answers = answers
        self._silent_at = silent_at
        self._silence = silence or Stall()
        self.reached = threading.Event()
        """Set when the silence began."""

    def __call__(self, request: Request) -> Behaviour:
        said, turn = place = self.place(request)
        if self._silent_at == place and not self.reached.is_set():
            self.reached.set()
            return self._silence
        return self._answers[said][turn]

    @staticmethod
    def place(request: Request) -> tuple[str, int]:
        """Return the question at hand, and how many tool rounds there were since."""
        messages = asked(request)
        last = max(at for at, one in enumerate(messages) if one.get("role") == "user")
        return question(request), sum(bool(one.get("tool_calls")) for one in messages[last:])


def broken_off(text: str, after: int = 2) -> Hush:
    """Return an answer that says so many pieces and then nothing more."""
    return Hush(say(text), after=after + 1)


def noting(what: str, *more: str) -> Behaviour:
    """Return a turn that calls `note`, once for each text."""
    return call(*[("note", {"what": one}) for one in (what, *more)])
