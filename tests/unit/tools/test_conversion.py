"""Arguments become what annotations ask for; an annotation of no use is known beforehand."""

import datetime
from collections.abc import Collection, Iterable

import pytest

from flowrun.tools.arguments import CannotLoad, DoesNotFit
from flowrun.tools.conversion import converter_of
from flowrun.tools.modules import ProjectModules


class Client:
    """Nothing that JSON could be turned into."""


def meet(day: datetime.date, guests: int = 2, client: Client | None = None):
    return day, guests, client


def crowd(names: Collection[str], count: int): ...


def astray(where: "Nowhere"): ...  # noqa: F821


def converter(function, given=None):
    modules = ProjectModules([], {})
    try:
        return converter_of(function, "m:f", given=given, modules=modules)
    finally:
        modules.close()


def convert(arguments):
    return converter(meet, ("day", "guests"))(arguments)


def test_values_become_what_the_annotations_say_and_defaults_stay():
    assert convert({"day": "2026-11-20"}) == (
        (),
        {"day": datetime.date(2026, 11, 20), "guests": 2, "client": None},
    )


def test_what_does_not_fit_is_said_of_its_argument():
    with pytest.raises(DoesNotFit) as caught:
        convert({"guests": "many"})
    assert str(caught.value) == (
        "argument `day` is required; "
        "argument `guests`: input should be a valid integer, unable to parse string as an integer"
    )


def test_annotations_of_parameters_that_nobody_gives_are_nobodys_concern():
    with pytest.raises(CannotLoad):
        converter(meet)
    assert convert({"day": "2026-11-20"})[1]["client"] is None


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            crowd,
            "names` whose type is `collections.abc.Collection[str]`, which JSON cannot become",
        ),
        (
            astray,
            "where` whose type cannot be used: NameError: name 'Nowhere' is not defined",
        ),
    ],
)
def test_an_annotation_of_no_use_is_said_of_its_parameter(function, said):
    with pytest.raises(CannotLoad) as caught:
        converter(function)
    assert str(caught.value) == f"`m:f` has a parameter `{said}"


def test_an_iterable_can_be_gone_through_more_than_once():
    def total(prices: Iterable[int]): ...

    assert converter(total)({"prices": ["1", 2]}) == ((), {"prices": [1, 2]})
    with pytest.raises(DoesNotFit):
        converter(total)({"prices": ["free"]})
