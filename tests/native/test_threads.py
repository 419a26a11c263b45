"""The pool of threads: its size, use from several Python threads at once, and life after a fork."""

from __future__ import annotations

import os
import signal
import threading

import numpy
import pytest

from tinygrad_i2dl.backends import native

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
