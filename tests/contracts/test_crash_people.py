"""Calls that people approve die after any event and go on; whoever is asked is asked once.

One flow with approvals in rounds (several of one, beside a call that needs none and one that a
crash may hide), in a tool step, in items, iterations, tries and a sub-flow. It is told once
undisturbed and then once for every event, with a death right after it. The runtime can begin a run
with rounds, or it cannot.
"""

from collections import Counter

import pytest

from flowrun.events.records import (
    FlowRunFinished,
    FlowRunStarted,
    QuestionAnswered,
    QuestionAsked,
    StepFinished,
)
from flowrun.plan.plan import PlannedAssistant, PlannedTool
from flowrun.ports.models import TokenUsage, ToolCall
from flowrun.ports.runtime import (
    RunBegan,
    RunEnded,
    RunRequiresAction,
    RuntimeCapabilities,
)
from tests.support.crash import Died
from tests.support.interpreting import Stage, ToldTools
from tests.support.steps import call, plan_of, subflow, talk


class Clerk:
    """A runtime whose model makes the calls of its message, a round each word, and then is done.

    Every turn costs 10 tokens. Runs keep what they used; a run that begins with rounds, or whose
    thread was told of them, goes on behind them.
    """

    def __init__(self, *, rounds):
        self.capabilities = RuntimeCapabilities(
            frozenset(), frozenset(), keyed_threads=True, rounds=rounds
        )
        self.threads, self.runs, self.turns, self.open = {}, {}, 0, {}
        self.seen = []

    async def put_assistant(self, definition):
        return definition.name

    async def open_thread(self, label, metadata=()):
        self.threads.setdefault(label, {"wanted": [], "done": 0})
        return label

    async def start_run(self, request):
        thread = self.threads[request.thread_id]
        if request.label not in self.runs:
            assert self.open.get(request.thread_id) is None, "the thread has an active run"
            self._listen(thread, request)
            run = {"id": f"run_{len(self.runs)}", "used": 0, "stop": None, "thread": thread}
            self.runs[request.label] = run
            self.open[request.thread_id] = run["id"]
        run = self.runs[request.label]
        yield RunBegan(run["id"])
        yield self._next(request.thread_id, run)

    def _listen(self, thread, request):
        if request.message is not None and not request.message.startswith("You called"):
            thread["wanted"] += request.message.split()
        elif request.message is not None:
            self.seen.append(request.message)
            thread["done"] += 1
        self.seen += [one.outputs for one in request.rounds[-1:]]
        if request.rounds:
            thread["done"] += 1

    def _next(self, thread_id, run):
        if run["stop"] is None:
            self.turns += 1
            run["used"] += 10
            thread = run["thread"]
            wanted = thread["wanted"][thread["done"] :]
            usage = TokenUsage(run["used"], 0, run["used"])
            if wanted:
                calls = tuple(
                    ToolCall(f"{run['id']}-{self.turns}-{n}", tool, f'{{"what": "{wanted[0]}"}}')
                    for n, tool in enumerate(wanted[0].partition(":")[0].split("+"))
                )
                run["stop"] = RunRequiresAction(run["id"], calls, usage)
            else:
                self.open[thread_id] = None
                run["stop"] = RunEnded(
                    run_id=run["id"], status="completed", messages=("done",), usage=usage
                )
        return run["stop"]

    async def submit_tool_outputs(self, thread_id, run_id, outputs):
        run = next(one for one in self.runs.values() if one["id"] == run_id)
        if isinstance(run["stop"], RunRequiresAction):
            ids = [one.id for one in run["stop"].calls]
            if ids == [one.call_id for one in outputs]:
                self.seen.append(tuple(one.output for one in outputs))
                run["thread"]["done"] += 1
                run["stop"] = None
        yield self._next(thread_id, run)

    async def cancel(self, thread_id, run_id):
        run = next(one for one in self.runs.values() if one["id"] == run_id)
        usage = TokenUsage(run["used"], 0, run["used"])
        if not isinstance(run["stop"], RunEnded):
            run["stop"] = RunEnded(run_id=run_id, status="cancelled", usage=usage)
            self.open[thread_id] = None
        return usage


TOOLS = ("pay", "look", "once")


def flow(on_unknown):
    tools = (
        PlannedTool(name="pay", kind="python", effect="keyed", approval="always"),
        PlannedTool(name="look", kind="python", effect="repeatable"),
        PlannedTool(name="once", kind="python", effect="at_most_once", on_unknown=on_unknown),
    )
    guide = PlannedAssistant(name="guide", model="m", tools=TOOLS)
    inner = plan_of(
        talk("deep", message="once pay:deep"), flow="inner", tools=tools, assistants=(guide,),
    )  # fmt: skip
    return plan_of(
        talk("round", message="look pay+once+pay+look:a pay:b look"),
        talk("items", "round", message="pay:{{ item }}", foreach=["x", "y"]),
        talk("again", "round", message="pay+once:again", repeat=("steps.again.output == 'done'", 2),
             retry=2),
        call("step", "again", tool="pay", given={"what": "step"}),
        subflow("outer", inner, "round", retry=2),
        tools=tools,
        assistants=(guide,),
    )  # fmt: skip


def done_or_yes(kind):
    return "done" if kind == "unknown" else "approved"


def run_or_yes(kind):
    return "run" if kind == "unknown" else "approved"


class Telling:
    def __init__(self, folder, *, rounds=True, on_unknown="ask", decide=done_or_yes):
        self.made, self.calls_left, self.deaths = Counter(), -1, 0
        self.next_too = -1
        self.clerk, self.decide = Clerk(rounds=rounds), decide
        tools = ToldTools({name: self._tool(name) for name in TOOLS})
        plan = flow(on_unknown)
        self.stage = Stage(folder=folder, plan=plan, runtime=self.clerk, tools=tools)

    def _tool(self, name):
        def function(what):
            self.made[name, what] += 1
            self.calls_left -= 1
            if self.calls_left == 0:
                self.deaths += 1
                self.calls_left = self.next_too if self.deaths == 1 else -1
                raise Died
            return f"{name} {what}"

        return function

    def to_the_end(self, watch=None):
        """Live on, saying yes to whatever is asked, until the run is over."""
        self.stage.watch = watch
        done = self.stage.live()
        while done.head.status == "parked":
            asked = {one.question: one.kind for one in done.of(QuestionAsked)}
            answers = {one: self.answer(asked[one]) for one in done.head.questions}
            done = self.stage.live(resume=True, answers=answers)
        return done

    def answer(self, kind):
        decision = self.decide(kind)
        return {"decision": decision, "value": "it was done", "comment": "so be it"}

    def die_after(self, count):
        seen = []

        def watch(stamped):
            if isinstance(stamped.event, FlowRunStarted) or stamped.seq is None:
                return
            seen.append(stamped.event)
            if len(seen) >= count:  # nothing of this life is seen any more
                raise Died

        try:
            self.to_the_end(watch)
        except Died:
            self.stage.watch = None
            return True
        return False


def results(done):
    """Return what steps came to, without times and runs."""
    return sorted(
        (one.step, one.status, one.output, one.error, (one.usage or {}).get("total_tokens"))
        for one in done.of(StepFinished)
    )


@pytest.mark.parametrize("rounds", [True, False])
def test_wherever_it_dies_everything_happens_once(tmp_path, rounds):
    first = Telling(tmp_path / "whole", rounds=rounds)
    whole = first.to_the_end()
    assert whole.last.status == "completed", whole.last.error
    assert set(first.made.values()) == {1} | {v for k, v in first.made.items() if k[0] == "look"}
    assert whole.last.usage["total_tokens"] == first.clerk.turns * 10
    deaths, unknown = 0, 0
    while True:
        telling = Telling(tmp_path / str(deaths), rounds=rounds)
        if not telling.die_after(deaths + 1):
            break
        deaths += 1
        done = telling.to_the_end()
        assert done.last.status == "completed", (deaths, done.last.error)
        hidden = [one for one in done.of(QuestionAsked) if one.kind == "unknown"]
        unknown += len(hidden)
        for (name, what), times in telling.made.items():
            assert times <= (2 if name == "look" else 1) or name == "pay", (deaths, name, what)
        if not hidden:
            assert results(done) == results(whole), deaths
        assert done.last.usage["total_tokens"] == telling.clerk.turns * 10, deaths
        questions = [one.question for one in done.of(QuestionAsked)]
        assert len(questions) == len(set(questions)), deaths
        assert len(done.of(QuestionAnswered)) == len(questions), deaths
        approvals = sum(one.kind == "approval" for one in done.of(QuestionAsked))
        assert approvals == sum(one.kind == "approval" for one in whole.of(QuestionAsked)), deaths
        assert [type(one) for one in done.events].count(FlowRunFinished) == 1
        assert not any(telling.clerk.open.values())
    assert deaths > 60


@pytest.mark.parametrize(
    ("on_unknown", "decide", "again"),
    [("ask", done_or_yes, 0), ("ask", run_or_yes, 1), ("tell_model", done_or_yes, 0)],
)
def test_a_call_that_a_crash_hides_beside_those_that_people_approve(
    tmp_path, on_unknown, decide, again
):
    """Every call in turn dies after it did what it does, and so does the one made after all."""
    whole = Telling(tmp_path / "whole").to_the_end()
    for number in range(1, 30):
        how = {"on_unknown": on_unknown, "decide": decide}
        telling = Telling(tmp_path / str(number), **how)
        telling.calls_left, telling.next_too = number, again or -1
        while True:
            try:
                done = telling.to_the_end()
                break
            except Died:
                continue
        if not telling.deaths:
            break
        assert done.last.status == "completed", (number, done.last.error)
        assert done.last.usage["total_tokens"] == telling.clerk.turns * 10, number
        once = [times for (name, _), times in telling.made.items() if name == "once"]
        assert all(times <= 1 + 2 * again for times in once), (number, telling.made)
        assert done.last.outputs == whole.last.outputs
        questions = [one.question for one in done.of(QuestionAsked)]
        assert len(questions) == len(set(questions))
    assert number > 12
