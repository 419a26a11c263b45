"""Results on the terminal."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from .wording import EXPLAINED, TITLES, amount, contenders_of, verdict

STYLES = {"met": "green", "faster": "green", "near": "yellow", "missed": "red", "slower": "red"}


def suite_table(suite: str, results: dict[str, Any]) -> Table:
    """The cases of a suite: what each contender took, and over PyTorch."""
    rows = results["results"]
    names = contenders_of(rows)
    compared = next((list(row["ratio"]) for row in rows if row.get("ratio")), [])
    table = Table(title=TITLES[suite], caption=EXPLAINED[suite], title_justify="left", caption_justify="left")
    table.add_column("case", overflow="fold")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for name in compared:
        table.add_column(f"{name} / PyTorch", justify="right", no_wrap=True)
    if compared:
        table.add_column("target", justify="right")
    for row in rows:
        if "error" in row:
            table.add_row(row["name"], Text(f"not timed: {row['error']}", style="bold red"))
            continue
        cells: list[str | Text] = [row["name"]]
        for name in names:
            text, spread = amount(row, name)
            cells.append(f"{text} ±{spread * 100:.0f}%")
        for name in compared:
            cells.append(_ratio(row["ratio"].get(name), row["target"]))
        if compared:
            cells.append("" if row["target"] is None else f"{row['target']:g}")
        table.add_row(*cells)
    for name, value in results.get("geometric mean", {}).items():
        table.add_row(
            "geometric mean", *[""] * len(names), *[f"{value:.2f}" if each == name else "" for each in compared], ""
        )
    return table


def _ratio(value: float | None, target: float | None) -> str | Text:
    if value is None:
        return ""
    word = verdict(value, target)
    return Text(f"{value:.2f} {word}", style=STYLES[word])


def exponent_table(results: dict[str, Any]) -> Table:
    """The exponents of the curves."""
    found = results["exponents"]
    names = list(next(iter(found.values())))
    table = Table(title="How the time grows", title_justify="left")
    table.add_column("curve")
    table.add_column("expected", justify="right")
    for name in names:
        table.add_column(name, justify="right")
    for curve, each in found.items():
        table.add_row(curve, f"{results['expected'][curve]:g}", *[f"{each[name]:.2f}" for name in names])
    return table


def comparison_table(entries: list[dict[str, Any]]) -> Table:
    """Ratios to PyTorch, then and now."""
    table = Table(title="Against the older run", title_justify="left")
    for heading in ("suite", "case", "backend", "then", "now", "now / then", "beyond the spread"):
        table.add_column(heading)
    for entry in entries:
        style = {"faster": "green", "smaller": "green", "slower": "red", "larger": "red"}.get(entry["flag"], "")
        table.add_row(
            entry["suite"], entry["name"], entry["backend"], f"{entry['old']:.2f}", f"{entry['new']:.2f}",
            f"{entry['change']:.2f}", entry["flag"], style=style,
        )  # fmt: skip
    return table
