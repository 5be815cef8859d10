"""A flow whose tools write down that they ran, and a model that can be made to fall silent.

The ledger is a file outside of everything flowrun keeps: what stands there twice, happened twice.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from tests.support.endpoint import Behaviour, Hush, Stall, call, say
from tests.support.endpoint_wire import Request
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
      cat gate.out
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
        files = {
            "errands.flow.yaml": flow.replace("EFFECT", effect),
            "flowrun.yaml": endpoint_settings(base_url),
        }
        self.project = Project(folder, files)
        self.gate = Gate(self.project.root, "gate")

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

    def resume(self):
        """Go on with the run to its end."""
        return self.project.flowrun("runs", "resume", "errands-1", "--format", "json")


class Model:
    """Answers each question as told, but for one time when it is silent or breaks off.

        Model({"First": [say("one")], "Second": [call(("note", {...})), say("two")]},
              silent_at=("Second", 1))

    The turns of a question are its answers in order, one a turn; the number of tool rounds since
    the question says which is due, so that asking again gives the same answer again.
    """

    def __init__(self, answers, *, silent_at=None, silence=None) -> None:
        self._answers = answers
        self._silent_at = silent_at
        self._silence = silence or Stall()
        self.reached = threading.Event()
        """Set when the silence began."""

    def __call__(self, request: Request) -> Behaviour:
        said = question(request)
        turn = _rounds(request)
        if self._silent_at == (said, turn) and not self.reached.is_set():
            self.reached.set()
            return self._silence
        return self._answers[said][turn]


def broken_off(text: str, after: int = 2) -> Hush:
    """Return an answer that says so many pieces and then nothing more."""
    return Hush(say(text), after=after + 1)


def noting(what: str, *more: str) -> Behaviour:
    """Return a turn that calls `note`, once for each text."""
    return call(*[("note", {"what": one}) for one in (what, *more)])


def _rounds(request: Request) -> int:
    """Return how many tool rounds there were since the last thing a user said."""
    messages = asked(request)
    last = max(at for at, one in enumerate(messages) if one.get("role") == "user")
    return sum(bool(one.get("tool_calls")) for one in messages[last:])
