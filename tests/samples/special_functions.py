"""Samples of the gamma and normal-distribution families."""

from __future__ import annotations

import numpy

from . import array, case, raises, sample

for _name in ("lgamma", "digamma"):
    sample(
        _name,
        lambda make: [case(make(3, 4, low=0.3, high=15)), case(make(4, low=-2.8, high=-2.2)), case(make(0))],
        oracle=f"torch.{_name}",
    )
sample(
    "polygamma",
    lambda make: [
        case(1, make(3, low=0.6, high=15)),
        case(3, make(3, low=0.6, high=15)),
        case(0, make(2, low=1, high=2)),
    ],
    oracle="torch.polygamma",
    rtol=1e-6,
    why="PyTorch's own trigamma is a series cut at a relative error of 5e-7",
    errors=[raises(RuntimeError, "not negative", -1, array(3))],
)
sample(
    "polygamma_at",
    lambda make: [case(2, make(3, low=0.6, high=15))],
    oracle="torch.polygamma",
)
sample(
    "mvlgamma",
    lambda make: [case(make(3, low=1.2, high=9), 2), case(make(3, low=0.2, high=9), 1)],
    oracle="torch.mvlgamma",
    errors=[raises(RuntimeError, "at least 1", array(3), 0)],
)
sample("ndtr", lambda make: [case(make(3, 4, low=-3, high=3))], oracle="torch.special.ndtr")
sample("ndtri", lambda make: [case(make(3, 4, low=0.05, high=0.95))], oracle="torch.special.ndtri")
sample("entr", lambda make: [case(make(3, 4, low=0.1, high=3)), case(numpy.ones(2))], oracle="torch.special.entr")
sample(
    "xlog1py",
    lambda make: [case(make(3, 4, low=0.1, high=3), make(4, low=-0.5, high=3)), case(make(3, low=0.1), 2.0)],
    oracle="torch.special.xlog1py",
)
sample(
    "erfcx",
    lambda make: [case(make(3, 4, low=-2, high=9)), case(make(3, low=-0.4, high=0.4))],
    oracle="torch.special.erfcx",
)
sample("log_ndtr", lambda make: [case(make(3, 4, low=-9, high=3)), case(make(0))], oracle="torch.special.log_ndtr")
