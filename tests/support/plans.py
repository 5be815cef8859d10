"""Small execution plans, for tests of what is shown of them."""

from flowrun.plan.plan import AssistantAction, ExecutionPlan, PlannedStep, ToolAction


def talk(name, number, *needs, thread=None, assistant="guide"):
    action = AssistantAction(assistant=assistant, thread=thread, message="hello")
    lane = thread or f"({name})"
    return PlannedStep(name=name, number=number, lane=lane, needs=needs, action=action)


def call(name, number, *needs, tool="disk_free"):
    action = ToolAction(tool=tool)
    return PlannedStep(name=name, number=number, lane=f"({name})", needs=needs, action=action)


def trip_report():
    """Two lanes of threads, a tool beside them, and a fan-in."""
    return ExecutionPlan(
        flow="trip-report",
        steps=(
            call("disk", 1),
            talk("forecast", 2, thread="research"),
            talk("packing", 3, "forecast", thread="research"),
            talk("report", 4, "disk", "forecast", "packing", thread="writing", assistant="editor"),
        ),
    )
