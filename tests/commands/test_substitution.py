"""Scripts written for PyTorch, run unchanged; in processes of their own, because one process has one torch."""

import json
import subprocess
import sys
import textwrap

import pytest

from tinygrad_i2dl import checking


def python(*arguments, cwd=None):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=cwd)


SCRIPT = """
    import sys
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    import torch.optim.lr_scheduler as schedules
    from torch import optim
    from torch.autograd import Variable
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    scheduler = schedules.StepLR(optimizer, 2)
    x = torch.randn(32, 4)
    y = (x.sum(1) > 0).long()
    for epoch in range(3):
        for inputs, labels in DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(Variable(inputs)), labels)
            loss.backward()
            optimizer.step()
        scheduler.step()
        print(f"{loss.item():.4f}")
    print(sys.argv[1:], __name__, int(torch.__version__.split(".")[0]) >= 1)
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(SCRIPT))
    return path


def test_same_output_as_pytorch(script):
    theirs = python(str(script), "--flag", "3")
    ours = python("-m", "tinygrad_i2dl", "run", str(script), "--flag", "3")
    assert theirs.returncode == 0, theirs.stderr
    assert ours.returncode == 0, ours.stderr
    assert ours.stdout == theirs.stdout and "['--flag', '3'] __main__ True" in ours.stdout


def test_imports_beside_the_script_and_exit_status(tmp_path):
    (tmp_path / "model.py").write_text("from torch import nn\nmodel = nn.Linear(1, 1)\n")
    (tmp_path / "main.py").write_text("import sys\nfrom model import model\nprint(model)\nsys.exit(7)\n")
    done = python("-m", "tinygrad_i2dl", "run", str(tmp_path / "main.py"))
    assert done.returncode == 7 and done.stdout == "Linear(in_features=1, out_features=1, bias=True)\n", done.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("torch.nn.Conv2dd(1, 1, 1)", "line 2: tinygrad_i2dl has no torch.nn.Conv2dd; nearest: torch.nn.Conv2d"),
        ("from torch.nn import Linaer", "line 2: tinygrad_i2dl has no torch.nn.Linaer; nearest: torch.nn.Linear"),
        ("torch.ones(1).sofmax(0)", "line 2: tinygrad_i2dl has no Tensor.sofmax; nearest: Tensor.softmax"),
        ("import torch.quantum", "line 2: tinygrad_i2dl has no module torch.quantum"),
    ],
)
def test_a_missing_name_is_told_with_place_and_nearest(tmp_path, line, says):
    path = tmp_path / "script.py"
    path.write_text(f"import torch\n{line}\n")
    done = python("-m", "tinygrad_i2dl", "run", str(path))
    assert done.returncode == 1
    assert f"{path}, {says}" in done.stderr.splitlines()[-1]


def test_other_errors_are_the_scripts_own(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("import torch\n{}.missing\n")
    done = python("-m", "tinygrad_i2dl", "run", str(path))
    assert (
        done.returncode == 1
        and done.stderr.splitlines()[-1] == "AttributeError: 'dict' object has no attribute 'missing'"
    )
    done = python("-m", "tinygrad_i2dl", "run", str(tmp_path / "nothing.py"))
    assert done.returncode == 2 and "no such file" in done.stderr


def test_install_as_torch_gives_this_library_under_all_paths():
    code = """
        import tinygrad_i2dl
        tinygrad_i2dl.install_as_torch()
        tinygrad_i2dl.install_as_torch()  # twice is once
        import torch, torch.nn.functional, torch.optim, torch.backends.cudnn as cudnn
        from torch.nn import functional as F
        cudnn.benchmark = True
        torch.backends.cudnn.deterministic = True
        assert torch.nn is tinygrad_i2dl.nn and F is tinygrad_i2dl.nn.functional
        assert isinstance(torch.ones(1), tinygrad_i2dl.Tensor) and torch.tensor is tinygrad_i2dl.tensor
        assert tinygrad_i2dl.nn.__spec__.name == "tinygrad_i2dl.nn"
        assert tinygrad_i2dl.backends.cudnn.deterministic
        assert not torch.__version__.startswith(tinygrad_i2dl.__version__)
    """
    done = python("-c", textwrap.dedent(code))
    assert done.returncode == 0, done.stderr


def test_refused_beside_pytorch_itself():
    done = python("-c", "import torch, tinygrad_i2dl; tinygrad_i2dl.install_as_torch()")
    assert done.returncode == 1 and "torch itself is imported already" in done.stderr


def test_the_library_alone_leaves_import_torch_to_pytorch():
    done = python(
        "-c", "import tinygrad_i2dl, torch; assert torch.nn is not tinygrad_i2dl.nn; print(torch.__version__)"
    )
    assert done.returncode == 0 and "tinygrad" not in done.stdout


# --- check


def test_check_finds_missing_names_in_scripts_and_notebooks(tmp_path):
    (tmp_path / "a.py").write_text(
        "import torch.nn as nn\nfrom torch import optim as o\nnn.Linear(1, 1)\nnn.Lineaar\no.Adam.step\no.Adamm\nfrom "
        "torch.nn import ReLU6, Magic\n"
    )
    cells = [
        {"cell_type": "markdown", "source": ["torch.nothing"]},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "import torch\n", "torch.zeros(1); torch.zeroes(1)"]},
    ]
    (tmp_path / "b.ipynb").write_text(json.dumps({"cells": cells}))
    done = python("-m", "tinygrad_i2dl", "check", str(tmp_path))
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert [line.split("; nearest")[0] for line in lines[:-1]] == [
        f"{tmp_path}/a.py:4: torch.nn.Lineaar",
        f"{tmp_path}/a.py:6: torch.optim.Adamm",
        f"{tmp_path}/a.py:7: torch.nn.Magic",
        f"{tmp_path}/b.ipynb:3: torch.zeroes",
    ]
    assert "nearest: torch.nn.Linear" in lines[0] and lines[-1].endswith("4 names missing")


def test_check_finds_methods_that_tensors_lack():
    source = "import torch\nx = torch.ones(2)\nx.sum()\nx.T.to_sparse()\ntorch.ones(2).stft(4)\nother.values()\n"
    found = [(use.line, use.name) for use in checking.names_in(source, "f") if not checking.present(use.name)]
    assert found == [(4, "torch.Tensor.to_sparse"), (5, "torch.Tensor.stft")]
    assert list(checking.names_in("matrix.to_dense()\n", "f")) == []  # no PyTorch there


def test_check_of_complete_and_of_broken_files(tmp_path):
    good = tmp_path / "good.py"
    good.write_text("import torch\ntorch.nn.functional.relu(torch.ones(1)).sum().backward\n")
    assert python("-m", "tinygrad_i2dl", "check", str(good)).returncode == 0
    bad = tmp_path / "bad.py"
    bad.write_text("def :\n")
    done = python("-m", "tinygrad_i2dl", "check", str(bad))
    assert done.returncode == 2 and "cannot be read as Python" in done.stderr


def test_names_follow_aliases():
    source = "import torch as th\nfrom torch.nn import functional as F\nth.optim.SGD\nF.relu\nother.thing\n"
    assert [use.name for use in checking.names_in(source, "f")] == [
        "torch", "torch.nn.functional", "torch.optim.SGD", "torch.nn.functional.relu",
    ]  # fmt: skip
