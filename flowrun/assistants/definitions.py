"""Assistants at hand, and what a run copies from one."""

from collections import OrderedDict

from flowrun.assistants import limits
from flowrun.assistants.records import Assistant, NewAssistant, NewRun, RunSnapshot
from flowrun.assistants.rows import snapshot_json
from flowrun.assistants.store import AssistantStore
from flowrun.ids import digest, mint

KEPT = 512
"""How many assistants are kept at hand."""


class _Known:
    """An assistant, the mark of its row, and the snapshot of a run that changes nothing of it."""

    __slots__ = ("assistant", "copied", "mark")

    def __init__(self, assistant: Assistant, mark: int) -> None:
        self.assistant = assistant
        self.mark = mark
        self.copied: tuple[RunSnapshot, str] | None = None


class Definitions:
    """The assistants of one store."""

    def __init__(self, store: AssistantStore, kept: int = KEPT) -> None:
        self._store = store
        self._kept = kept
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._ids: dict[str, str] = {}
        self._next_number = store.next_number("assistant")

    def put(self, wanted: NewAssistant, label: str, now: int) -> Assistant:
        """Return the assistant with this label, or make one; without a label, always make one.

        Raises:
            RuntimeRejected: a field is out of bounds.
        """
        found = self._labelled(label) if label else None
        if found is not None:
            return found
        limits.check_assistant(wanted)
        assistant = Assistant(id=mint("asst_"), created_at=now, label=label, spec=wanted)
        self._store.add_assistant(self._next_number, assistant)
        self._next_number += 1
        self._keep(assistant)
        return assistant

    def get(self, assistant_id: str) -> Assistant:
        """Return an assistant.

        Raises:
            RuntimeRejected: there is none with this id.
        """
        return self._get(assistant_id).assistant

    def snapshot(self, wanted: NewRun) -> tuple[RunSnapshot, str]:
        """Return what the run takes from its assistant, and the digest it is stored under.

        Raises:
            RuntimeRejected: no such assistant.
        """
        known = self._get(wanted.assistant_id)
        if _changes_something(wanted):
            return _digested(_snapshot(known.assistant.spec, wanted))
        if known.copied is None:
            known.copied = _digested(_snapshot(known.assistant.spec, wanted))
        return known.copied

    def _get(self, assistant_id: str) -> _Known:
        known = self._known.get(assistant_id)
        if known is not None:
            self._known.move_to_end(assistant_id)
            return known
        found = self._store.assistant(identifier=assistant_id)
        if found is None:
            raise limits.not_found("assistant", assistant_id)
        return self._keep(found)

    def _labelled(self, label: str) -> Assistant | None:
        known_id = self._ids.get(label)
        if known_id is not None:
            return self._get(known_id).assistant
        found = self._store.assistant(label=label)
        return None if found is None else self._keep(found).assistant

    def _keep(self, assistant: Assistant) -> _Known:
        known = self._known[assistant.id] = _Known(assistant, self._store.mark)
        if assistant.label:
            self._ids[assistant.label] = assistant.id
        if len(self._known) > self._kept:
            self._drop_oldest()
        return known

    def _drop_oldest(self) -> None:
        """Forget the assistant unused for longest, unless its row is not durable yet."""
        oldest = next(iter(self._known.values()))
        if oldest.mark <= self._store.durable_mark:
            del self._known[oldest.assistant.id]
            self._ids.pop(oldest.assistant.label, None)


def _changes_something(wanted: NewRun) -> bool:
    return (
        wanted.model,
        wanted.instructions,
        wanted.additional_instructions,
        wanted.tools,
        wanted.temperature,
        wanted.top_p,
        wanted.reasoning_effort,
    ) != (None,) * 7


def _snapshot(spec: NewAssistant, wanted: NewRun) -> RunSnapshot:
    instructions = spec.instructions if wanted.instructions is None else wanted.instructions
    texts = [text for text in (instructions, wanted.additional_instructions) if text]
    return RunSnapshot(
        model=wanted.model or spec.model,
        endpoint=spec.endpoint,
        assistant=spec.name or "",
        instructions="\n".join(texts),
        tools=spec.tools if wanted.tools is None else wanted.tools,
        temperature=spec.temperature if wanted.temperature is None else wanted.temperature,
        top_p=spec.top_p if wanted.top_p is None else wanted.top_p,
        reasoning_effort=wanted.reasoning_effort or spec.reasoning_effort,
        response_format=spec.response_format,
    )


def _digested(snapshot: RunSnapshot) -> tuple[RunSnapshot, str]:
    return snapshot, digest(snapshot_json(snapshot))
