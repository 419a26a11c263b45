"""Results as pictures (matplotlib)."""

from __future__ import annotations

import io
from typing import Any

from .wording import TITLES, contenders_of, seconds, size, verdict

COLOURS = {"torch": "#6b6b6b", "torch-cuda": "#6b6b6b"}
# Distinguishable without colour vision, too: Okabe and Ito, "Color universal design", 2008.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
DPI = 90


def _colours(names: list[str]) -> dict[str, str]:
    ours = [name for name in names if name not in COLOURS]
    return {**COLOURS, **{name: PALETTE[i % len(PALETTE)] for i, name in enumerate(ours)}}


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _png(figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def ratio_plot(suite: str, results: dict[str, Any]) -> tuple[bytes, str] | None:
    """Bars of the ratios to PyTorch with the targets, and a text that says the same; None without ratios."""
    rows = [row for row in results["results"] if row.get("ratio")]
    if not rows:
        return None
    names = list(rows[0]["ratio"])
    colours = _colours(names)
    figure, axes = _figure(9, 1.3 + len(rows) * (0.14 + 0.16 * len(names)))
    height = 0.8 / len(names)
    for place, name in enumerate(names):
        at = [i + (place - (len(names) - 1) / 2) * height for i in range(len(rows))]
        values = [row["ratio"].get(name, float("nan")) for row in rows]
        axes.barh(at, values, height * 0.92, color=colours[name], label=name)
        for y, value, row in zip(at, values, rows, strict=True):
            mark = "" if verdict(value, row["target"]) in ("met", "faster") else " !"
            axes.text(value, y, f" {value:.2f}{mark}", va="center", fontsize=7)
    for i, row in enumerate(rows):
        if row["target"] is not None:
            label = "target" if i == 0 else None
            axes.plot([row["target"]] * 2, [i - 0.45, i + 0.45], color="black", linewidth=1.5, label=label)
    axes.axvline(1, color="#6b6b6b", linestyle="--", linewidth=1, label="PyTorch")
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=8)
    axes.invert_yaxis()
    largest = max(value for row in rows for value in row["ratio"].values())
    axes.set_xlim(0, min(largest, 4) * 1.12)
    axes.set_xlabel("memory over PyTorch's" if suite == "memory" else "time over PyTorch's (less is better)")
    axes.set_title(TITLES[suite])
    axes.legend(fontsize=8, loc="best")
    text = "; ".join(
        f"{row['name']}: " + ", ".join(f"{name} {value:.2f}" for name, value in row["ratio"].items()) for row in rows
    )
    return _png(figure), f"Bars of ratios to PyTorch. {text}."


def curve_plots(results: dict[str, Any]) -> dict[str, tuple[bytes, str]]:
    """For each curve its picture and a text that says the same."""
    rows = [row for row in results["results"] if "curve" in row and "times" in row]
    pictures = {}
    for curve in dict.fromkeys(row["curve"] for row in rows):
        points = sorted((row for row in rows if row["curve"] == curve), key=lambda row: row["size"])
        names = contenders_of(points)
        colours = _colours(names)
        figure, axes = _figure(5.2, 3.6)
        for place, name in enumerate(names):
            sizes = [row["size"] for row in points]
            times = [row["times"][name]["median_s"] for row in points]
            power = results.get("exponents", {}).get(curve, {}).get(name)
            label = name if power is None else f"{name}, exponent {power:.2f}"
            axes.plot(sizes, times, marker="os^Dv*"[place % 6], color=colours[name], label=label)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(sizes, [str(each) for each in sizes], fontsize=8)
        axes.set_xticks([], minor=True)
        axes.yaxis.set_major_formatter(lambda value, _: seconds(value))
        axes.set_xlabel(curve.partition(",")[0])
        axes.set_ylabel("time of a step")
        axes.set_title(curve)
        axes.grid(True, which="major", color="#dddddd", linewidth=0.6)
        axes.legend(fontsize=8)
        text = "; ".join(
            f"{row['size']}: " + ", ".join(f"{name} {seconds(row['times'][name]['median_s'])}" for name in names)
            for row in points
        )
        pictures[curve] = (_png(figure), f"Time of a step over {curve}. {text}.")
    return pictures


def memory_plot(results: dict[str, Any]) -> tuple[bytes, str] | None:
    """Bars of the peaks themselves."""
    rows = [row for row in results["results"] if "bytes" in row]
    if not rows:
        return None
    names = contenders_of(rows)
    colours = _colours(names)
    figure, axes = _figure(9, 1.3 + len(rows) * (0.14 + 0.16 * len(names)))
    height = 0.8 / len(names)
    for place, name in enumerate(names):
        at = [i + (place - (len(names) - 1) / 2) * height for i in range(len(rows))]
        values = [row["bytes"][name]["median"] / 2**20 for row in rows]
        axes.barh(at, values, height * 0.92, color=colours[name], label=name)
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("megabytes at the peak (less is better)")
    axes.set_title(TITLES["memory"])
    axes.legend(fontsize=8)
    text = "; ".join(
        f"{row['name']}: " + ", ".join(f"{name} {size(row['bytes'][name]['median'])}" for name in names) for row in rows
    )
    return _png(figure), f"Bars of peaks. {text}."


def pictures_of(suite: str, results: dict[str, Any]) -> dict[str, tuple[bytes, str]]:
    """File name (without ending) to picture and text, for one suite."""
    found: dict[str, tuple[bytes, str] | None] = {}
    if suite == "scaling":
        found = {
            "scaling-" + curve.replace(", ", "-").replace(" ", "-").lower(): picture
            for curve, picture in curve_plots(results).items()
        }
    elif "results" in results:
        found[suite] = ratio_plot(suite, results)
        if suite == "memory":
            found["memory-bytes"] = memory_plot(results)
    return {name: picture for name, picture in found.items() if picture is not None}
