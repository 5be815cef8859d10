"""A plan as a drawing."""

from time import process_time

from flowrun.plan.plan import ExecutionPlan, FlowAction, PlannedLimits, PlannedStep
from flowrun.views.mermaid import mermaid
from tests.support.plans import call, everything, talk, trip_report


def test_lanes_are_boxes_and_needs_are_arrows():
    assert mermaid(trip_report()) == (
        "---\n"
        "title: trip-report\n"
        "---\n"
        "flowchart TD\n"
        '  step_disk[["disk<br/>disk_free"]]\n'
        '  subgraph lane1["thread research"]\n'
        '    step_forecast["forecast<br/>guide"]\n'
        '    step_packing["packing<br/>guide"]\n'
        "  end\n"
        '  subgraph lane2["thread writing"]\n'
        '    step_report["report<br/>editor"]\n'
        "  end\n"
        "  step_forecast -.-> step_packing\n"
        "  step_disk --> step_report\n"
        "  step_forecast --> step_report\n"
        "  step_packing --> step_report\n"
    )


def test_needs_that_others_imply_are_not_drawn_however_far():
    plan = ExecutionPlan(
        flow="chain",
        steps=(call("a", 1), call("b", 2, "a"), call("c", 3, "b"), call("d", 4, "a", "c")),
    )
    arrows = [line.strip() for line in mermaid(plan).splitlines() if "-->" in line]
    assert arrows == ["step_a --> step_b", "step_b --> step_c", "step_c --> step_d"]


def test_names_that_are_words_of_mermaid_are_harmless():
    plan = ExecutionPlan(flow="f", steps=(call("end", 1), talk("class", 2, "end", thread="graph")))
    text = mermaid(plan)
    assert "step_end --> step_class" in text
    assert 'subgraph lane1["thread graph"]' in text


def test_labels_are_escaped():
    plan = ExecutionPlan(flow="f", steps=(call("a", 1, tool='x"]<b>; click'),))
    assert '[["a<br/>x#34;#93;#60;b#62;#59; click"]]' in mermaid(plan)


def test_a_long_chain_is_drawn_in_no_time():
    steps = [call("s1", 1)]
    steps += [
        call(f"s{n}", n, f"s{n - 1}", *([f"s{n - 2}"] if n > 2 else [])) for n in range(2, 5000)
    ]
    began = process_time()
    assert mermaid(ExecutionPlan(flow="f", steps=tuple(steps))).count("-->") == 4998
    assert process_time() - began < 2.0


def test_every_kind_has_a_shape_and_every_layer_a_line():
    text = mermaid(everything())
    assert text.splitlines()[4:] == [
        '  limits[/"max_cost_usd#61;2.5, max_parallel#61;4, timeout#61;10m"/]',
        '  step_ok{{"ok<br/>a person approves<br/>timeout 1h"}}',
        '  step_form{{"form<br/>a person says days, note<br/>if run.id"}}',
        (
            '  step_disk[["disk<br/>disk_free<br/>for each of inputs.paths, 3 at a time<br/>'
            "retry 3 attempts, delay 500ms, backoff 1, max_delay 90s, on tool<br/>"
            'goes on when it fails"]]'
        ),
        '  step_values("values<br/>set a, b<br/>for each of 1 item, 10 at a time")',
        (
            '  subgraph step_nested["nested<br/>flows#47;middle.flow.yaml<br/>after any of them'
            '<br/>until steps.nested.output.ok and true, at most 5 times<br/>retry 2 attempts"]'
        ),
        '    flow1_limits[/"max_tokens#61;10"/]',
        '    subgraph flow1_step_deep["deep<br/>flows#47;inner.flow.yaml"]',
        '      subgraph flow2_lane0["thread desk"]',
        '        flow2_step_draft["draft<br/>guide"]',
        '        flow2_step_again["again<br/>guide"]',
        "      end",
        "      flow2_step_draft -.-> flow2_step_again",
        "    end",
        "  end",
        "  step_ok --> step_disk",
        "  step_disk --> step_nested",
        "  step_ok --> step_nested",
    ]


def test_the_limits_of_a_sub_flow_stand_inside_it():
    inner = ExecutionPlan(
        flow="i", steps=(call("a", 1),), limits=PlannedLimits(max_tokens=5, timeout_s=60.0)
    )
    outer = PlannedStep(name="o", number=1, lane="(o)", action=FlowAction(path="i", plan=inner))
    assert mermaid(ExecutionPlan(flow="f", steps=(outer,))).splitlines()[4:7] == [
        '  subgraph step_o["o<br/>i"]',
        '    flow1_limits[/"max_tokens#61;5, timeout#61;1m"/]',
        '    flow1_step_a[["a<br/>disk_free"]]',
    ]


def test_a_step_that_runs_after_any_shows_each_of_them():
    plan = ExecutionPlan(
        flow="f", steps=(call("a", 1), call("b", 2, "a"), call("c", 3, "a", "b", join="any"))
    )
    arrows = [line.strip() for line in mermaid(plan).splitlines() if "-->" in line]
    assert arrows == ["step_a --> step_b", "step_a --> step_c", "step_b --> step_c"]


def test_what_a_condition_says_is_data():
    plan = ExecutionPlan(flow="f", steps=(call("a", 1, condition='"]]; click x "http:'),))
    assert "]];" not in mermaid(plan)
