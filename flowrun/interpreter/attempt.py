"""One try of a step: what everything that carries out an action is given."""

from collections.abc import Mapping
from dataclasses import dataclass

from flowrun.ids import JsonValue
from flowrun.plan.plan import PlannedStep
from flowrun.ports.durable import Durable


@dataclass(slots=True, kw_only=True)  # not frozen: that triples what making one costs, in each step
class Attempt:
    """One try of a step, of one item and one iteration of it where it has those. Never changed."""

    scope: Durable
    """Its keys; the result is recorded under `finished`."""
    step: PlannedStep
    label: str
    """As events name it; see `events.records`."""
    names: Mapping[str, JsonValue]
    """What expressions see: the flow's names, with `item`, `index` and the step's own view."""
    home: str
    """Plan path of the step, or of the item: what iterations and tries share, such as a thread."""
    number: int = 1
    """Which try it is."""
    earlier: tuple[Durable, ...] = ()
    """Scopes of the tries before it, the latest last."""
