"""Command line: ``python -m tests.conformance --tier 1,2 --kind op --names add,mul``."""

from __future__ import annotations

import sys

from .report import main

sys.exit(main(sys.argv[1:]))
