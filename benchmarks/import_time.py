"""How long ``import tinygrad_i2dl`` takes over bare Python, and how much of that is NumPy's own import.

    python benchmarks/import_time.py [--repeat 15]

Each figure is the fastest of whole interpreter runs, started in turn: what another program on the machine adds is not
the import's. The modules are compiled to bytecode first, as an install leaves them. Exits with 1 if the import costs
more than the budget of 0.25 s.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

BUDGET = 0.25
STATEMENTS = {"bare Python": "pass", "numpy": "import numpy", "tinygrad_i2dl": "import tinygrad_i2dl"}


def seconds(statement: str, environment: dict[str, str]) -> float:
    """Return the wall time of a fresh interpreter that runs ``statement``."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, env=environment)
    return time.perf_counter() - start


def measure(repeat: int) -> dict[str, float]:
    """Return the least time of each statement, over ``repeat`` rounds."""
    with tempfile.TemporaryDirectory() as bytecode:
        environment = os.environ | {"PYTHONPYCACHEPREFIX": bytecode}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for statement in STATEMENTS.values():
            seconds(statement, environment)
        rounds = [
            {name: seconds(statement, environment) for name, statement in STATEMENTS.items()} for _ in range(repeat)
        ]
    return {name: min(times[name] for times in rounds) for name in STATEMENTS}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15, help="interpreter runs per figure (default 15)")
    fastest = measure(parser.parse_args().repeat)
    bare = fastest["bare Python"]
    for name, best in fastest.items():
        print(f"{name:<14} {best * 1e3:7.1f} ms   {(best - bare) * 1e3:+7.1f} ms over bare Python")
    over = fastest["tinygrad_i2dl"] - bare
    print(f"budget {BUDGET * 1e3:.0f} ms: {'kept' if over <= BUDGET else 'exceeded'}")
    return int(over > BUDGET)


if __name__ == "__main__":
    sys.exit(main())
