"""Samples of functions that make tensors."""

from __future__ import annotations

from . import case, raises, sample

for _name in ("zeros", "ones"):
    sample(
        _name,
        lambda make: [case(2, 3), case((2, 0)), case([4]), case(())],
        oracle=f"torch.{_name}",
        gradient=False,
        errors=[
            raises(RuntimeError, "negative", -1),
            raises(TypeError, "integers", 2.0),
            raises(TypeError, "shape is needed"),
        ],
    )
sample(
    "full",
    lambda make: [case((2, 3), 1.5), case([2], 7), case((), True)],
    oracle="torch.full",
    gradient=False,
)
sample(
    "arange",
    lambda make: [case(5), case(2, 9, 3), case(0, 1, 0.25), case(5, 1, -2), case(3, 3)],
    oracle="torch.arange",
    gradient=False,
    errors=[raises(RuntimeError, "step must not be zero", 0, 4, 0), raises(RuntimeError, "sign of the step", 4, 0)],
)
sample("range", lambda make: [case(0, 4), case(1, 2, 0.5)], oracle="torch.range", gradient=False)
sample(
    "linspace",
    lambda make: [case(0, 1, 5), case(-3.0, 10.0, 7), case(2, 5, 1), case(2, 5, 0), case(5, 2, 4)],
    oracle="torch.linspace",
    gradient=False,
    errors=[raises(RuntimeError, "cannot be negative", 0, 1, -1)],
)
sample(
    "logspace",
    lambda make: [case(0, 2, 5), case(-1, 1, 3, base=2.0)],
    oracle="torch.logspace",
    gradient=False,
)
sample(
    "eye",
    lambda make: [case(3), case(2, 4), case(0)],
    oracle="torch.eye",
    gradient=False,
    errors=[raises(RuntimeError, "not negative", -1)],
)
for _name in ("tril_indices", "triu_indices"):
    sample(_name, lambda make: [case(3, 4), case(4, 3, 1), case(3, 3, -1)], oracle=f"torch.{_name}", gradient=False)
sample("scalar_tensor", lambda make: [case(2), case(2.5)], oracle="torch.scalar_tensor", gradient=False)
