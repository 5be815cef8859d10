"""A plan as a drawing."""

from time import process_time

from flowrun.plan.plan import ExecutionPlan
from flowrun.views.mermaid import mermaid
from tests.support.plans import call, talk, trip_report


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
        "  step_forecast --> step_packing\n"
        "  step_disk --> step_report\n"
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
