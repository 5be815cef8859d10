"""Tool-call quirks, each named for what servers do."""

import json

import pytest

from flowrun.models.tool_calls import CallAssembly, extend_calls
from flowrun.ports.models import ToolCall, ToolCallDelta

ABSENT = object()


def entry(index=ABSENT, id=ABSENT, name=ABSENT, arguments=ABSENT, type=ABSENT):  # the wire's word
    function = {"name": name, "arguments": arguments}
    function = {key: value for key, value in function.items() if value is not ABSENT}
    fields = {"index": index, "id": id, "type": type, "function": function}
    return {key: value for key, value in fields.items() if value is not ABSENT}


def assemble(*deltas):
    """Feed deltas, each a list of entries or one entry."""
    assembly = CallAssembly()
    seen = []
    for one in deltas:
        seen += assembly.take(one if isinstance(one, list) else [one])
    return assembly.finish(), seen


def calls_of(*deltas):
    return [(one.name, json.loads(one.arguments)) for one in assemble(*deltas)[0]]


PARIS_AND_ROME = [("weather", {"city": "Paris"}), ("weather", {"city": "Rome"})]
PARIS, ROME = '{"city": "Paris"}', '{"city": "Rome"}'


def test_calls_in_pieces_by_index():
    assert (
        calls_of(
            entry(0, "a", "weather", ""),
            entry(0, arguments='{"city": '),
            entry(1, "b", "weather", ""),
            entry(0, arguments='"Paris"}'),
            entry(1, arguments=ROME),
        )
        == PARIS_AND_ROME
    )


def test_all_parallel_calls_with_index_0_and_ids_of_their_own():
    assert calls_of(entry(0, "a", "weather", PARIS), entry(0, "b", "weather", ROME)) == (
        PARIS_AND_ROME
    )


def test_all_parallel_calls_with_index_0_in_pieces_follow_the_last_one_begun():
    assert (
        calls_of(
            entry(0, "a", "weather", ""),
            entry(0, arguments=PARIS),
            entry(0, "b", "weather", ""),
            entry(0, arguments=ROME),
        )
        == PARIS_AND_ROME
    )


def test_all_parallel_calls_with_index_0_in_one_delta():
    both = [entry(0, "a", "weather", PARIS), entry(0, "b", "weather", ROME)]
    assert calls_of(both) == PARIS_AND_ROME


def test_all_parallel_calls_with_index_0_and_without_ids():
    assert calls_of(entry(0, name="weather", arguments=PARIS),
                    entry(0, name="weather", arguments=ROME)) == PARIS_AND_ROME  # fmt: skip


def test_two_calls_without_arguments_in_one_delta_with_index_0():
    assert calls_of([entry(0, name="now"), entry(0, name="now")]) == [("now", {}), ("now", {})]


def test_index_missing_with_ids_in_every_piece():
    assert (
        calls_of(
            entry(id="a", name="weather", arguments='{"city": '),
            entry(id="a", arguments='"Paris"}'),
            entry(id="b", name="weather", arguments=ROME),
        )
        == PARIS_AND_ROME
    )


def test_index_missing_and_id_in_the_first_piece_alone():
    assert (
        calls_of(
            entry(id="a", name="weather", arguments='{"city": '),
            entry(arguments='"Paris"}'),
            entry(id="b", name="weather", arguments=ROME),
        )
        == PARIS_AND_ROME
    )


@pytest.mark.parametrize("indexes", [(1, 2), (0, 2), (5, 3)])
def test_index_starting_at_1_or_with_gaps(indexes):
    first, second = indexes
    assert (
        calls_of(
            entry(first, "a", "weather", '{"city": '),
            entry(first, arguments='"Paris"}'),
            entry(second, "b", "weather", ROME),
        )
        == PARIS_AND_ROME
    )


def test_index_that_grows_with_every_piece_of_one_call():
    assert calls_of(
        entry(0, "a", "weather", '{"city": '),
        entry(1, arguments='"Paris'),
        entry(2, arguments='"}'),
    ) == [("weather", {"city": "Paris"})]


def test_index_null():
    assert calls_of(entry(None, "a", "weather", PARIS), entry(None, "b", "weather", ROME)) == (
        PARIS_AND_ROME
    )


@pytest.mark.parametrize("id", [ABSENT, None, ""])
def test_id_missing_or_empty_gets_one_of_ours(id):  # the wire's word
    calls, seen = assemble(entry(0, id, "weather", PARIS), entry(1, id, "weather", ROME))
    ids = [one.id for one in calls]
    assert all(one.startswith("call_") for one in ids)
    assert len(set(ids)) == 2
    assert [one.id for one in seen] == ids


def test_id_repeated_in_every_delta():
    assert (
        calls_of(
            entry(0, "a", "weather", '{"city": '),
            entry(0, "a", arguments='"Paris"}'),
            entry(1, "b", "weather", '{"city": '),
            entry(1, "b", arguments='"Rome"}'),
        )
        == PARIS_AND_ROME
    )


def test_id_empty_on_continuation_deltas():
    assert calls_of(
        entry(0, "a", "weather", '{"city": '), entry(0, "", "", '"Paris"}')
    ) == [("weather", {"city": "Paris"})]  # fmt: skip


def test_id_the_same_across_calls_with_different_indexes():
    calls, _ = assemble(entry(0, "x", "weather", PARIS), entry(1, "x", "weather", ROME))
    assert [one.arguments for one in calls] == [PARIS, ROME]
    assert calls[0].id == "x"
    assert calls[1].id not in ("", "x")


def test_id_and_index_the_same_across_calls():
    calls, _ = assemble(entry(0, "x", "weather", PARIS), entry(0, "x", "weather", ROME))
    assert [one.arguments for one in calls] == [PARIS, ROME]
    assert calls[0].id != calls[1].id


def test_id_that_comes_late_does_not_begin_a_call():
    calls, seen = assemble(
        entry(0, name="weather", arguments='{"city": '), entry(0, "late", arguments='"Paris"}')
    )
    assert [one.arguments for one in calls] == [PARIS]
    assert seen[0].id == calls[0].id


def test_ids_interleaved_at_one_index():
    assert (
        calls_of(
            entry(0, "a", "weather", '{"city": '),
            entry(0, "b", "weather", '{"city": '),
            entry(0, "a", arguments='"Paris"}'),
            entry(0, "b", arguments='"Rome"}'),
        )
        == PARIS_AND_ROME
    )


def test_name_repeated_in_every_delta():
    assert calls_of(
        entry(0, "a", "weather", '{"city": '), entry(0, "a", "weather", '"Paris"}')
    ) == [("weather", {"city": "Paris"})]  # fmt: skip


def test_name_repeated_after_the_arguments_are_complete():
    assert calls_of(entry(0, "a", "weather", PARIS), entry(0, "a", "weather", "")) == [
        ("weather", {"city": "Paris"})
    ]


def test_name_empty_on_continuation_deltas():
    assert calls_of(entry(0, "a", "weather", '{"city": '), entry(0, name="", arguments='"Paris"}')
                    ) == [("weather", {"city": "Paris"})]  # fmt: skip


def test_name_that_comes_after_the_id_is_shown_with_the_first_piece():
    calls, seen = assemble(entry(0, "a"), entry(0, name="weather"), entry(0, arguments=PARIS))
    assert calls == (ToolCall("a", "weather", PARIS),)
    assert seen == [ToolCallDelta(0, "a", "weather", ""), ToolCallDelta(0, None, None, PARIS)]


def test_another_name_at_the_same_index_is_another_call():
    assert calls_of(entry(0, name="now"), entry(0, name="weather", arguments=PARIS)) == [
        ("now", {}),
        ("weather", {"city": "Paris"}),
    ]


def test_the_finished_call_sent_once_more_is_not_another_call():
    assert calls_of(entry(0, "a", "weather", PARIS), entry(0, "a", "weather", PARIS)) == [
        ("weather", {"city": "Paris"})
    ]


def test_arguments_whole_in_one_chunk():
    assert calls_of([entry(0, "a", "weather", PARIS), entry(1, "b", "weather", ROME)]) == (
        PARIS_AND_ROME
    )


def test_arguments_as_an_object():
    assert calls_of(entry(0, "a", "weather", {"city": "Paris"})) == [("weather", {"city": "Paris"})]


@pytest.mark.parametrize("arguments", [ABSENT, None, "", "  ", "null", {}])
def test_arguments_null_or_empty_are_no_arguments(arguments):
    assert calls_of(entry(0, "a", "now", arguments)) == [("now", {})]


def test_arguments_of_several_calls_run_into_one():
    calls, _ = assemble(entry(0, "a", "weather", PARIS + ROME))
    assert [(one.name, one.arguments) for one in calls] == [("weather", PARIS), ("weather", ROME)]
    assert calls[0].id != calls[1].id


def test_arguments_after_an_empty_placeholder():
    assert calls_of(entry(0, "a", "weather", "{}"), entry(0, arguments=PARIS)) == [
        ("weather", {"city": "Paris"})
    ]


def test_arguments_said_twice():
    assert calls_of(entry(0, "a", "weather", ""), entry(0, arguments=PARIS + "\n" + PARIS)) == [
        ("weather", {"city": "Paris"})
    ]


@pytest.mark.parametrize("broken", ['{"city": "Pa', "Paris", '{"a": 1} and so on', "[1]"])
def test_arguments_that_are_no_object_stay_as_they_were_written(broken):
    calls, _ = assemble(entry(0, "a", "weather", broken))
    assert calls == (ToolCall("a", "weather", broken),)


def test_type_missing_or_given():
    assert calls_of(entry(0, "a", "weather", PARIS, type="function")) == calls_of(
        entry(0, "a", "weather", PARIS)
    )


def test_name_and_arguments_without_a_function_around_them():
    assert calls_of({"id": "a", "name": "weather", "arguments": PARIS}) == [
        ("weather", {"city": "Paris"})
    ]


def test_an_entry_that_is_null_is_passed_over():
    assert calls_of([None, entry(0, "a", "weather", PARIS)]) == [("weather", {"city": "Paris"})]


def test_an_entry_that_says_nothing_is_no_call():
    assert calls_of({"index": 0}) == []


def test_byte_by_byte_arguments_give_the_same_call():
    pieces = [entry(0, arguments=one) for one in PARIS]
    assert calls_of(entry(0, "a", "weather", ""), *pieces) == [("weather", {"city": "Paris"})]


def test_whether_all_calls_are_whole():
    assembly = CallAssembly()
    assert not assembly.all_whole()
    assembly.take([entry(0, "a", "weather", '{"city": ')])
    assert not assembly.all_whole()
    assembly.take([entry(0, arguments='"Paris"}')])
    assert assembly.all_whole()


def test_adjacent_pieces_of_one_call_are_joined():
    out = []
    extend_calls(out, assemble(entry(0, "a", "f", ""), entry(0, arguments="{"))[1])
    extend_calls(out, [ToolCallDelta(0, None, None, "}"), ToolCallDelta(1, None, None, "x")])
    assert out == [ToolCallDelta(0, "a", "f", "{}"), ToolCallDelta(1, None, None, "x")]
