"""Labels of steps, taken apart."""

import pytest

from flowrun.events.labels import (
    base_label,
    enclosing,
    is_among_items,
    label_of_path,
    level_of,
    number_of,
)


@pytest.mark.parametrize(
    ("label", "base", "level", "number"),
    [
        ("report", "report", "step", None),
        ("files[3]", "files", "item", 3),
        ("files[3]#2~1", "files", "try", 1),
        ("draft#12", "draft", "iteration", 12),
        ("outer[0]/inner", "outer/inner", "step", None),
        ("outer~2/inner[4]", "outer/inner", "item", 4),
    ],
)
def test_a_label_says_whose_it_is_and_what_of_it(label, base, level, number):
    assert (base_label(label), level_of(label), number_of(label)) == (base, level, number)


def test_what_a_label_is_a_part_of():
    assert list(enclosing("outer[0]~2/inner#3")) == [
        "outer[0]~2/inner#3",
        "outer[0]~2/inner",
        "outer[0]~2",
        "outer[0]",
        "outer",
    ]


def test_what_is_in_an_item_is_among_items():
    assert is_among_items("outer[0]/inner")
    assert not is_among_items("outer#1/inner~2")


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("steps/report/answer", "report"),
        (
            "steps/files/each[3:1f2e3d4c]/loop[2]/try[1]/round[4]/tool[call_9]/approval",
            "files[3]#2~1",
        ),
        ("steps/outer/try[2]/steps/inner/question", "outer~2/inner"),
        ("run/elsewhere", ""),
    ],
)
def test_a_plan_path_has_the_label_of_its_step(path, label):
    assert label_of_path(path) == label
