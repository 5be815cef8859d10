"""Tools of the planted trip: one can be described to a model, one cannot."""


def locate(city: str) -> str:
    """Say where a city is."""
    return city


def spread(*cities: str) -> str:
    """Take any number of cities, which no JSON object says."""
    return ", ".join(cities)
