"""One HTML file with everything in it: what is compared and how, tables, pictures, environment, how to repeat it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

from .wording import EXPLAINED, STEADY, TITLES, amount, contenders_of, seconds, verdict

STYLE = """
:root { color-scheme: light dark; --text: #1c1c1c; --soft: #5b5b5b; --back: #ffffff; --panel: #f5f5f3; --line: #d4d4d0;
  --met: #d5ecd9; --near: #f8ecc4; --missed: #f7d6d2; --link: #0a58a8; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e6; --soft: #a9a9a6; --back: #161719; --panel: #212326; --line: #3a3d41;
    --met: #1f4a2c; --near: #544716; --missed: #5e2823; --link: #7ab7f5; } }
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1.25rem 4rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; } a { color: var(--link); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .3rem 0; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; }
thead th { border-bottom: 2px solid var(--line); }
.met, .faster, .smaller { background: var(--met); } .near { background: var(--near); }
.missed, .slower, .larger, .error { background: var(--missed); }
.spread, .note { color: var(--soft); } .spread { font-size: .8em; }
figure { margin: 1rem 0; } img { max-width: 100%; height: auto; background: #fff; border: 1px solid var(--line); }
figcaption { color: var(--soft); font-size: .9rem; } .curves { display: flex; flex-wrap: wrap; gap: 1rem; }
.curves figure { flex: 1 1 24rem; margin: 0; } pre { background: var(--panel); padding: .75rem; overflow-x: auto; }
.key span { padding: .1rem .5rem; margin-right: .5rem; }
@media print { body { max-width: none; } }
"""

HOW = [
    (
        "Right before fast: every contender gets the same weights and the same batch, and must compute the same "
        "numbers (to 1e-3 of the largest; training steps: three losses in a row) before a time is taken."
    ),
    (
        "Interleaved: contenders take turns in short rounds, in an order that alternates. A ratio is the median over "
        "the rounds of the ratio within a round, so that what changes from second to second on a shared machine "
        "cancels. The spread (±) is the interquartile range of the rounds over their median."
    ),
    (
        "Warm-up apart; the same number of threads for every library, fixed before NumPy is loaded. One thread is "
        "timed by the processor's time, more threads and GPUs by the wall clock; a GPU is waited for before the clock "
        "is read."
    ),
    (
        "Default settings of all libraries, but for the caching allocator of this library, which is "
        "switched {caching} (torch.set_caching_allocator)."
    ),
]


def page(results: Mapping[str, Any], pictures: Mapping[str, Mapping[str, tuple[bytes, str]]], command: str) -> str:
    """The report.

    Args:
        results: of each suite by its name.
        pictures: for each suite, pictures and the texts that stand for them.
        command: what was typed.
    """
    environment = next(iter(results.values()))["environment"]
    names = list(dict.fromkeys(name for each in results.values() for name in contenders_of(each.get("results", []))))
    missing = {name: why for each in results.values() for name, why in each.get("missing", {}).items()}
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>tinygrad_i2dl benchmarks</title><style>{STYLE}</style></head><body><main>",
        "<h1>tinygrad_i2dl beside PyTorch</h1>",
        (
            f"<p>Compared: {escape(', '.join(names))}. A ratio is the time (or the memory) over PyTorch's in eager "
            "mode: below 1 is less than PyTorch's.</p>"
        ),
    ]
    for name, why in missing.items():
        parts.append(f'<p class="note">Left out: {escape(name)}: {escape(why)}.</p>')
    links = "".join(f'<li><a href="#{suite}">{escape(TITLES[suite])}</a></li>' for suite in results)
    parts.append(f'<nav aria-label="Contents"><ul>{links}<li><a href="#how">How it was measured</a></li>')
    parts.append(
        '<li><a href="#environment">Environment</a></li><li><a href="#again">How to repeat it</a></li></ul></nav>'
    )
    parts.append(
        '<p class="key">Against the target: <span class="met">met</span><span class="near">near (within a tenth)</span>'
        '<span class="missed">missed</span>. Without a target: faster or slower than PyTorch.</p>'
    )
    for suite, each in results.items():
        parts.append(f'<section aria-labelledby="{suite}"><h2 id="{suite}">{escape(TITLES[suite])}</h2>')
        parts.append(f"<p>{escape(EXPLAINED[suite])}</p>")
        if each.get("exponents"):
            parts.append(_exponents(each))
        if "results" in each:
            parts.append(_cases(suite, each))
        if suite == "overhead":
            parts.append(_overhead(each))
        if "contention" in each:
            parts.append(_contention(each))
        shown = [_figure(name, *picture) for name, picture in pictures.get(suite, {}).items()]
        parts.append(f'<div class="{"curves" if suite == "scaling" else "figures"}">{"".join(shown)}</div>')
        if each.get("comparison"):
            parts.append(_comparison(each["comparison"]))
        parts.append("</section>")
    caching = "on" if environment.get("caching allocator") else "off"
    how = "".join(f"<li>{escape(line.format(caching=caching))}</li>" for line in HOW)
    parts.append(f'<section aria-labelledby="how"><h2 id="how">How it was measured</h2><ul>{how}</ul></section>')
    parts.append('<section aria-labelledby="environment"><h2 id="environment">Environment</h2>')
    rows = "".join(
        f'<tr><th scope="row">{escape(k)}</th><td>{escape(str(v))}</td></tr>' for k, v in environment.items()
    )
    parts.append(f'<div class="scroll"><table><tbody>{rows}</tbody></table></div></section>')
    parts.append('<section aria-labelledby="again"><h2 id="again">How to repeat it</h2>')
    parts.append("<p>From the root of the repository, with PyTorch installed for the comparison:</p>")
    parts.append(f"<pre>pip install '.[bench]'\n{escape(command)}</pre>")
    parts.append("<p>The option --compare takes the JSON file of an older run and flags what changed.</p></section>")
    parts.append("</main></body></html>")
    return "\n".join(parts) + "\n"


def _table(caption: str, headings: list[str], rows: list[str]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in headings)
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(name: str, cells: list[str]) -> str:
    return f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>'


def _cases(suite: str, results: Mapping[str, Any]) -> str:
    rows = results["results"]
    names = contenders_of(rows)
    compared = next((list(row["ratio"]) for row in rows if row.get("ratio")), [])
    peak = results.get("sgemm peak, GFLOP/s")
    shares = peak is not None and any("gflops" in row for row in rows)
    headings = ["case", *names, *[f"{name} / PyTorch" for name in compared]]
    headings += ["target"] if compared else []
    headings += [f"{name}, share of the sgemm peak" for name in names] if shares else []
    lines = []
    for row in rows:
        if "error" in row:
            lines.append(
                _row(
                    row["name"],
                    [f'<td class="error" colspan="{len(headings) - 1}">not timed: {escape(row["error"])}</td>'],
                )
            )
            continue
        cells = []
        for name in names:
            text, spread = amount(row, name)
            cells.append(f'<td>{text} <span class="spread">±{spread * 100:.0f} %</span></td>')
        for name in compared:
            value = row["ratio"].get(name)
            word = "" if value is None else verdict(value, row["target"])
            cells.append("<td></td>" if value is None else f'<td class="{word}">{value:.2f} {word}</td>')
        if compared:
            cells.append(f"<td>{'' if row['target'] is None else format(row['target'], 'g')}</td>")
        if shares:
            cells += [
                f"<td>{row['gflops'][name] / peak:.0%}</td>" if "gflops" in row else "<td></td>" for name in names
            ]
        lines.append(_row(row["name"], cells))
    means = results.get("geometric mean", {})
    if means:
        cells = ["<td></td>"] * len(names) + [f"<td><b>{means[name]:.2f}</b></td>" for name in compared]
        lines.append(_row("geometric mean", cells + ["<td></td>"] * (len(headings) - 1 - len(cells))))
    caption = f"Ratios over PyTorch's, {TITLES[suite].lower()}"
    if shares:
        caption += f"; the sgemm peak, measured in the same run, is {peak:.0f} GFLOP/s"
    return _table(caption, headings, lines)


def _exponents(results: Mapping[str, Any]) -> str:
    found = results["exponents"]
    names = list(next(iter(found.values())))
    lines = [
        _row(curve, [f"<td>{results['expected'][curve]:g}</td>", *[f"<td>{each[name]:.2f}</td>" for name in names]])
        for curve, each in found.items()
    ]
    return _table("Exponents over the three largest sizes", ["curve", "exponent of the work", *names], lines)


def _overhead(results: Mapping[str, Any]) -> str:
    lines = [
        _row(
            row["operation"],
            [f"<td>{row['numpy_us']:.2f}</td><td>{row['unrecorded_us']:+.2f}</td><td>{row['recorded_us']:+.2f}</td>"],
        )
        for row in results["operations"]
    ]
    middle = results["elementwise median"]
    lines.append(
        _row(
            "median of elementwise operations",
            [f"<td></td><td>{middle['unrecorded_us']:+.2f}</td><td>{middle['recorded_us']:+.2f}</td>"],
        )
    )
    return _table("Microseconds", ["operation", "NumPy", "not recording", "recording"], lines)


def _contention(results: Mapping[str, Any]) -> str:
    lines = []
    for row in results["contention"]:
        word = verdict(row["contended over one"], STEADY)
        cells = [f"<td>{escape(row['library'])}</td>"]
        cells += [f"<td>{seconds(row[key])}</td>" for key in ("one", "two", "contended")]
        cells += [f"<td>{row['two over one']:.2f}</td>"]
        cells += [f'<td class="{word}">{row["contended over one"]:.2f} {word}</td>']
        lines.append(_row(row["name"], cells))
    headings = ["workload", "library", "1 thread", "2 threads", "2 threads, one core busy", "2 over 1", "busy over 1"]
    return _table(
        f"Steps beside a busy loop; at most {STEADY} times the step of one thread is aimed at", headings, lines
    )


def _comparison(entries: list[dict[str, Any]]) -> str:
    lines = [
        _row(
            entry["name"],
            [
                (
                    f"<td>{escape(entry['backend'])}</td><td>{entry['old']:.2f}</td><td>{entry['new']:.2f}</td>"
                    f'<td class="{entry["flag"]}">{entry["change"]:.2f} {entry["flag"]}</td>'
                )
            ],
        )
        for entry in entries
    ]
    headings = ["case", "backend", "ratio then", "ratio now", "now / then"]
    return _table("Against the older run; flagged where the change is beyond the spreads of both", headings, lines)


def _figure(name: str, png: bytes, text: str) -> str:
    encoded = base64.b64encode(png).decode("ascii")
    return (
        f'<figure><img alt="{escape(text, quote=True)}" src="data:image/png;base64,{encoded}">'
        f"<figcaption>{escape(name)}.png</figcaption></figure>"
    )
