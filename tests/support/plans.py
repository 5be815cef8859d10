"""Small execution plans, for tests of what is shown of them."""

from flowrun.plan.plan import (
    AskAction,
    AssistantAction,
    ExecutionPlan,
    FlowAction,
    PlannedForeach,
    PlannedLimits,
    PlannedRepeat,
    PlannedRetry,
    PlannedStep,
    SetAction,
    ToolAction,
)

FORM = {"type": "object", "properties": {"days": {"type": "integer"}, "note": {"type": "string"}}}


def talk(name, number, *needs, thread=None, assistant="guide", after=()):
    action = AssistantAction(assistant=assistant, thread=thread, message="hello")
    return step(name, number, action, *needs, lane=thread or f"({name})", after=after)


def call(name, number, *needs, tool="disk_free", **more):
    return step(name, number, ToolAction(tool=tool), *needs, **more)


def step(name, number, action, *needs, lane="", **more):
    """Return a step of any kind; without a lane it has its own."""
    return PlannedStep(
        name=name, number=number, lane=lane or f"({name})", needs=needs, action=action, **more
    )


def trip_report():
    """Two lanes of threads, a tool beside them, and a fan-in."""
    return ExecutionPlan(
        flow="trip-report",
        steps=(
            call("disk", 1),
            talk("forecast", 2, thread="research"),
            talk("packing", 3, thread="research", after=("forecast",)),
            talk("report", 4, "disk", "forecast", "packing", thread="writing", assistant="editor"),
        ),
    )


def everything():
    """Every kind of step and every layer around one, a sub-flow inside of another."""
    inner = ExecutionPlan(
        flow="inner",
        steps=(
            talk("draft", 1, thread="desk"),
            talk("again", 2, thread="desk", after=("draft",)),
        ),
    )
    middle = ExecutionPlan(
        flow="middle",
        limits=PlannedLimits(max_tokens=10),
        steps=(step("deep", 1, FlowAction(path="flows/inner.flow.yaml", plan=inner)),),
    )
    return ExecutionPlan(
        flow="everything",
        limits=PlannedLimits(max_cost_usd=2.5, max_parallel=4, timeout_s=600.0),
        steps=(
            step("ok", 1, AskAction(message="Go?"), timeout_s=3600.0),
            step("form", 2, AskAction(message="How?", schema=FORM), condition="{{ run.id }}"),
            call(
                "disk",
                3,
                "ok",
                foreach=PlannedForeach(items="inputs.paths", max_parallel=3),
                retry=PlannedRetry(
                    attempts=3, delay_s=0.5, backoff=1.0, max_delay_s=90.0, on=("tool",)
                ),
                on_error="continue",
            ),
            step(
                "values", 4, SetAction(values={"a": 1, "b": 2}), foreach=PlannedForeach(items=["x"])
            ),
            step(
                "nested",
                5,
                FlowAction(path="flows/middle.flow.yaml", plan=middle),
                "disk",
                "ok",
                join="any",
                repeat=PlannedRepeat(until="steps.nested.output.ok\n  and true", max=5),
                retry=PlannedRetry(attempts=2),
            ),
        ),
    )
