"""One step, from its beginning to its recorded end, through all its layers.

Outermost first: foreach, repeat, retry, timeout, and the action once. Each that is declared adds a
scope (`steps/NAME/each[0:1f2e3d4c]/loop[2]/try[1]/...`) and records a result of its own there; one
that is not adds nothing, so that the keys of a plain step are those of its action.
"""

from flowrun.events.records import StepStarted
from flowrun.expression.template import ExpressionFailed
from flowrun.interpreter.action import unevaluated
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.foreach import run_items
from flowrun.interpreter.repeat import run_iterations
from flowrun.interpreter.state import FlowState
from flowrun.interpreter.taking_over import inside, leave
from flowrun.plan.plan import PlannedStep
from flowrun.ports.durable import Durable


async def run_step(scope: Durable, *, state: FlowState, step: PlannedStep) -> None:
    """Carry a step out in its scope and let the flow know what it came to.

    One that had to wait for its turn is not begun any more after a failure.
    """
    if state.failure is not None and scope.recorded("started") is None:
        return
    path = scope.path("")
    attempt = Attempt(
        scope=scope,
        step=step,
        label=state.prefix + step.name,
        names=state.scope,
        home=path[:-1],
        earlier=inside(state.earlier, f"steps/{step.name}") if state.earlier else (),
    )
    state.begun[path] = attempt.label
    if step.foreach is None:
        scope.emit("started", StepStarted(step=attempt.label))
        result = await run_iterations(attempt, state)
    else:
        try:
            result = await run_items(attempt, state, step.foreach)
        except ExpressionFailed as failure:
            scope.emit("started", StepStarted(step=attempt.label))
            result = unevaluated(attempt.label, str(failure))
            await scope.record("finished", result)
    state.finish(step, result)
    leave(state, scope, result)
    state.forget(path)
