"""Sub-flows that cannot be run."""

import pytest

from flowrun.graph import check_flows
from flowrun.graph.surroundings import MAX_DEPTH
from tests.support.flows import HEADER, Checked, check_body

INNER = (
    HEADER
    + """inputs:
  city: {type: string}
  days: {type: integer, default: 3}
  kind: {type: string, enum: [a, b], default: a}
steps:
  a: {set: {x: "{{ inputs.city }} {{ inputs.days }} {{ inputs.kind }}"}}
outputs: {text: "{{ steps.a.output.x }}"}
"""
)


def lines(step, more="", **files):
    return check_body(f"steps:\n  x: {{{step}}}\n{more}", **{"inner_yaml": INNER, **files}).lines


def test_a_sound_sub_flow_is_run():
    done = check_body(
        "steps:\n  x: {flow: inner.yaml, with: {city: Oslo}}\n"
        '  y: {set: {t: "{{ steps.x.output.text }}"}}\n',
        inner_yaml=INNER,
    )
    assert done.plan is not None, done.lines


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("flow: iner.yaml", "2:12 file/missing there is no file `iner.yaml`"),
        ("flow: ../inner.yaml", "file/outside-project `../inner.yaml` is not inside the project"),
        ("flow: /inner.yaml", "file/outside-project"),
        ('flow: "{{ inputs.x }}.yaml"', "template/forbidden the file of `flow` must be a plain"),
        ("flow: inner.yaml", "flow/bad-inputs flow `inner.yaml` needs input `city`, found none"),
        (
            "flow: inner.yaml, with: {city: a, dys: 2}",
            "ref/unknown-input flow `inner.yaml` has no input `dys` | did you mean `days`?",
        ),
        (
            "flow: inner.yaml, with: {city: 5}",
            "flow/bad-inputs input `city` of flow `inner.yaml` must be a text, found `5`",
        ),
        (
            "flow: inner.yaml, with: {city: a, kind: c}",
            "flow/bad-inputs input `kind` of flow `inner.yaml` must be one of `a`, `b`, found `c`",
        ),
    ],
)
def test_what_is_wrong_with_one(step, said):
    (one,) = lines(step)
    assert said.replace("2:12", "4:13") in one


def test_its_outputs_are_known():
    (one,) = lines(
        "flow: inner.yaml, with: {city: a}", '  y: {set: {t: "{{ steps.x.output.txt }}"}}\n'
    )
    assert "`output` of step `x` has no field `txt` | did you mean `text`?" in one
    assert "flow.yaml:4:7 its shape is declared here" in one


def test_its_mistakes_stand_at_their_own_places_and_one_note_at_the_step():
    found = lines("flow: inner.yaml, with: {city: a}", inner_yaml=INNER.replace("inputs.city", "i"))
    assert [one.partition(" ")[0] for one in found] == ["flow.yaml:4:13", "inner.yaml:8:20"]
    assert "flow/broken flow `inner.yaml` has errors of its own | mend them first" in found[0]
    assert "inner.yaml:8:20 the first of them" in found[0]


def test_only_the_outermost_flow_notes_that_one_is_broken():
    done = Checked(
        {
            "flow.yaml": HEADER + "steps: {x: {flow: a.yaml}}\n",
            "a.yaml": HEADER + "steps: {x: {flow: b.yaml}}\n",
            "b.yaml": HEADER + "steps: {x: {tool: t}}\n",
        }
    )
    assert [(str(one.span.path), one.code) for one in done.diagnostics] == [
        ("b.yaml", "ref/unknown-tool"),
        ("flow.yaml", "flow/broken"),
    ]


def test_a_file_that_is_no_flow_is_complained_of_as_one():
    found = lines("flow: inner.yaml", inner_yaml="- 1\n")
    assert len(found) == 2
    assert "flow/broken" in found[0]
    assert "yaml/not-a-mapping" in found[1]


def test_a_flow_that_runs_itself_is_told_with_the_whole_way_round():
    done = Checked(
        {
            "flow.yaml": HEADER + "steps: {x: {flow: sub/a.yaml}}\n",
            "sub/a.yaml": HEADER + "steps: {x: {flow: ../sub/b.yaml}}\n",
            "sub/b.yaml": HEADER + "steps: {x: {flow: a.yaml}}\n",
        }
    )
    broken, recursion = done.lines
    assert broken.startswith("flow.yaml:3:19 flow/broken flow `sub/a.yaml` has errors of its own")
    assert recursion.startswith(
        "sub/b.yaml:3:19 flow/recursion flow `sub/a.yaml` runs itself: "
        "`sub/a.yaml` → `sub/b.yaml` → `sub/a.yaml` |"
    )


def test_a_flow_that_names_its_own_file_is_recursive():
    (one,) = lines("flow: flow.yaml")
    assert "flow/recursion flow `flow.yaml` runs itself: `flow.yaml` → `flow.yaml`" in one


def nested(depth):
    """Return files of flows, each of which runs the next; the first is level 1."""
    files = {
        f"l{n}.yaml": f"{HEADER}steps: {{x: {{flow: l{n + 1}.yaml}}}}\n" for n in range(2, depth)
    }
    files[f"l{depth}.yaml"] = HEADER + "steps: {x: {set: {a: 1}}}\n"
    return {**files, "flow.yaml": files.get("l1.yaml", HEADER + "steps: {x: {flow: l2.yaml}}\n")}


def test_flows_are_nested_to_a_depth_of_8():
    assert Checked(nested(MAX_DEPTH)).plan is not None
    done = Checked(nested(MAX_DEPTH + 1))
    assert done.codes == ["flow/broken", "flow/too-deep"]
    (deep,) = [one for one in done.diagnostics if one.code == "flow/too-deep"]
    assert deep.span.path == "l8.yaml"
    assert "at most 8 flows may run one another, found 9: `flow.yaml` → `l2.yaml`" in deep.message
    assert deep.message.endswith("→ `l9.yaml`")


def test_a_flow_that_fits_in_one_place_may_be_too_deep_in_another():
    files = nested(MAX_DEPTH)
    files["flow.yaml"] = HEADER + "steps: {a: {flow: l2.yaml}, b: {flow: one.yaml}}\n"
    files["one.yaml"] = HEADER + "steps: {x: {flow: l2.yaml}}\n"
    done = Checked(files)
    deep = next(one for one in done.diagnostics if one.code == "flow/too-deep")
    assert deep.span.path == "one.yaml"
    assert "`flow.yaml` → `one.yaml` → `l2.yaml`" in deep.message


def test_a_thousand_flows_that_run_one_another_are_followed_for_eight():
    done = Checked(nested(1000))
    assert done.codes == ["flow/broken", "flow/too-deep"]


def bomb(width, depth):
    """Return a flow whose steps grow by a factor at each of its levels."""
    files = {}
    for level in range(1, depth + 1):
        steps = "".join(
            f"  s{n}: {{flow: l{level + 1}.yaml}}\n"
            if level < depth
            else f"  s{n}: {{set: {{a: 1}}}}\n"
            for n in range(width)
        )
        files["flow.yaml" if level == 1 else f"l{level}.yaml"] = f"{HEADER}steps:\n{steps}"
    return files


def test_a_flow_that_grows_beyond_measure_is_refused():
    done = Checked(bomb(20, 8))
    large = [one for one in done.diagnostics if one.code == "flow/too-large"]
    assert len(large) == 1
    assert "at most 100,000 steps in all, found 168,420" in large[0].message
    assert large[0].span.path == "l5.yaml"


def test_flows_whose_texts_are_too_long_together_are_refused():
    long = f"{HEADER}steps:\n  a: {{set: {{text: {'x' * 1024**2}}}}}\n"
    steps = [f"  s{n}: {{flow: long.yaml}}\n" for n in range(32)]
    files = {"long.yaml": long, "flow.yaml": f"{HEADER}steps:\n{''.join(steps[1:])}"}
    assert not Checked(files).lines
    (one,) = Checked({**files, "flow.yaml": f"{HEADER}steps:\n{''.join(steps)}"}).diagnostics
    assert one.code == "flow/too-large"
    assert one.message.startswith(
        "the flows that a flow runs must come to at most 32 MiB of text in all, found 33 MiB"
    )
    assert one.span.start.line == 4


def test_steps_in_all_are_counted_as_often_as_they_run():
    done = Checked(bomb(3, 3))
    assert check_flows.steps_in_all(done.graph) == 3 + 9 + 27
