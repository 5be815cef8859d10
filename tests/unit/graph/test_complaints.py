"""Suggestions."""

from flowrun.graph.complaints import near


def test_a_near_name_is_suggested():
    assert near("forcast", {"forecast", "report"}, "none") == "did you mean `forecast`?"


def test_few_names_are_listed_and_none_is_said():
    assert near("zzz", {"b", "a"}, "none") == "known: `a`, `b`"
    assert near("zzz", (), "none") == "none"


def test_many_names_are_searched_in_part():
    many = [f"step_{n}" for n in range(5000)]
    assert near("step_1", many, "none").startswith("did you mean `step_")
    assert near("zzz", many, "none") == "none"
