"""How the parts of a step come to stand under it."""

from flowrun.views.step_summary import StepSummary, add_usage, arrange_steps, outermost_finished


def step(name, status="completed", **facts):
    return StepSummary(name=name, status=status, **facts)


def arranged(*steps):
    return {one.name: one for one in arrange_steps(steps)}


def test_parts_stand_under_their_step():
    found = arranged(step("a", items=2), step("a[0]"), step("b"), step("a[0]~1"), step("a[1]"))
    assert list(found) == ["a", "b"]
    assert [one.name for one in found["a"].parts] == ["a[0]", "a[0]~1", "a[1]"]
    assert [one.name for one in found["a"].instances] == ["a[0]", "a[1]"]


def test_steps_of_a_sub_flow_follow_theirs():
    found = arranged(step("a"), step("z"), step("a/b"), step("a/b/c"), step("a/d"))
    assert list(found) == ["a", "a/b", "a/b/c", "a/d", "z"]
    assert [one.depth for one in found.values()] == [0, 1, 2, 1, 0]


def test_a_step_inside_of_items_is_as_good_as_all_of_them():
    found = arranged(
        step("a", items=3),
        step("a[0]/b", usage=add_usage([{"total_tokens": 1}])),
        step("a[1]/b", "failed", usage=add_usage([{"total_tokens": 2}])),
    )
    assert (found["a/b"].status, found["a/b"].usage["total_tokens"]) == ("failed", 3)
    assert found["a/b"].is_many
    assert arranged(step("a[0]/b", "running"), step("a[1]/b"))["a/b"].status == "running"


def test_a_step_inside_of_iterations_is_as_the_latest_is():
    found = arranged(step("a#1/b", output="one"), step("a#2/b", output="two"))
    assert (found["a/b"].output, found["a/b"].is_many) == ("two", False)


def test_what_is_a_part_of_something_finished_is_not_counted_again():
    told = [step("a[0]"), step("a[0]~1", "failed"), step("a[1]~1", "failed"), step("b", "running")]
    ended = outermost_finished({one.name: one for one in told})
    assert sorted(one.name for one in ended) == ["a[0]", "a[1]~1"]
