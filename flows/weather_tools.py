"""Weather for the sample flows, from a table: no key, no network, the same answer every time."""

from typing import Literal, TypedDict

Unit = Literal["celsius", "fahrenheit"]

NORMALS = {
    "berlin": (10, 1, 20),
    "london": (12, 6, 19),
    "new york": (13, 1, 25),
    "paris": (13, 5, 21),
    "san francisco": (14, 11, 17),
    "singapore": (28, 27, 29),
    "sydney": (19, 13, 24),
    "tokyo": (16, 5, 27),
}
"""Mean of the year, of its coldest and of its warmest month, 1991-2020, in degrees Celsius."""


class Weather(TypedDict):
    """What the model is told."""

    location: str
    unit: str
    average: int
    coldest_month: int
    warmest_month: int
    source: str


def get_current_weather(location: str, unit: Unit = "celsius") -> Weather:
    """Get the usual temperatures of a city.

    Args:
        location: The city and state, e.g. San Francisco, CA
        unit: Unit of the temperatures
    """
    city = location.split(",")[0].strip().lower()
    if city not in NORMALS:
        known = ", ".join(name.title() for name in NORMALS)
        raise LookupError(f"no weather for `{location}`; there is some for {known}")
    average, coldest, warmest = (_in_unit(celsius, unit) for celsius in NORMALS[city])
    return {
        "location": location,
        "unit": unit,
        "average": average,
        "coldest_month": coldest,
        "warmest_month": warmest,
        "source": "normals of 1991-2020, not a live reading",
    }


def _in_unit(celsius: int, unit: Unit) -> int:
    return celsius if unit == "celsius" else round(celsius * 9 / 5 + 32)
