"""Files through the stages, sub-flows first."""

from flowrun.app.stages import Stages
from flowrun.graph.surroundings import Surroundings
from flowrun.plan.plan import FlowAction
from flowrun.source.document import NO_SUCH_FILE, Unreadable
from flowrun.source.text import SourceText
from tests.support.flows import HEADER

INNER = HEADER + "inputs: {a: {type: string}}\nsteps: {x: {set: {b: '{{ inputs.a }}'}}}\n"
WITH = ", with: {a: x}}"


class Desk:
    """Files that remember how often they were read, and flows that were looked around for."""

    def __init__(self, **files):
        self.files = {f"{name}.yaml": text for name, text in files.items()}
        self.read_files = []
        self.looked = []

    def compile(self, path="flow.yaml"):
        return Stages(self._read, {}, self._look).compile(path)

    def _read(self, path):
        self.read_files.append(path)
        text = self.files.get(path)
        return Unreadable(path, NO_SUCH_FILE) if text is None else SourceText(path, text)

    def _look(self, flow, path):
        self.looked.append(path)
        return Surroundings()


def test_a_file_that_several_steps_name_is_compiled_once():
    desk = Desk(
        flow=f"{HEADER}steps: {{a: {{flow: inner.yaml{WITH}, b: {{flow: ./inner.yaml{WITH}}}\n",
        inner=INNER,
    )
    done = desk.compile()
    assert done.plan is not None, done.diagnostics
    a, b = (one.action for one in done.plan.steps)
    assert isinstance(a, FlowAction)
    assert a.path == b.path == "inner.yaml"
    assert a.plan is b.plan
    assert a.inputs == {"a": "x"}
    assert desk.looked == ["inner.yaml", "flow.yaml"]  # the inner one is ready when it is needed
    assert done.deepest == ("flow.yaml", "inner.yaml")


def test_a_flow_alone_reads_its_own_file_only():
    desk = Desk(flow=HEADER + "steps: {x: {set: {a: 1}}}\n", inner=INNER)
    assert desk.compile().plan is not None
    assert set(desk.read_files) == {"flow.yaml"}


def test_errors_of_a_sub_flow_leave_the_outer_one_without_a_plan_but_with_a_flow():
    desk = Desk(
        flow=f"{HEADER}steps: {{a: {{flow: inner.yaml{WITH}}}\n",
        inner=INNER.replace("inputs.a", "inputs.b"),
    )
    done = desk.compile()
    assert done.plan is None
    assert done.bound is not None
    assert [one.code for one in done.diagnostics] == ["flow/broken", "ref/unknown-input"]


def test_warnings_of_a_sub_flow_refuse_nothing():
    desk = Desk(
        flow=f"{HEADER}steps: {{a: {{flow: inner.yaml{WITH}}}\n",
        inner=INNER.replace("'{{ inputs.a }}'", "1"),
    )
    done = desk.compile()
    assert [(one.code, one.span.path) for one in done.diagnostics] == [
        ("lint/unused-input", "inner.yaml")
    ]
    assert done.plan is not None


def test_a_file_that_is_not_there_has_nothing_but_its_complaint():
    done = Desk().compile("none.yaml")
    assert [one.code for one in done.diagnostics] == ["file/missing"]
    assert (done.bound, done.graph, done.plan) == (None, None, None)
