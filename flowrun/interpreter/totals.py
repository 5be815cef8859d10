"""What several results of one step used together: its items, its iterations or its tries."""

from dataclasses import replace

from flowrun.events.records import StepFinished
from flowrun.ids import JsonObject
from flowrun.interpreter.budget import Spending, read_usage, usage_record


class Totals:
    """Sums of results, in whatever order they come."""

    def __init__(self) -> None:
        self._spent = Spending()
        self._has_usage = False

    def add(self, result: StepFinished) -> None:
        """Count a result; one without usage took no model."""
        if result.usage is not None:
            self._has_usage = True
            self._spent.add_known(read_usage(result.usage), result.cost_usd)

    @property
    def usage(self) -> JsonObject | None:
        """Tokens together; None when no model took part."""
        return usage_record(self._spent.usage) if self._has_usage else None

    @property
    def cost_usd(self) -> float | None:
        """US dollars together; None when no model took part, or one without a price."""
        return self._spent.cost_usd if self._has_usage else None

    def closing(self, last: StepFinished, label: str, duration_s: float) -> StepFinished:
        """Return the last result as that of all, with what all of them used.

        Args:
            last: It decides how the whole ended, and what came of it.
            label: Of the whole.
            duration_s: Of the whole, in seconds.
        """
        return replace(
            last, step=label, usage=self.usage, cost_usd=self.cost_usd, duration_s=duration_s
        )
