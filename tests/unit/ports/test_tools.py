"""The idempotency key of a call: the same for every try, another for every other call."""

from flowrun.ports.tools import ToolInvocation


def key(run_id="run-1", path="pay/finished"):
    return ToolInvocation(run_id=run_id, key=path).idempotency_key


def test_every_try_of_a_call_has_the_same_key():
    assert key() == key()


def test_it_does_not_change_from_release_to_release():
    """Somebody's ledger may hold it for days: a crash, an upgrade, a resume."""
    assert key() == "idem_reoJhQoF6Cq4AMM1eD3BiQBi"


def test_other_calls_and_other_runs_have_others():
    keys = [key(), key(path="pay/other"), key(run_id="run-2"), key("run-1pay", "/finished")]
    assert len(set(keys)) == len(keys)


def test_it_is_fit_for_headers_and_variables():
    weird = key(path="ask/round[1]/tool[call_ü\n]")
    assert weird.isascii()
    assert weird.replace("_", "").isalnum()
