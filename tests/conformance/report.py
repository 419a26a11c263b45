"""Printing, and the two result files: ``results.json`` for the tests, ``RESULTS.md`` for readers."""

from __future__ import annotations

import argparse
import json
import platform
import re
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import torch

from .entries import KINDS, all_entries, select
from .harness import LIBRARY, run_all
from .tally import CHECKS, UNCOUNTED, Tally

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"
TABLE = FOLDER / "RESULTS.md"
STATES = ("pass", "fail", "excluded")


def main(arguments: list[str]) -> int:
    """Entry of the command line; 0 when every entry that ran passes."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=main.__doc__)
    parser.add_argument("--tier", default="1,2,3", help="tiers to run, e.g. 1,2")
    parser.add_argument("--kind", default=",".join(KINDS), help="op, module, optimizer, scheduler")
    parser.add_argument("--names", help="names to run, e.g. add,max:binary,nn.Linear")
    parser.add_argument("--library", default=LIBRARY, help="library under test; torch compares PyTorch with itself")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--verbose", action="store_true", help="every failing sample, not only each check's first")
    parser.add_argument("--failing", action="store_true", help="print only entries that fail")
    parser.add_argument(
        "--missing", action="store_true", help="end with the names the library lacks, most wanted first"
    )
    parser.add_argument("--seconds", action="store_true", help="print how long each entry took (one process)")
    parser.add_argument("--check", action="store_true", help="exit 1 only where something is worse than results.json")
    parser.add_argument("--strict", action="store_true", help="as --check, and where results.json is out of date")
    parser.add_argument("--write", action="store_true", help="renew results.json and RESULTS.md with what ran")
    options = parser.parse_args(arguments)
    tiers = {int(tier) for tier in options.tier.split(",")}
    names = set(options.names.split(",")) if options.names else None
    entries = select(tiers, set(options.kind.split(",")), names)
    if not entries:
        parser.error("no entry has such a name, tier and kind")
    tallies: list[Tally] = []
    start = before = time.perf_counter()
    for tally in run_all(entries, options.library, options.jobs):
        tallies.append(tally)
        now = time.perf_counter()
        if not (options.failing and (tally.passes or tally.is_excluded)):
            print(line_of(tally) + (f"  {now - before:.2f} s" if options.seconds else ""), flush=True)
            print_failures(tally, verbose=options.verbose)
        before = now
    if options.missing:
        print_missing(tallies)
    print(f"\n{summary(tallies)}\n{time.perf_counter() - start:.0f} s")
    if options.check or options.strict:
        return report_changes(tallies, strict=options.strict)
    if options.write:
        write(tallies, options.library)
    return 0 if all(tally.passes or tally.is_excluded for tally in tallies) else 1


def line_of(tally: Tally) -> str:
    """``pass  op add  tier 1  forward 40/40 ...``."""
    state = "pass" if tally.passes else "excl" if tally.is_excluded else "FAIL" if tally.samples else "NONE"
    counts = "  ".join(f"{check} {tally.passed[check]}/{tally.samples[check]}" for check in tally.checks)
    excluded = f"  excluded {sum(tally.excluded.values())}" if tally.excluded else ""
    return f"{state}  {tally.entry.kind} {tally.entry.title}  tier {tally.entry.tier}  {counts}{excluded}"


def print_failures(tally: Tally, *, verbose: bool) -> None:
    """The first failure of each check, or all of them."""
    seen: set[str] = set()
    for check, message in tally.failures:
        if verbose or check not in seen:
            print(f"      {check}: {message}")
        seen.add(check)


def print_missing(tallies: list[Tally]) -> None:
    """Names that failing samples found missing, with the number of entries that want each."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for tally in tallies:
        for _, message in tally.failures:
            found = re.search(r"(?:no name|has no attribute) '([\w.]+)'", message.split("; for ")[0])
            if found is not None:
                wanted[found[1]].add(tally.entry.title)
    for name, titles in sorted(wanted.items(), key=lambda item: -len(item[1])):
        print(f"missing  {name}  in {len(titles)}: {', '.join(sorted(titles)[:8])}")


def summary(tallies: list[Tally]) -> str:
    """Entries that pass, per kind and tier."""
    groups: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for tally in tallies:
        state = "pass" if tally.passes else "excluded" if tally.is_excluded else "fail"
        counts = groups[tally.entry.kind, tally.entry.tier]
        counts[state] += 1
        for check in tally.checks:
            if check not in UNCOUNTED:
                counts["samples"] += tally.samples[check]
                counts["samples passed"] += tally.passed[check]
    columns = ("kind", "tier", "entries", "pass", "fail", "excluded", "pass %", "samples", "samples passed")
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for (kind, tier), counts in sorted(groups.items(), key=lambda item: (KINDS.index(item[0][0]), item[0][1])):
        ran = counts["pass"] + counts["fail"]
        share = f"{100 * counts['pass'] / ran:.1f}" if ran else ""
        lines.append(
            f"| {kind} | {tier} | {sum(counts[state] for state in STATES)} "
            f"| {counts['pass']} | {counts['fail']} | {counts['excluded']} "
            f"| {share} | {counts['samples']} | {counts['samples passed']} |"
        )
    return "\n".join(lines)


def read() -> dict[str, Any]:
    """Content of ``results.json``; empty when there is none."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {"entries": {}}


def report_changes(tallies: list[Tally], *, strict: bool) -> int:
    """Print what differs from ``results.json``; 1 if something got worse or, if ``strict``, better."""
    content = read()
    status = 0
    for tally in tallies:
        worse, better = changes(tally, content)
        for text in worse:
            print(f"worse: {tally.entry.kind} {tally.entry.title}: {text}")
        for text in better:
            print(f"better: {tally.entry.kind} {tally.entry.title}: {text}")
        if worse or (strict and better):
            status = 1
    return status


def changes(tally: Tally, content: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Checks of an entry that got worse, and that got better, than ``results.json`` records.

    Worse: more samples fail; or, with the PyTorch that the record was made with, fewer pass (they no longer run).
    """
    record = content["entries"].get(tally.entry.key)
    if record is None:
        return ["not in results.json: run `python -m tests.conformance --write`"], []
    same_samples = content["torch"] == torch.__version__.split("+")[0]
    worse, better = [], []
    for check in CHECKS:
        passed, samples = record["checks"].get(check, (0, 0))
        text = f"{check} {tally.passed[check]}/{tally.samples[check]}, recorded {passed}/{samples}"
        if tally.failing(check) > samples - passed or (same_samples and tally.passed[check] < passed):
            worse.append(text)
        elif tally.failing(check) < samples - passed or (same_samples and tally.passed[check] > passed):
            better.append(text)
    return worse, better


def write(tallies: list[Tally], library: str) -> None:
    """Renew the outcomes of these entries in both files; others keep theirs."""
    entries = read()["entries"]
    entries.update({tally.entry.key: tally.record() for tally in tallies})
    order = [entry.key for entry in all_entries()]
    content = {
        "library": library,
        "torch": torch.__version__.split("+")[0],
        "python": ".".join(platform.python_version_tuple()[:2]),
        "entries": {key: entries[key] for key in order if key in entries},
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content["entries"].items()]
    head = {key: value for key, value in content.items() if key != "entries"}
    RESULTS.write_text(json.dumps(head)[:-1] + ', "entries": {\n' + ",\n".join(lines) + "\n}}\n")
    TABLE.write_text(table(content))


def table(content: dict[str, Any]) -> str:
    """``RESULTS.md``: a summary, then one line per entry."""
    tallies = []
    for entry in all_entries():
        record = content["entries"].get(entry.key)
        if record is not None:
            tally = Tally(entry)
            for check, (passed, samples) in record["checks"].items():
                tally.passed[check], tally.samples[check] = passed, samples
            tally.excluded.update(record.get("excluded", {}))
            tallies.append(tally)
    lines = [
        "<!-- Generated by `python -m tests.conformance --write`; do not edit. -->",
        "# Conformance with PyTorch",
        "",
        f"PyTorch {content['torch']}'s own sample inputs, run through PyTorch and through `{content['library']}`.",
        "Each cell: samples passed / samples that ran. An entry passes when every sample of every check passes",
        "(`out=` is shown, but not counted). `README.md` describes the checks, `exclusions.py` says what is left out",
        "and why.",
        "",
        summary(tallies),
    ]
    for kind in KINDS:
        chosen = [tally for tally in tallies if tally.entry.kind == kind]
        checks = [check for check in CHECKS if any(tally.samples[check] for tally in chosen)]
        if not chosen:
            continue
        lines += [
            "",
            f"## {kind}",
            "",
            "| | name | tier | " + " | ".join(checks) + " | excluded |",
            "|" + "---|" * (len(checks) + 4),
        ]
        for tally in chosen:
            state = "yes" if tally.passes else "excluded" if tally.is_excluded else "no"
            cells = [
                f"{tally.passed[check]}/{tally.samples[check]}" if tally.samples[check] else "" for check in checks
            ]
            excluded = sum(tally.excluded.values()) or ""
            lines.append(f"| {state} | {tally.entry.title} | {tally.entry.tier} | {' | '.join(cells)} | {excluded} |")
    reasons: Counter[str] = Counter()
    for tally in tallies:
        reasons.update(tally.excluded)
    lines += ["", "## Excluded samples", "", "| samples | reason |", "|---|---|"]
    lines += [f"| {count} | {reason} |" for reason, count in reasons.most_common()]
    return "\n".join(lines) + "\n"
