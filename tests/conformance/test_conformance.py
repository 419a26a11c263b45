"""No name of tiers 1 and 2 gets worse than ``results.json`` records.

Renew the record with ``python -m tests.conformance --write``. With ``CONFORMANCE_STRICT=1`` in the environment, a
record that is worse than the library fails too: it is out of date.
"""

from __future__ import annotations

import os
from types import ModuleType

import pytest

from .entries import Entry, select
from .harness import LIBRARY, load, run
from .report import changes, read

STRICT = os.environ.get("CONFORMANCE_STRICT") == "1"


@pytest.fixture(scope="session")
def library() -> ModuleType:
    """The library under test."""
    return load(LIBRARY)


@pytest.fixture(scope="session")
def record() -> dict[str, object]:
    """Content of ``results.json``."""
    return read()


@pytest.mark.parametrize("entry", select({1, 2}, None, None), ids=lambda entry: entry.key)
def test_no_name_gets_worse(entry: Entry, library: ModuleType, record: dict[str, object]) -> None:
    """Fails where a check passes fewer samples than recorded."""
    tally = run(entry, library)
    worse, better = changes(tally, record)
    failures = "\n".join(f"{check}: {message}" for check, message in tally.failures)
    assert not worse, f"{entry.title} got worse: {'; '.join(worse)}\n{failures}"
    if STRICT:
        assert not better, f"results.json is out of date for {entry.title}: {'; '.join(better)}"
