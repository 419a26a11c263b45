"""Fused loops for tensors of any size, kept in a folder of the test run."""

import pytest

from tinygrad_i2dl.fusion import decorator, loop

pytest.importorskip("numba", reason="Numba is not installed")


@pytest.fixture(autouse=True)
def fuse_small_tensors(monkeypatch):
    monkeypatch.setattr(decorator, "FEWEST", 0)
    monkeypatch.setattr(decorator, "WORTH", 0)


@pytest.fixture(scope="session", autouse=True)
def cache_of_this_run(tmp_path_factory):
    """Nothing is left in the user's cache. (NUMBA_CACHE_DIR is read by Numba when it is imported.)"""
    folder = tmp_path_factory.mktemp("loops")
    before = loop.cache_folder
    loop.cache_folder = lambda: folder
    yield folder
    loop.cache_folder = before
