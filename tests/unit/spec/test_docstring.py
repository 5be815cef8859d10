"""What a docstring says."""

from flowrun.spec.docstring import read_docstring

GOOGLE = """Tell the weather
    of a place.

    More about it.

    Args:
        location (str): City and country,
            such as `Paris, France`.
        unit: Celsius or
            Fahrenheit: one of them.
        *rest: The rest.
        silent:

    Returns:
        days: not a parameter
    """

SPHINX = """Tell the weather.

    :param location: City and country,
        such as Paris.
    :param str unit: A unit.
    :returns: nothing
    """


def test_the_first_paragraph_is_the_description():
    assert read_docstring(GOOGLE).description == "Tell the weather of a place."


def test_google_s_sections_describe_parameters():
    assert read_docstring(GOOGLE).parameters == {
        "location": "City and country, such as `Paris, France`.",
        "unit": "Celsius or Fahrenheit: one of them.",
        "rest": "The rest.",
    }


def test_sphinx_s_fields_describe_parameters():
    read = read_docstring(SPHINX)
    assert read.description == "Tell the weather."
    assert read.parameters == {"location": "City and country, such as Paris.", "unit": "A unit."}


def test_no_docstring_says_nothing():
    for text in (None, "", "   \n"):
        assert read_docstring(text).description == ""
        assert read_docstring(text).parameters == {}


def test_a_docstring_of_sections_alone_has_no_description():
    read = read_docstring("Args:\n    a: first")
    assert read.description == ""
    assert read.parameters == {"a": "first"}


def test_a_description_ends_where_a_section_begins():
    assert read_docstring("Do it.\nArgs:\n    a: b").description == "Do it."
