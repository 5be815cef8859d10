"""What a run has used of tokens and money, and whether that is as much as it may.

An account counts what is added to it and passes it on to the one above: a step's to its flow's, a
sub-flow's to that of the step that runs it. Whoever adds does so once for each token, whichever
life of the run it was used in.
"""

from flowrun.ids import JsonObject
from flowrun.plan.plan import PlannedLimits, PlannedPrices
from flowrun.ports.models import TokenUsage

_MILLION = 1_000_000
_UNLIMITED = PlannedLimits()


class Spending:
    """One account: of a run, of a sub-flow's run, or of one step of either."""

    __slots__ = ("_cost_usd", "_limits", "_parent", "_unpriced", "usage")

    def __init__(
        self, limits: PlannedLimits = _UNLIMITED, parent: "Spending | None" = None
    ) -> None:
        self._limits = limits
        self._parent = parent
        self._cost_usd = 0.0
        self._unpriced = False
        self.usage = TokenUsage()

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.usage.total_tokens

    @property
    def cost_usd(self) -> float | None:
        """US dollars; None once a model without a price took part."""
        return None if self._unpriced else self._cost_usd

    def add(self, usage: TokenUsage, prices: PlannedPrices | None) -> None:
        """Count tokens that were used, here and above.

        Args:
            usage: Not counted before.
            prices: Of the model that used them; None when it has none.
        """
        if usage == _NOTHING:
            return
        self.add_known(usage, None if prices is None else cost_of(usage, prices))

    def add_known(self, usage: TokenUsage, cost_usd: float | None) -> None:
        """Count what a result of an earlier life or of a sub-flow says that it used."""
        self.carry(usage, cost_usd)
        if self._parent is not None:
            self._parent.add_known(usage, cost_usd)

    def carry(self, usage: TokenUsage, cost_usd: float | None) -> None:
        """Count here alone what is counted above already."""
        self.usage += usage
        if cost_usd is None:
            self._unpriced = self._unpriced or usage != _NOTHING
        else:
            self._cost_usd += cost_usd

    def rounds_allowed(self) -> int | None:
        """Return how many rounds of tool calls one assistant step may take; None for any."""
        above = None if self._parent is None else self._parent.rounds_allowed()
        own = self._limits.max_tool_rounds
        return min((one for one in (own, above) if one is not None), default=None)

    def reached(self) -> str | None:
        """Return which limit is reached, here or above, in one sentence; None while none is."""
        limits = self._limits
        if limits.max_tokens is not None and self.tokens >= limits.max_tokens:
            return (
                f"the limit `max_tokens` of {limits.max_tokens} is reached: "
                f"{self.tokens} tokens were used"
            )
        if limits.max_cost_usd is not None:
            allowed = f"the limit `max_cost_usd` of {limits.max_cost_usd:g}"
            if self._unpriced:
                return f"{allowed} cannot be kept: a model without a price took part"
            if self._cost_usd >= limits.max_cost_usd:
                return f"{allowed} is reached: {self._cost_usd:.4g} US dollars were used"
        return None if self._parent is None else self._parent.reached()


def cost_of(usage: TokenUsage, prices: PlannedPrices) -> float:
    """Return US dollars. Cached tokens are among those of the prompt."""
    cached = 0 if prices.cached_input is None else min(usage.cached_tokens, usage.prompt_tokens)
    fresh = usage.prompt_tokens - cached
    spent = fresh * prices.input + usage.completion_tokens * prices.output
    return (spent + cached * (prices.cached_input or 0.0)) / _MILLION


def usage_between(earlier: TokenUsage, later: TokenUsage) -> TokenUsage:
    """Return what was used since an earlier count of the same run."""
    return TokenUsage(
        later.prompt_tokens - earlier.prompt_tokens,
        later.completion_tokens - earlier.completion_tokens,
        later.total_tokens - earlier.total_tokens,
        later.cached_tokens - earlier.cached_tokens,
        later.reasoning_tokens - earlier.reasoning_tokens,
    )


def usage_record(usage: TokenUsage) -> JsonObject:
    """Return usage as results show it."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


def read_usage(recorded: JsonObject | None) -> TokenUsage:
    """Return the usage that a result shows."""
    counts = {name: (recorded or {}).get(name) for name in _COUNTED}
    return TokenUsage(**{name: n for name, n in counts.items() if isinstance(n, int)})


_COUNTED = ("prompt_tokens", "completion_tokens", "total_tokens")
_NOTHING = TokenUsage()
