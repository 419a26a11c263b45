"""The pool of threads: its size, use from several Python threads at once, and life after a fork."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import numpy
import pytest

from tinygrad_i2dl.backends import native
from tinygrad_i2dl.backends.native.extension import native as extension

SETTINGS = ((1, 1), (1, 1), (1, 1), 1)


def arrays() -> tuple[numpy.ndarray, numpy.ndarray]:
    generator = numpy.random.default_rng(0)
    return generator.standard_normal((4, 5, 20, 20)), generator.standard_normal((6, 5, 3, 3))


def test_the_number_of_threads_can_be_set_and_asked() -> None:
    native.set_num_threads(3)
    assert native.get_num_threads() == 3
    with pytest.raises(ValueError, match="at least 1"):
        native.set_num_threads(0)


def test_several_python_threads_at_once() -> None:
    native.set_num_threads(2)
    input, weight = arrays()
    wanted = native.conv(input, weight, None, *SETTINGS)
    equal: list[bool] = []

    def work() -> None:
        for _ in range(30):
            equal.append(bool((native.conv(input, weight, None, *SETTINGS) == wanted).all()))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert equal == [True] * 120


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_pool_works_after_a_fork() -> None:
    native.set_num_threads(2)
    input, weight = arrays()
    wanted = native.conv(input, weight, None, *SETTINGS)  # the pool's threads exist now, and are lost in the child
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a child that hangs dies
        same = (native.conv(input, weight, None, *SETTINGS) == wanted).all()
        os._exit(0 if same else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert (native.conv(input, weight, None, *SETTINGS) == wanted).all()


def test_an_error_in_a_thread_reaches_the_caller_and_leaves_the_pool_usable() -> None:
    native.set_num_threads(2)
    indices = numpy.full((64, 64, 16, 16), 10**6)
    with pytest.raises(IndexError, match="1000000"):
        native.max_pool_backward(numpy.ones(indices.shape), indices, (64, 64, 32, 32))
    input, weight = arrays()
    assert numpy.isfinite(native.conv(input, weight, None, *SETTINGS)).all()


def test_lists_that_another_thread_empties_meanwhile() -> None:
    """The arrays stay alive: kernels refer to them while they run without the interpreter's lock."""
    parameters: list[numpy.ndarray] = []
    gradients: list[numpy.ndarray] = []
    calling, over = threading.Event(), threading.Event()

    def empty() -> None:
        while not over.is_set():
            if calling.is_set():
                parameters.clear()
                gradients.clear()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = threading.Thread(target=empty)
    thread.start()
    try:
        for _ in range(10):
            calling.clear()
            for arrays in (parameters, gradients):  # so large that their memory goes back to the system at once
                arrays[:] = [numpy.ones(1 << 24, numpy.float32)]
            calling.set()
            result = extension.sgd_step(parameters, gradients, [], 0.5, 0.0, 0.0, 0.0, False, False, False)
            assert result is None or result is NotImplemented  # one of the lists may be empty already
    finally:
        over.set()
        thread.join()
        sys.setswitchinterval(interval)


FIRST_CALLS = """
import os, sys, threading, numpy
from tinygrad_i2dl.backends.native.extension import native

sys.setswitchinterval(1e-6)
ones, together = numpy.ones((4, 4)), threading.Barrier(8)

def work():
    together.wait()
    native.linear(ones, ones, None)

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_the_first_calls_of_all_may_come_at_once() -> None:
    """Nothing that the first call prepares waits for a thread that waits for the interpreter's lock."""
    started = [subprocess.Popen([sys.executable, "-c", FIRST_CALLS]) for _ in range(5)]
    try:
        assert [process.wait(60) for process in started] == [0] * 5
    finally:
        for process in started:
            process.kill()


AT_THE_END = """
import threading, numpy
from tinygrad_i2dl.backends.native.extension import native

array, square, called = numpy.ones(1 << 18), numpy.ones((200, 200)), threading.Event()
image, weight = numpy.ones((1, 4, 40, 40)), numpy.ones((4, 4, 3, 3))

def forever(call):
    while True:
        call()
        called.set()

for call in (
    lambda: native.sum_over(array, None, False),
    lambda: native.linear(square, square, None),
    lambda: native.conv(image, weight, None, (1, 1), (1, 1), (1, 1), 1, "auto"),
):
    called.clear()
    threading.Thread(target=forever, args=(call,), daemon=True).start()
    called.wait()
"""


def test_daemon_threads_may_compute_while_the_interpreter_ends() -> None:
    done = subprocess.run([sys.executable, "-c", AT_THE_END], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
