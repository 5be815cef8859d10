"""What the functions of an assistant step hand each other: the open run."""

from flowrun.interpreter.assistant_work import AssistantWork
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.budget import Spending
from flowrun.interpreter.state import open_state, prepare_plan
from flowrun.interpreter.trace import Trace
from tests.support.interpreting import ToldRuntime, ToldTools, talk_plan

PLAN = talk_plan(("ask", None, "Hello"))


class Paths:
    """A scope of which only paths are asked."""

    def path(self, key):
        return f"steps/ask/{key}"


def work():
    state = open_state(
        prepare_plan(PLAN), ToldRuntime({}), ToldTools({}), run_id="r", inputs={}, environment={}
    )
    attempt = Attempt(scope=Paths(), step=PLAN.steps[0], label="ask", names={}, home="steps/ask")
    trace = Trace(
        label="ask", began=0.0, spent=Spending(parent=state.spending), thread_id="thread_1"
    )
    return AssistantWork(attempt=attempt, state=state, assistant=PLAN.assistants[0], trace=trace)


def test_an_open_run_is_known_by_the_path_of_its_attempt_until_it_is_let_go():
    one = work()
    one.hold_open("run_0")
    assert one.state.open_runs == {"steps/ask/": ("thread_1", "run_0")}
    assert one.let_go() == "run_0"
    assert one.let_go() is None
    assert one.state.open_runs == {}
