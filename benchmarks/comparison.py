"""A run against an older one: the ratio of the ratios to PyTorch, which the speed of the machine does not change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# A change within this is noise on a shared machine even where the rounds of both runs agree among themselves.
LEAST_CHANGE = 0.05


def read(path: Path) -> dict[str, Any]:
    """The suites of a file of results, by name.

    Raises:
        ValueError: the file is missing or is not one of this program; the message names it.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if isinstance(found, dict) and "suite" in found:
        found = {found["suite"]: found}
    if not isinstance(found, dict) or not found or not all(isinstance(each, dict) for each in found.values()):
        raise ValueError(f"{path} holds no results of this program")
    return found


def _spread_of(row: dict[str, Any], name: str) -> float:
    if "ratio_spread" in row:
        return float(row["ratio_spread"].get(name, 0.0))
    return sum(float(each["spread"]) for key, each in row.get("times", {}).items() if key in (name, "torch"))


def compare(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """One entry for each backend of each case that both runs have, the largest change first.

    An entry is flagged where the change is beyond the spreads of both runs together.

    >>> row = {"name": "add", "ratio": {"numpy": 0.5}, "ratio_spread": {"numpy": 0.02}}
    >>> slower = {**row, "ratio": {"numpy": 1.0}}
    >>> compare({"ops": {"results": [row]}}, {"ops": {"results": [slower]}})[0]["flag"]
    'slower'
    """
    entries = []
    for suite, results in new.items():
        former = {row["name"]: row for row in old.get(suite, {}).get("results", []) if "ratio" in row}
        for row in results.get("results", []):
            before = former.get(row["name"])
            if before is None or "ratio" not in row:
                continue
            for name in row["ratio"].keys() & before["ratio"].keys():
                change = row["ratio"][name] / before["ratio"][name]
                tolerance = max(_spread_of(row, name) + _spread_of(before, name), LEAST_CHANGE)
                flag = "slower" if change > 1 + tolerance else "faster" if change < 1 / (1 + tolerance) else ""
                entries.append(
                    {
                        "suite": suite,
                        "name": row["name"],
                        "backend": name,
                        "old": before["ratio"][name],
                        "new": row["ratio"][name],
                        "change": change,
                        "tolerance": tolerance,
                        "flag": "larger"
                        if suite == "memory" and flag == "slower"
                        else "smaller"
                        if suite == "memory" and flag == "faster"
                        else flag,
                    }
                )
    return sorted(entries, key=lambda entry: (-max(entry["change"], 1 / entry["change"]), entry["name"]))
