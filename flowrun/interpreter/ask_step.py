"""A question to a person as a step; who waits for the answer holds no coroutine."""

from flowrun.events.records import QuestionAnswered, QuestionAsked, StepFinished
from flowrun.ids import JsonObject
from flowrun.interpreter.attempt import Attempt
from flowrun.interpreter.question import ask_person, refusal
from flowrun.interpreter.state import FlowState, as_text
from flowrun.plan.plan import AskAction


async def run_ask_step(attempt: Attempt, state: FlowState, action: AskAction) -> StepFinished:
    """Ask, wait for the answer, and return it as the step's result.

    The output is the form's values, or `{approved, by, comment}` where there is no form. Whoever
    rejects fails the step.

    Raises:
        ExpressionFailed: the message could not be evaluated.
    """
    scope, step = attempt.scope, attempt.step
    began = scope.since("started")
    message = state.prepared.messages[step.name].evaluate(attempt.names)
    asked = QuestionAsked(
        step=attempt.label,
        question="",  # filled in by who asks
        kind="approve" if action.schema is None else "form",
        message=as_text(message),
        schema=action.schema,
        expires_at=None if step.timeout_s is None else began + step.timeout_s,
    )
    answered = await ask_person(scope, "answer", asked)
    result = _result(attempt.label, action, answered, scope.now() - began)
    await scope.record("finished", result)
    return result


def _result(
    label: str, action: AskAction, answered: QuestionAnswered, duration_s: float
) -> StepFinished:
    if answered.decision == "rejected":
        return StepFinished(
            step=label,
            status="failed",
            error=refusal(answered),
            error_code="rejected",
            duration_s=duration_s,
        )
    said: JsonObject = {"approved": True, "by": answered.by, "comment": answered.comment}
    return StepFinished(
        step=label,
        status="completed",
        output=said if action.schema is None else answered.value,
        duration_s=duration_s,
    )
