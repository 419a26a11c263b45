"""How long ``import tinygrad_i2dl`` takes over bare Python, and how much of that is NumPy's own import.

    python benchmarks/import_time.py [--repeat 15]

Each figure is the fastest of whole interpreter runs, started in turn: what another program on the machine adds is not
the import's. Exits with 1 if the import costs more than the budget of 0.25 s.
"""

import argparse
import subprocess
import sys
import time

BUDGET = 0.25
STATEMENTS = {"bare Python": "pass", "numpy": "import numpy", "tinygrad_i2dl": "import tinygrad_i2dl"}


def seconds(statement: str) -> float:
    """Return the wall time of a fresh interpreter that runs ``statement``."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15, help="interpreter runs per figure (default 15)")
    repeat = parser.parse_args().repeat
    for statement in STATEMENTS.values():  # compile to bytecode and fill the file cache first
        seconds(statement)
    runs: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(repeat):
        for name, statement in STATEMENTS.items():
            runs[name].append(seconds(statement))
    fastest = {name: min(times) for name, times in runs.items()}
    bare = fastest["bare Python"]
    for name, best in fastest.items():
        print(f"{name:<14} {best * 1e3:7.1f} ms   {(best - bare) * 1e3:+7.1f} ms over bare Python")
    over = fastest["tinygrad_i2dl"] - bare
    print(f"budget {BUDGET * 1e3:.0f} ms: {'kept' if over <= BUDGET else 'exceeded'}")
    return int(over > BUDGET)


if __name__ == "__main__":
    sys.exit(main())
