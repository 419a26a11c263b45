"""Samples of operations that move or re-arrange elements."""

from __future__ import annotations

import numpy

from . import array, case, raises, sample

# ---------------------------------------------------------------- shape

sample(
    "reshape",
    lambda make: [
        case(make(2, 3), (3, 2)),
        case(make(2, 3), (-1,)),
        case(make(4, 3).T, (2, 6)),
        case(make(2, 0), (0, 3, 2)),
        case(make(), (1, 1)),
    ],
    oracle="torch.reshape",
    errors=[
        raises(RuntimeError, "6 elements", array(2, 3), (4,)),
        raises(RuntimeError, "only one size", array(2, 3), (-1, -1)),
        raises(RuntimeError, "invalid size -2", array(2, 3), (-2, 3)),
    ],
)
sample(
    "view",
    lambda make: [
        case(make(2, 3), 3, 2),
        case(make(2, 3), (-1,)),
        case(make(2, 0), 0),
        case(make(4, 6)[:, :3], 2, 2, 3),
    ],
    oracle="torch.Tensor.view",
    errors=[
        raises(RuntimeError, "use reshape", array(2, 3).T, 6),
        raises(RuntimeError, "6 elements", array(2, 3), -1, 4),
        raises(TypeError, "a shape or a dtype", array(2, 3)),
    ],
)
sample("view_as", lambda make: [case(make(2, 3), make(6))], oracle="torch.Tensor.view_as")
sample("reshape_as", lambda make: [case(make(2, 3).T, make(6))], oracle="torch.Tensor.reshape_as")
sample(
    "flatten",
    lambda make: [
        case(make(2, 3, 4)),
        case(make(2, 3, 4), 1),
        case(make(2, 3, 4), 0, 1),
        case(make()),
        case(make(2, 0)),
    ],
    oracle="torch.flatten",
    errors=[
        raises(RuntimeError, "comes after", array(2, 3), 1, 0),
        raises(IndexError, "start_dim between -2 and 1", array(2, 3), 2),
    ],
)
sample("ravel", lambda make: [case(make(2, 3)), case(make())], oracle="torch.ravel")
sample(
    "unflatten",
    lambda make: [case(make(2, 6), 1, (2, 3)), case(make(6), 0, (-1, 2))],
    oracle="torch.unflatten",
    errors=[raises(RuntimeError, "do not multiply to the size 6", array(6), 0, (4, 2))],
)

# ---------------------------------------------------------------- order of the dimensions

sample(
    "permute",
    lambda make: [case(make(2, 3, 4), (2, 0, 1)), case(make(2, 3, 4), (0, -1, -2)), case(make(), ())],
    oracle="torch.permute",
    errors=[
        raises(RuntimeError, "one entry for each of the 2 dimensions", array(2, 3), (0,)),
        raises(RuntimeError, "more than once", array(2, 3), (0, 0)),
        raises(IndexError, "between -2 and 1", array(2, 3), (0, 2)),
    ],
)
for _name in ("transpose", "swapaxes", "swapdims"):
    sample(
        _name,
        lambda make: [case(make(2, 3, 4), 0, -1), case(make(2, 3), 1, 1), case(make(), 0, -1)],
        oracle=f"torch.{_name}",
        errors=[raises(IndexError, "out of range", array(2, 3), 0, 2)],
    )
sample(
    "t",
    lambda make: [case(make(2, 3)), case(make(3)), case(make())],
    oracle="torch.t",
    errors=[raises(RuntimeError, "at most two dimensions", array(2, 3, 4))],
)
sample(
    "adjoint",
    lambda make: [case(make(2, 3)), case(make(2, 3, 4))],
    oracle="torch.adjoint",
    errors=[raises(RuntimeError, "at least two", array(2))],
)
for _name in ("movedim", "moveaxis"):
    sample(
        _name,
        lambda make: [case(make(2, 3, 4), 0, 2), case(make(2, 3, 4), (0, 1), (-1, 0))],
        oracle=f"torch.{_name}",
        errors=[raises(RuntimeError, "as many sources", array(2, 3), (0, 1), (0,))],
    )
sample(
    "squeeze",
    lambda make: [
        case(make(1, 3, 1)),
        case(make(1, 3, 1), 0),
        case(make(1, 3, 1), 1),
        case(make(1, 3, 1), (0, 2)),
        case(make()),
    ],
    oracle="torch.squeeze",
    errors=[raises(IndexError, "between -2 and 1", array(2, 3), 2)],
)
sample(
    "unsqueeze",
    lambda make: [case(make(2, 3), 0), case(make(2, 3), -1), case(make(), 0), case(make(0), 1)],
    oracle="torch.unsqueeze",
    errors=[raises(IndexError, "between -3 and 2", array(2, 3), 3)],
)

# ---------------------------------------------------------------- broadcasting and repeating

sample(
    "expand",
    lambda make: [case(make(3, 1), 3, 4), case(make(3), (2, -1)), case(make(), 2, 2), case(make(1, 0), 5, 0)],
    oracle="torch.Tensor.expand",
    errors=[
        raises(RuntimeError, "too few", array(2, 3), 3),
        raises(RuntimeError, "only dimensions of size 1 stretch", array(2, 3), 4, 3),
        raises(RuntimeError, "cannot be -1", array(3), -1, 3),
    ],
)
sample("expand_as", lambda make: [case(make(3, 1), make(2, 3, 4))], oracle="torch.Tensor.expand_as")
sample("broadcast_to", lambda make: [case(make(3, 1), (2, 3, 4))], oracle="torch.broadcast_to")
sample("broadcast_tensors", lambda make: [case(make(3, 1), make(4), make())], oracle="torch.broadcast_tensors")
sample(
    "repeat",
    lambda make: [case(make(2, 3), 2, 1), case(make(2), 2, 2, 3), case(make(2), 0), case(make(), 3)],
    oracle="torch.Tensor.repeat",
    errors=[
        raises(RuntimeError, "fewer entries", array(2, 3), 2),
        raises(RuntimeError, "negative", array(2), -1),
    ],
)
sample("tile", lambda make: [case(make(2, 3), (2,)), case(make(2), (2, 2))], oracle="torch.tile")
sample(
    "repeat_interleave",
    lambda make: [
        case(make(2, 3), 2),
        case(make(2, 3), 2, 1),
        case(make(2, 3), numpy.array([1, 0, 2]), 1),
        case(make(2), numpy.array([0, 3])),
    ],
    oracle="torch.repeat_interleave",
    errors=[
        raises(RuntimeError, "must not be negative", array(2), -1),
        raises(RuntimeError, "must be as many", array(2), numpy.array([1, 2, 3])),
    ],
)

# ---------------------------------------------------------------- joining and splitting

for _name in ("cat", "concat", "concatenate"):
    sample(
        _name,
        lambda make: [
            case([make(2, 3), make(1, 3)]),
            case([make(2, 3), make(2, 1), make(2, 0)], 1),
            case([make(2, 3), make(0)], -2),
            case([make(2), make(2, low=0, high=5, dtype="int64")]),
        ],
        oracle=f"torch.{_name}",
        errors=[
            raises(ValueError, "at least one", []),
            raises(RuntimeError, r"except in dimension 0, got \(2, 3\) and \(2, 4\)", [array(2, 3), array(2, 4)]),
            raises(RuntimeError, "use stack", [array(), array()]),
        ],
    )
sample(
    "stack",
    lambda make: [case([make(2, 3), make(2, 3)]), case([make(2, 3), make(2, 3)], -1), case([make()], 0)],
    oracle="torch.stack",
    errors=[raises(RuntimeError, r"one shape, got \(2,\) and \(3,\)", [array(2), array(3)])],
)
for _name in ("hstack", "vstack", "row_stack", "dstack", "column_stack"):
    sample(
        _name,
        lambda make: [case([make(3), make(3)]), case([make(2, 3), make(2, 3)]), case([make(), make()])],
        oracle=f"torch.{_name}",
    )
for _name in ("atleast_1d", "atleast_2d", "atleast_3d"):
    sample(
        _name,
        lambda make: [case(make()), case(make(2)), case(make(2, 3)), case(make(), make(2))],
        oracle=f"torch.{_name}",
    )
sample(
    "meshgrid",
    lambda make: [
        case(make(2), make(3), indexing="ij"),
        case(make(2), make(3), make(), indexing="xy"),
        case([make(2), make(3)], indexing="ij"),
    ],
    oracle="torch.meshgrid",
    errors=[
        raises(RuntimeError, "'ij' or 'xy'", array(2), indexing="no"),
        raises(RuntimeError, "needs vectors", array(2, 3)),
    ],
)
sample("cartesian_prod", lambda make: [case(make(2), make(3)), case(make(2))], oracle="torch.cartesian_prod")
sample(
    "combinations",
    lambda make: [case(make(4)), case(make(3), 3), case(make(3), 2, True), case(make(2), 3)],
    oracle="torch.combinations",
    errors=[raises(RuntimeError, "needs a vector", array(2, 2))],
)
sample("block_diag", lambda make: [case(make(2, 3), make(2), make())], oracle="torch.block_diag")
sample(
    "unbind",
    lambda make: [case(make(2, 3)), case(make(2, 3), 1), case(make(0, 2))],
    oracle="torch.unbind",
    errors=[raises(IndexError, "without dimensions", array())],
)
sample(
    "split",
    lambda make: [case(make(5, 2), 2), case(make(5, 2), [1, 4]), case(make(2, 4), 2, -1), case(make(0, 2), 3)],
    oracle="torch.split",
    errors=[
        raises(RuntimeError, "sum to the size 5", array(5), [1, 2]),
        raises(RuntimeError, "positive size", array(5), 0),
    ],
)
sample("split_with_sizes", lambda make: [case(make(5, 2), [2, 0, 3])], oracle="torch.split_with_sizes")
sample(
    "chunk",
    lambda make: [case(make(5, 2), 2), case(make(2, 3), 5, 1), case(make(0), 2)],
    oracle="torch.chunk",
    errors=[raises(RuntimeError, "positive number", array(5), 0)],
)
sample(
    "tensor_split",
    lambda make: [case(make(5, 2), 3), case(make(5, 2), (1, 4)), case(make(2, 5), (2, 1), 1)],
    oracle="torch.tensor_split",
    errors=[raises(RuntimeError, "positive number", array(5), 0)],
)
for _name in ("hsplit", "vsplit", "dsplit"):
    sample(
        _name,
        lambda make: [case(make(2, 4, 6), 2), case(make(2, 4, 6), (1,))],
        oracle=f"torch.{_name}",
        errors=[raises(RuntimeError, "equal sections", array(5, 5, 5), 2)],
    )

# ---------------------------------------------------------------- parts

sample(
    "narrow",
    lambda make: [case(make(4, 3), 0, 1, 2), case(make(4, 3), -1, -2, 1), case(make(4), 0, 4, 0)],
    oracle="torch.narrow",
    errors=[
        raises(RuntimeError, "exceed dimension 0 of size 4", array(4), 0, 3, 2),
        raises(IndexError, "out of range", array(4), 0, 5, 0),
    ],
)
sample(
    "select",
    lambda make: [case(make(4, 3), 0, 1), case(make(4, 3), -1, -1)],
    oracle="torch.select",
    errors=[raises(IndexError, "index 4 is out of range for dimension 0 of size 4", array(4), 0, 4)],
)
sample(
    "unfold_view",
    lambda make: [
        case(make(7), 0, 3, 2),
        case(make(2, 6), 1, 3, 1),
        case(make(6, 2).T, 1, 2, 3),
        case(make(), 0, 1, 1),
    ],
    oracle="torch.Tensor.unfold",
    errors=[raises(RuntimeError, "larger than the size 3", array(3), 0, 4, 1)],
)
sample(
    "as_strided",
    lambda make: [case(make(3, 3), (2, 2), (1, 2)), case(make(9), (3, 2), (2, 1), 1), case(make(4), (2, 3), (0, 1))],
    oracle="torch.as_strided",
    errors=[raises(RuntimeError, "outside of memory for 4 elements", array(4), (5,), (1,))],
)
sample(
    "diagonal",
    lambda make: [case(make(3, 4)), case(make(3, 4), 1), case(make(2, 3, 4), -1, 2, 0), case(make(2, 2), 3)],
    oracle="torch.diagonal",
    errors=[raises(RuntimeError, "two different", array(3, 3), 0, 1, 1)],
)

# ---------------------------------------------------------------- re-arranging

sample(
    "flip",
    lambda make: [case(make(2, 3), (0,)), case(make(2, 3), (0, -1)), case(make(0, 2), (1,)), case(make(2), ())],
    oracle="torch.flip",
    errors=[raises(IndexError, "between -1 and 0", array(2), (1,))],
)
sample("fliplr", lambda make: [case(make(2, 3))], oracle="torch.fliplr", errors=[raises(RuntimeError, "two", array(2))])
sample("flipud", lambda make: [case(make(2, 3))], oracle="torch.flipud", errors=[raises(RuntimeError, "one", array())])
sample(
    "roll",
    lambda make: [case(make(2, 3), 1), case(make(2, 3), 4, 1), case(make(2, 3), (1, -1), (0, 1)), case(make(0), 2)],
    oracle="torch.roll",
    errors=[raises(RuntimeError, "as many shifts", array(2, 3), (1, 2), 0)],
)
sample(
    "rot90",
    lambda make: [case(make(2, 3)), case(make(2, 3, 4), -1, (1, 2)), case(make(2, 3), 2), case(make(2, 3), 4)],
    oracle="torch.rot90",
    errors=[raises(RuntimeError, "two different", array(2, 3), 1, (0, 0))],
)
for _name in ("tril", "triu"):
    sample(
        _name,
        lambda make: [case(make(3, 4)), case(make(3, 4), 1), case(make(2, 3, 3), -1), case(make(0, 2))],
        oracle=f"torch.{_name}",
        errors=[raises(RuntimeError, "at least two dimensions", array(3))],
    )
sample(
    "diag",
    lambda make: [case(make(3)), case(make(3), -1), case(make(3, 4), 1)],
    oracle="torch.diag",
    errors=[raises(RuntimeError, "a vector or a matrix", array(2, 3, 4))],
)
sample("diagflat", lambda make: [case(make(2, 2), 1), case(make())], oracle="torch.diagflat")
sample(
    "diag_embed",
    lambda make: [case(make(2, 3)), case(make(2, 3), 1, 0, 2), case(make(3), -1, 1, 0)],
    oracle="torch.diag_embed",
)
sample(
    "diagonal_scatter",
    lambda make: [case(make(3, 3), make(3)), case(make(3, 3), make(2), 1)],
    oracle="torch.diagonal_scatter",
    errors=[raises(RuntimeError, "must be equal", array(3, 3), array(2))],
)
sample("clone", lambda make: [case(make(2, 3)), case(make(3, 2).T), case(make())], oracle="torch.clone")

# ---------------------------------------------------------------- copies in place of views, writing

for _name, _cases in {
    "alias_copy": lambda make: [case(make(2, 3))],
    "as_strided_copy": lambda make: [case(make(3, 3), (2, 2), (1, 2)), case(make(9), (3, 2), (2, 1), 1)],
    "diagonal_copy": lambda make: [case(make(3, 4), 1), case(make(2, 3, 4), -1, 2, 0)],
    "expand_copy": lambda make: [case(make(3, 1), (3, 4)), case(make(3), (2, -1))],
    "narrow_copy": lambda make: [case(make(4, 3), 0, 1, 2)],
    "permute_copy": lambda make: [case(make(2, 3, 4), (2, 0, 1))],
    "split_with_sizes_copy": lambda make: [case(make(5, 2), [2, 0, 3])],
    "squeeze_copy": lambda make: [case(make(1, 3, 1)), case(make(1, 3, 1), 0)],
    "t_copy": lambda make: [case(make(2, 3))],
    "transpose_copy": lambda make: [case(make(2, 3, 4), 0, -1)],
    "unbind_copy": lambda make: [case(make(2, 3), 1)],
    "unfold_copy": lambda make: [case(make(7), 0, 3, 2)],
    "unsqueeze_copy": lambda make: [case(make(2, 3), 1)],
    "view_copy": lambda make: [case(make(2, 3), (3, 2))],
}.items():  # fmt: skip
    sample(_name, _cases, oracle=f"torch.{_name}")
sample(
    "as_strided_scatter",
    lambda make: [case(make(3, 3), make(2, 2), (2, 2), (1, 3)), case(make(9), make(3, 2), (3, 2), (3, 1), 1)],
    oracle="torch.as_strided_scatter",
)
sample("fill", lambda make: [case(make(2, 3), 1.5), case(make(2, 3), make()), case(make(), 2)], oracle="torch.fill")
sample(
    "broadcast_shapes",
    lambda make: [case((3, 1), (2, 1, 4)), case(2, (3, 1)), case(())],
    oracle="torch.broadcast_shapes",
    gradient=False,
    errors=[raises(RuntimeError, "broadcast", (2,), (3,))],
)
sample(
    "copy",
    lambda make: [case(make(2, 3), make(3)), case(make(2), make(2, low=0, high=5, dtype="int64"))],
    oracle=lambda input, src: numpy.broadcast_to(src, input.shape).astype(input.dtype),
)
