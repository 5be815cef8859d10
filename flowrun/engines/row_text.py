"""Texts that a row can hold: the store takes UTF-8, and Python's texts may hold more than that."""


def storable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which a command line may hold."""
    return text.encode(errors="replace").decode()
