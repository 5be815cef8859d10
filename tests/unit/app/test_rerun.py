"""One step of a recorded run, and what it is run with."""

import pytest

from flowrun.app.load import load_flow
from flowrun.app.rerun import prepare_rerun
from flowrun.app.runs import StoredRun
from flowrun.errors import BadRequest, RunConflict
from flowrun.events.records import FlowRunStarted, StepFinished
from flowrun.ports.engine import FlowRunHead, RunSetting
from tests.support.projects import BARE, make
from tests.support.run_story import stamp

FLOW = """
    version: 1
    name: chain
    inputs: {city: {type: string, default: Oslo}}
    tools:
      work: {script: "true"}
    assistants: {guide: {model: m, instructions: Be brief.}}
    threads: {talk: {}}
    steps:
      a: {tool: work}
      b: {tool: work, needs: [a]}
      loose: {tool: work, if: "{{ inputs.city }}"}
      c: {assistant: guide, thread: talk, message: "{{ steps.b.output }}"}
      d: {assistant: guide, thread: talk, message: "{{ steps.loose.status }}", needs: [c]}
"""


@pytest.fixture
def plan(tmp_path):
    make(tmp_path, flowrun_yaml="version: 1\n", chain_flow_yaml=FLOW)
    return load_flow(str(tmp_path / "chain.flow.yaml"), environ=BARE).require_plan()


def stored(plan, *results, flow="chain"):
    started = FlowRunStarted(flow=flow, plan_digest="d", inputs={"city": "Rome", "gone": 1})
    head = FlowRunHead(
        run_id="old",
        flow=flow,
        status="failed",
        plan_digest="d",
        started_at=0.0,
        finished_at=1.0,
        alive=False,
    )
    return StoredRun(
        head=head,
        plan=plan,
        events=tuple(stamp((0, started), *[(1, one) for one in results])),
        setting=RunSetting(environment={}, origin={"path": "chain.flow.yaml"}),
    )


def done(step, status="completed"):
    return StepFinished(step=step, status=status, output=step)


def test_a_step_is_run_with_what_is_upstream_of_it_and_inputs_that_are_still_there(plan):
    rerun = prepare_rerun(plan, stored(plan, done("a"), done("loose"), done("b"), done("b~1")), "c")
    assert [one.step for one in rerun.recorded] == ["a", "b"]
    assert (rerun.step, rerun.inputs, rerun.origin) == ("c", {"city": "Rome"}, {"from_run": "old"})
    assert rerun.notice is None


def test_a_thread_that_is_not_carried_over_is_said(plan):
    rerun = prepare_rerun(plan, stored(plan, *map(done, ("a", "b", "loose", "c"))), "d")
    assert rerun.notice == "thread `talk` begins anew: what `c` said on it is not carried over"


def test_missing_results_are_named(plan):
    with pytest.raises(BadRequest, match="run `old` has no result of `loose`, `c`, which `d` need"):
        prepare_rerun(plan, stored(plan, done("a"), done("c", "failed")), "d")


def test_a_need_that_a_failure_kept_from_running_has_no_result(plan):
    kept = StepFinished(step="b", status="skipped", error="not run: step `a` failed")
    with pytest.raises(BadRequest, match="run `old` has no result of `b`"):
        prepare_rerun(plan, stored(plan, done("a"), kept), "c")


def test_a_step_that_is_none_is_refused(plan):
    with pytest.raises(BadRequest, match="flow `chain` has no step `e`"):
        prepare_rerun(plan, stored(plan), "e")


def test_a_run_of_another_flow_is_refused(plan):
    with pytest.raises(RunConflict, match="is of flow `other`, not of `chain`"):
        prepare_rerun(plan, stored(plan, flow="other"), "c")
