"""Threads are reused, and never keep the process."""

import subprocess
import sys
import threading

from flowrun.tools.threads import Threads


def ident(threads):
    found = []
    done = threading.Event()
    threads.submit(lambda: (found.append(threading.current_thread()), done.set()))
    assert done.wait(5)
    return found[0]


def test_blocked_threads_do_not_hold_up_others():
    threads = Threads()
    release = threading.Event()
    begun = threading.Semaphore(0)
    for _ in range(5):
        threads.submit(lambda: (begun.release(), release.wait(5)))
    for _ in range(5):
        assert begun.acquire(timeout=5)
    one = ident(threads)
    assert one.daemon
    release.set()
    threads.close()
    one.join(5)
    assert not one.is_alive()


def test_an_idle_thread_is_used_again():
    threads = Threads()
    first = ident(threads)
    with threads._lock:
        pass
    while not threads._idle:
        first.join(0.001)
    assert ident(threads) is first
    threads.close()


def test_a_blocked_thread_does_not_keep_the_interpreter():
    code = (
        "import threading\n"
        "from flowrun.tools.threads import Threads\n"
        "Threads().submit(threading.Event().wait)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
