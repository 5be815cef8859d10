"""Cycles, and conversations that begin with nothing."""

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.flows import check_body

HEAD = "tools: {t: {shell: [df]}}\n"


def cycles(body):
    return [one for one in check_body(body).diagnostics if one.code == "graph/cycle"]


def test_a_cycle_is_reported_once_from_its_earliest_step():
    body = HEAD + (
        "steps:\n  x: {tool: t, needs: [b]}\n  b: {tool: t, needs: [c]}\n"
        "  c: {tool: t, needs: [d]}\n  d: {tool: t, needs: [b]}\n  e: {tool: t, needs: [d]}\n"
    )
    (one,) = cycles(body)
    assert one.message == (
        "steps `b`, `c`, `d` wait for each other: `b` needs `c` (line 6), `c` needs `d` (line 7), "
        "`d` needs `b` (line 8)"
    )
    assert str(one.span) == "flow.yaml:6:24"
    assert [str(label.span) for label in one.related] == ["flow.yaml:7:24", "flow.yaml:8:24"]


def test_the_shortest_cycle_of_a_knot_is_shown():
    body = HEAD + (
        "steps:\n  a: {tool: t, needs: [b]}\n  b: {tool: t, needs: [c, a]}\n"
        "  c: {tool: t, needs: [a]}\n"
    )
    (one,) = cycles(body)
    assert "`b` needs `a`" in one.message
    assert "`c`" not in one.message


def test_thread_order_is_named_as_a_reason():
    body = (
        "assistants: {g: {model: m}}\nthreads: {talk: {}}\nsteps:\n"
        "  a: {assistant: g, thread: talk, message: Hi, needs: [c]}\n"
        "  b: {assistant: g, thread: talk, message: Hi}\n"
        "  c: {assistant: g, thread: talk, message: Hi}\n"
    )
    (one,) = cycles(body)
    assert one.message == (
        "steps `a`, `c` wait for each other: `a` needs `c` (line 6), "
        "`c` comes after `a` on thread `talk` (line 8)"
    )
    assert one.hint == (
        "steps of one thread run in file order: move `c` above `a`, or give it another thread"
    )


def test_a_long_cycle_is_cut():
    steps = "".join(f"  s{n}: {{tool: t, needs: [s{(n + 1) % 5000}]}}\n" for n in range(5000))
    (one,) = cycles(f"{HEAD}steps:\n{steps}")
    assert one.message.startswith("5000 steps wait for each other, from `s0` on: `s0` needs `s1`")
    assert one.message.endswith("and 4994 more")


EDGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14)


@settings(max_examples=80, deadline=None)
@given(EDGES)
def test_there_is_one_report_for_every_knot(edges):
    edges = list(dict.fromkeys(edges))
    needs = {n: [b for a, b in edges if a == n] for n in range(7)}
    steps = "".join(
        f"  s{n}: {{tool: t, needs: [{', '.join(f's{b}' for b in before)}]}}\n"
        for n, before in needs.items()
    )
    done = check_body(f"{HEAD}steps:\n{steps}")
    graph = networkx.DiGraph(edges)
    knots = [
        one
        for one in networkx.strongly_connected_components(graph)
        if len(one) > 1 or any(graph.has_edge(n, n) for n in one)
    ]
    assert len([code for code in done.codes if code == "graph/cycle"]) == len(knots)
    if not knots:
        order = done.graph.order
        assert all(order.index(f"s{b}") < order.index(f"s{a}") for a, b in edges)


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        ("a: {assistant: g}", ["graph/no-message"]),
        ("a: {assistant: g, message: ' '}", ["graph/no-message"]),
        ("a: {assistant: g, message: Hi}", []),
        ("a: {assistant: g, thread: plain}", ["graph/no-message"]),
        ("a: {assistant: g, thread: keyed}", []),
        ("a: {assistant: g, thread: plain, message: Hi}\n  b: {assistant: g, thread: plain}", []),
    ],
)
def test_a_conversation_begins_with_a_message(steps, codes):
    body = (
        "assistants: {g: {model: m}}\nthreads: {plain: {}, keyed: {key: '{{ run.id }}'}}\n"
        f"steps:\n  {steps}\n"
    )
    found = [one for one in check_body(body).codes if not one.startswith("lint/")]
    assert found == codes
