from typing import TypedDict


class Weather(TypedDict):
    temperature: float
    sky: str


def look() -> Weather:
    """Look out of the window."""
    return {"temperature": 20.0, "sky": "blue"}


def any_value() -> object:
    """Return anything."""
    return {"whatever": 1}
