"""The command ``run``: an unmodified PyTorch script, on this library."""

from __future__ import annotations

import argparse
import importlib
import re
import runpy
import sys
import traceback
from pathlib import Path

from .missing import members, nearest_names
from .substitution import STANDS_FOR, install_as_torch

HELP = "run a PyTorch script unchanged: import torch and torchvision give this library, for this process only"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("script", help="path of the script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="handed on to the script")


def run(arguments: argparse.Namespace) -> int:
    """Run the script as if it were the program; a missing name is told in one line after the traceback."""
    path = Path(arguments.script)
    if not path.is_file():
        print(f"run: {path}: no such file", file=sys.stderr)
        return 2
    install_as_torch()
    sys.argv = [str(path), *arguments.arguments]
    sys.path[0:0] = [str(path.parent.resolve())]
    try:
        runpy.run_path(str(path), run_name="__main__")
    except (AttributeError, ImportError) as error:
        if not (message := explained(error)):
            raise
        traceback.print_exc()
        print(f"\n{message}", file=sys.stderr)
        return 1
    return 0


def explained(error: AttributeError | ImportError) -> str | None:
    """Which name is missing, where, and what is nearest, if that is what `error` is about."""
    text = str(error)
    package = __name__.partition(".")[0]
    attribute = re.search(
        r"type object '(Tensor|Parameter)' has no attribute '(\w+)'|'(Tensor|Parameter)' object has no attribute "
        r"'(\w+)'",
        text,
    )
    of_module = re.search(rf"module '({package}[\w.]*)' has no attribute '(\w+)'", text)
    imported = re.search(rf"cannot import name '(\w+)' from '({package}[\w.]*|torch[\w.]*)'", text)
    if attribute:
        name = attribute.group(2) or attribute.group(4)
        tensor = importlib.import_module(package).Tensor
        text = f"tinygrad_i2dl has no Tensor.{name}{nearest_names(name, members(tensor), 'Tensor')}"
    elif imported or of_module:
        name, module = imported.groups() if imported else of_module.groups()[::-1]  # type: ignore[union-attr]
        theirs = module
        for top, (ours, _) in STANDS_FOR.items():
            if module == ours or module.startswith(ours + "."):
                theirs = top + module[len(ours) :]
        holder = importlib.import_module(module)
        text = f"tinygrad_i2dl has no {theirs}.{name}{nearest_names(name, members(holder), theirs)}"
    elif not text.startswith("tinygrad_i2dl has no"):
        return None
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if package not in Path(frame.filename).parts]
    frames = [frame for frame in frames if not frame.filename.startswith("<frozen") and "runpy" not in frame.filename]
    where = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else ""
    return where + text
