def current_weather(place: str) -> str:
    """Tell the weather of a place."""
    return place


def odd(*places: str) -> str:
    """Cannot be described."""
    return places[0]
