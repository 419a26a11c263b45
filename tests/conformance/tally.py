"""Counts of an entry: per check, how many samples ran and how many passed, and what went wrong first."""

from __future__ import annotations

import contextlib
import re
import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .entries import Entry
from .resolution import MissingName

CHECKS = (
    "forward",
    "integer",
    "gradient",
    "second",
    "method",
    "inplace",
    "inplace gradient",
    "operator",
    "alias",
    "errors",
    "out",
    "initial",
    "evaluation",
    "state",
    "resume",
    "groups",
    "flags",
)
UNCOUNTED = {"out"}  # shown, but an entry passes without
SECONDS = 90  # one check of one entry that runs longer is hanging


class Excluded(Exception):
    """A sample that is outside the scope; the argument is the reason."""


@dataclass
class Tally:
    """Outcome of one entry."""

    entry: Entry
    passed: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str]] = field(default_factory=list)  # (check, message), the first of each check first

    @contextlib.contextmanager
    def sample(self, check: str, call: str) -> Iterator[None]:
        """Count one sample of a check; whatever is raised inside is its failure."""
        try:
            yield
        except Excluded as reason:
            self.excluded[str(reason)] += 1
            return
        except MissingName as error:
            self.failures.append((check, f"{error}; for {call}"))
        except Exception as error:
            kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
            text = re.sub(r" at 0x[0-9a-f]+", "", " ".join(str(error).split()))  # addresses change from run to run
            self.failures.append((check, f"{kind}{text[:600]}; for {call[:900]}"))
        else:
            self.passed[check] += 1
        self.samples[check] += 1

    def failing(self, check: str) -> int:
        """Number of samples of a check that failed."""
        return self.samples[check] - self.passed[check]

    @property
    def checks(self) -> list[str]:
        """Checks that ran at least one sample, in the order of ``CHECKS``."""
        return [check for check in CHECKS if self.samples[check]]

    @property
    def passes(self) -> bool:
        """Every counted check passed every sample, and there was at least one."""
        counted = [check for check in self.checks if check not in UNCOUNTED]
        return bool(counted) and not any(self.failing(check) for check in counted)

    @property
    def is_excluded(self) -> bool:
        """Nothing was left to run, because the entry or each of its samples is outside the scope."""
        return not self.samples and bool(self.excluded)

    def record(self) -> dict[str, Any]:
        """What ``results.json`` keeps of the entry."""
        result: dict[str, Any] = {"tier": self.entry.tier}
        result["checks"] = {check: [self.passed[check], self.samples[check]] for check in self.checks}
        if self.excluded:
            result["excluded"] = dict(sorted(self.excluded.items()))
        if self.failures:
            result["first failure"] = ": ".join(self.failures[0])
        return result


class Hanging(BaseException):
    """A check did not end in time."""


@contextlib.contextmanager
def time_limit(seconds: int = SECONDS) -> Iterator[None]:
    """Raise Hanging in the main thread when the body runs longer than ``seconds``."""

    def stop(*_: Any) -> None:
        raise Hanging(f"no end after {seconds} s")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def run_checks(tally: Tally, checks: Iterable[Callable[[], None]]) -> None:
    """Run the checks of an entry one after the other; a check that breaks off counts as one failing sample."""
    for check in checks:
        with warnings.catch_warnings(), quiet():
            warnings.simplefilter("ignore")
            try:
                with time_limit():
                    check()
            except (Exception, Hanging) as error:
                tally.samples["forward"] += 1
                tally.failures.append(("forward", f"a check broke off: {type(error).__name__}: {error}"))


def exclude(tally: Tally, reason: str | None) -> bool:
    """Count an entry as excluded if there is a reason to."""
    if reason is not None:
        tally.excluded[reason] += 1
    return reason is not None


def quiet() -> contextlib.AbstractContextManager[Any]:
    """Silence NumPy's floating-point warnings: samples divide by zero on purpose."""
    return np.errstate(all="ignore")
