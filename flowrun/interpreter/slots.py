"""Places for work: how many steps and items may be at work at a time, and who is next.

Who waits for a place has not been started, so that a run in which nobody moves can be parked.
A sub-flow that has a limit of its own takes places of its own and of the flow around it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

from flowrun.ports.durable import Child, Durable

Order: TypeAlias = tuple[int, ...]
"""Place in the plan: numbers of steps from the outermost in, and an item's index."""

Work: TypeAlias = Callable[[Durable], Awaitable[None]]


class Slots:
    """So many at a time; the others wait in line, in plan order."""

    def __init__(self, limit: int, above: "Slots | None" = None) -> None:
        self._free = limit
        self._above = above
        self._line: list[tuple[Order, int, Turn]] = []
        self._arrivals = count()

    def admit(self, turn: "Turn") -> None:
        """Begin with it as soon as there is a place, here and above; now, if there is one."""
        heappush(self._line, (turn.order, next(self._arrivals), turn))
        self._let_in()

    def give_back(self) -> None:
        """Take one place back, and let nobody in yet."""
        self._free += 1

    def go_on(self) -> None:
        """Let in who is next, here and above."""
        self._let_in()
        if self._above is not None:
            self._above.go_on()

    def _let_in(self) -> None:
        while self._line and self._free > 0:
            _, _, turn = heappop(self._line)
            if turn.is_over:
                continue
            self._free -= 1
            turn.held.append(self)
            if self._above is None:
                turn.begin()
            else:
                self._above.admit(turn)


@dataclass(slots=True, eq=False)
class Turn:
    """One piece of work in line, at work, or over."""

    order: Order
    begin: Callable[[], object]
    held: list[Slots] = field(default_factory=list)
    is_over: bool = False

    def drop(self) -> None:
        """Leave, and let nobody in: more of the same kind may be about to leave."""
        self.is_over = True
        for slots in self.held:
            slots.give_back()
        self.held = []

    def end(self) -> None:
        """Leave, and let in who is next."""
        held = self.held
        self.drop()
        if held:
            held[0].go_on()


class Children:
    """Children of one scope, each in a place of its own where places are counted."""

    def __init__(self, scope: Durable, slots: Slots | None) -> None:
        self._scope = scope
        self._slots = slots
        self._turns: set[Turn] = set()
        self.at_work = 0
        """Those at work or in line."""

    def start(self, key: str, work: Work, order: Order | None) -> None:
        """Start a child, or have it wait for its turn; without an order it takes no place."""
        self.at_work += 1
        if self._slots is None or order is None:
            self._scope.child(key, work)
            return
        turn = Turn(order, tuple)
        turn.begin = partial(self._scope.child, key, partial(self._hold, turn=turn, work=work))
        self._turns.add(turn)
        self._slots.admit(turn)

    async def over(self) -> Sequence[Child]:
        """Wait until a child is over; return all that are, each once.

        Raises:
            BaseException: what a child raised, which is always a mistake of ours.
        """
        try:
            over = await self._scope.wait_any()
            for child in over:
                if child.failure is not None:
                    raise child.failure
        except BaseException:  # cancelled, or broken: nobody in line is to be started any more
            for turn in self._turns:
                turn.drop()
            raise
        self.at_work -= len(over)
        return over

    async def _hold(self, scope: Durable, *, turn: Turn, work: Work) -> None:
        try:
            await work(scope)
        except BaseException:  # whoever broke it off lets in who is next, if anybody is to go on
            turn.drop()
            raise
        self._turns.discard(turn)
        turn.end()
