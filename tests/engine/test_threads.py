"""Threads have modes of their own and may build and differentiate graphs at once."""

import os
import signal
import threading

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl.engine import node


def in_threads(count, work):
    failures = []

    def run(number):
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_two_threads_differentiate_their_own_graphs():
    results = {}

    def work(number):
        x = torch.full((50,), float(number + 1), dtype=torch.float64).requires_grad_()
        for _ in range(200):
            x.grad = None
            y = x
            for _ in range(10):
                y = (y * x).sin() + y / 2
            y.sum().backward()
        results[number] = x.grad.numpy().copy()

    in_threads(2, work)
    for number in (0, 1):
        alone = {}
        x = torch.full((50,), float(number + 1), dtype=torch.float64).requires_grad_()
        y = x
        for _ in range(10):
            y = (y * x).sin() + y / 2
        y.sum().backward()
        alone[number] = x.grad.numpy()
        numpy.testing.assert_array_equal(results[number], alone[number])


def test_threads_accumulate_into_one_leaf():
    w = torch.zeros(10, dtype=torch.float64, requires_grad=True)

    def work(number):
        for _ in range(500):
            (w * 1.0).sum().backward()

    in_threads(4, work)
    assert w.grad.tolist() == [2000.0] * 10


def test_modes_are_per_thread():
    seen = {}
    with torch.no_grad():

        def work(number):
            seen[number] = torch.is_grad_enabled()

        in_threads(1, work)
        assert not torch.is_grad_enabled()
    assert seen == {0: True}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_differentiates_whatever_other_threads_did_when_it_was_forked():
    x = torch.ones(3, requires_grad=True)
    with node._accumulation:  # as a thread holds it that adds to a leaf's gradient
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a child that waits for the lock dies
            (x * 2).sum().backward()
            os._exit(0 if x.grad.tolist() == [2.0] * 3 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
