"""The entries to run: one line of ``samples.csv`` is one entry of PyTorch's sample databases, with its tier."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SAMPLES = Path(__file__).with_name("samples.csv")
KINDS = ("op", "module", "optimizer", "scheduler")


@dataclass(frozen=True)
class Entry:
    """One name of a sample database; ``variant`` tells apart the several entries that some names have."""

    kind: str
    name: str
    variant: str
    tier: int

    @property
    def key(self) -> str:
        """Name under which results are stored, e.g. ``op:max:binary``."""
        return f"{self.kind}:{self.name}:{self.variant}" if self.variant else f"{self.kind}:{self.name}"

    @property
    def title(self) -> str:
        """Name as printed, e.g. ``max (binary)``."""
        return f"{self.name} ({self.variant})" if self.variant else self.name


@cache
def all_entries() -> tuple[Entry, ...]:
    """Every entry of ``samples.csv``, in its order."""
    with SAMPLES.open(newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return tuple(Entry(row["kind"], row["name"], row["variant"], int(row["tier"])) for row in rows)


def select(tiers: set[int] | None, kinds: set[str] | None, names: set[str] | None) -> list[Entry]:
    """Entries of these tiers, kinds and names; None means all. A name may be given with or without its variant."""
    return [
        entry
        for entry in all_entries()
        if (tiers is None or entry.tier in tiers)
        and (kinds is None or entry.kind in kinds)
        and (names is None or names & {entry.name, entry.key, f"{entry.name}:{entry.variant}"})
    ]
