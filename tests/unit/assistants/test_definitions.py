"""Assistants by label, and what runs copy from them."""

import asyncio

import pytest

from flowrun.assistants.definitions import Definitions
from flowrun.assistants.records import NewAssistant, NewRun
from flowrun.assistants.store import AssistantStore
from flowrun.errors import RuntimeRejected
from flowrun.storage.database import open_database

SPEC = NewAssistant(model="m", name="guide", instructions="Be brief.", temperature=1.0)


@pytest.fixture
def store(tmp_path):
    database = open_database(tmp_path / "s.db", holder="test", durability="process")
    yield AssistantStore(database)
    database.close()


def wanted(assistant_id, **fields) -> NewRun:
    return NewRun(thread_id="thread_1", assistant_id=assistant_id, **fields)


def test_a_label_finds_the_same_assistant_and_no_label_always_makes_one(store):
    definitions = Definitions(store)
    first = definitions.put(SPEC, "label", 1)
    assert definitions.put(SPEC, "label", 2) is first
    assert definitions.put(SPEC, "", 1).id != definitions.put(SPEC, "", 1).id


def test_an_assistant_out_of_bounds_is_not_made(store):
    with pytest.raises(RuntimeRejected):
        Definitions(store).put(NewAssistant(model="m", name="n" * 257), "", 1)
    assert store.mark == 0


def test_a_later_service_finds_it_by_label_and_by_id(store):
    first = Definitions(store).put(SPEC, "label", 1)
    asyncio.run(store.settle(store.mark))
    assert Definitions(store).put(SPEC, "label", 2) == first
    assert Definitions(store).get(first.id) == first
    with pytest.raises(RuntimeRejected, match="No assistant found"):
        Definitions(store).get("asst_none")


def test_a_run_that_changes_nothing_shares_one_snapshot(store):
    definitions = Definitions(store)
    assistant = definitions.put(SPEC, "", 1)
    snapshot, key = definitions.snapshot(wanted(assistant.id))
    assert definitions.snapshot(wanted(assistant.id))[0] is snapshot
    assert (snapshot.model, snapshot.instructions, snapshot.temperature) == ("m", "Be brief.", 1.0)
    assert len(key) == 64


def test_a_run_may_replace_and_extend_what_the_assistant_says(store):
    definitions = Definitions(store)
    assistant = definitions.put(SPEC, "", 1)
    changed, key = definitions.snapshot(
        wanted(
            assistant.id, instructions="Be long.", additional_instructions="Now.", temperature=0.0
        )
    )
    assert (changed.instructions, changed.temperature) == ("Be long.\nNow.", 0.0)
    plain, plain_key = definitions.snapshot(wanted(assistant.id))
    assert (plain.instructions, plain_key != key) == ("Be brief.", True)


def test_few_are_kept_at_hand_and_none_is_forgotten_before_it_is_durable(store):
    definitions = Definitions(store, kept=1)
    first = definitions.put(SPEC, "first", 1)
    second = definitions.put(SPEC, "second", 1)
    assert definitions.get(first.id) is first
    asyncio.run(store.settle(store.mark))
    definitions.put(SPEC, "third", 1)
    found = definitions.put(SPEC, "second", 1)
    assert found == second
    assert found is not second
