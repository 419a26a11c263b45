"""Samples of dropout: what does not depend on chance. The masks are compared in tests/ops/test_dropout.py."""

from __future__ import annotations

from . import array, case, raises, sample

SHAPES = {
    "dropout": (3, 4), "feature_dropout": (2, 3, 4), "alpha_dropout": (3, 4), "feature_alpha_dropout": (2, 3, 4),
    "dropout1d": (2, 3, 4), "dropout2d": (2, 3, 4, 2), "dropout3d": (2, 3, 2, 2, 2),
}  # fmt: skip


def _register(name: str, shape: tuple[int, ...]) -> None:
    path = "torch." if name == "feature_dropout" else "torch.nn.functional."
    sample(
        name,
        lambda make: [case(make(*shape), 0.0, True), case(make(*shape), 1.0, True), case(make(*shape), 0.5, False)],
        oracle=path + name,
        errors=[raises(ValueError, "between 0 and 1", array(*shape), 1.5, True)],
    )


for _name, _shape in SHAPES.items():
    _register(_name, _shape)
