"""The stage as a whole."""

import time

import pytest

from flowrun.graph.build import CHECKS, TRANSFORMS, WARNINGS
from tests.support.flows import check_body


def test_every_function_of_the_list_is_named_for_what_it_does():
    for one in (*TRANSFORMS, *CHECKS, *WARNINGS):
        assert one.__doc__
    assert all(one.__name__.startswith("check_") for one in (*CHECKS, *WARNINGS))


def test_the_graph_is_none_exactly_when_there_is_an_error():
    assert check_body("tools: {t: {shell: [df]}}\nsteps: {s: {tool: t}}\n").graph is not None
    assert check_body("tools: {t: {shell: [dff]}}\nsteps: {s: {tool: t}}\n").graph is None


def test_diagnostics_come_in_the_order_of_the_file():
    body = (
        "assistants: {g: {model: m, tools: [x]}}\nsteps:\n"
        "  a: {assistant: h, message: '{{ inputs.y }}'}\n  b: {tool: z, needs: [c]}\n"
    )
    spans = [one.span for one in check_body(body).diagnostics]
    assert len(spans) == 5
    assert spans == sorted(spans)


def work(steps):
    body = ["tools: {t: {shell: [df, '{{ args.p }}'], parameters: {p: {type: string}}}}\nsteps:\n"]
    for n in range(steps):
        before = f"{{{{ steps.s{n - 1}.output.stdout }}}}" if n else "x"
        body.append(f"  s{n}: {{tool: t, with: {{p: '{before}'}}}}\n")
    done = check_body("".join(body))
    assert done.graph is not None
    return done


def test_work_grows_with_the_steps_and_no_faster():
    from flowrun.graph.build import build_graph
    from flowrun.plan.compile import compile_plan

    def cpu(steps):
        done = work(steps)
        best = 10.0
        for _ in range(3):
            began = time.process_time()
            graph, _ = build_graph(done.bound, done.graph.surroundings)
            compile_plan(graph)
            best = min(best, time.process_time() - began)
        return best

    assert cpu(2000) < 30 * max(cpu(200), 0.002)


@pytest.mark.parametrize("body", ["steps: {}\n", "", "steps: 5\n", "steps: {a: 5}\n"])
def test_broken_files_raise_nothing(body):
    assert check_body(body).graph is None or check_body(body).codes
