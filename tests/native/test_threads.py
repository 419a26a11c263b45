"""The pool of threads: its size, use from several Python threads at once, and life after a fork."""

from __future__ import annotations

import os
import signal
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
