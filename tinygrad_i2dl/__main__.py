"""The command line: ``python -m tinygrad_i2dl <command>``.

A command is a module with ``HELP``, one sentence; ``add_arguments(parser)``; and ``run(arguments)``, which returns the
exit status. Adding one is a line in ``COMMANDS``.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from tinygrad_i2dl import checking, doctor, running, warming


class Command(Protocol):
    """What a module must offer to be a command."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


COMMANDS: dict[str, Command] = {
    "check": cast(Command, checking),
    "doctor": cast(Command, doctor),
    "run": cast(Command, running),
    "warmup": cast(Command, warming),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` (default: the command line) names; return its exit status, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tinygrad_i2dl",
        description="tinygrad_i2dl from the command line.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.HELP, description=command.HELP)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    arguments = parser.parse_args(argv)
    status: int = arguments.run(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
