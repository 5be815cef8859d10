"""Lists of names in which each name stands once."""

from collections.abc import Callable, Iterator

from flowrun.spec.grammar import Fault
from flowrun.spec.plain import Plain
from flowrun.spec.spans import DocPath


def repeated_names(path: DocPath, names: Plain, noun: Callable[[DocPath], str]) -> Iterator[Fault]:
    """Yield a fault for every name that stands in a list again.

    Args:
        path: Of the list.
        names: The list, or whatever stands there.
        noun: Says what the thing at a path is called.
    """
    if not isinstance(names, list):
        return
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        if isinstance(name, str) and first.setdefault(name, number) != number:
            yield Fault(
                path=(*path, number),
                code="bind/wrong-value",
                message=f"{noun(path)} must name each once, found `{name}` again",
                label="named again",
                hint="remove one of them",
                related=(((*path, first[name]), "named here first"),),
                loses=(*path, number),
            )
