"""Batches of sequences of different lengths, padded or packed (``torch.nn.utils.rnn``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy

from ...backends.registry import namespace_of
from ...ops.comparison import where
from ...ops.creation import full
from ...ops.movement import cat
from ...ops.placement import beside, on_host
from ...tensors import Tensor, make

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_Fields):
    """Sequences sorted by falling length and stored step by step without padding: what recurrent layers take.

    Made by `pack_padded_sequence` and `pack_sequence`.

    Attributes:
        data: all steps, ``(sum of lengths, ...)``: first steps of all sequences, then second steps, and so on.
        batch_sizes: how many sequences have a first step, a second step, and so on.
        sorted_indices: the order that sorted the sequences, or None.
        unsorted_indices: the inverse of that order, or None.
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        if batch_sizes is None:
            if not isinstance(data, (tuple, list)) or len(data) != 2:
                raise AssertionError("PackedSequence needs data and batch_sizes, together or one by one")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with_data(self, convert: Callable[[Any], Any]) -> PackedSequence:
        data = convert(self.data)
        if data is self.data:
            return self
        moved = [
            None if each is None else each.to(data.device) for each in (self.sorted_indices, self.unsorted_indices)
        ]
        return type(self)(data, self.batch_sizes, *moved)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Convert or move the data, as `Tensor.to`."""
        return self._with_data(lambda data: data.to(*args, **kwargs))

    def cpu(self) -> PackedSequence:
        """Move to main memory."""
        return self._with_data(lambda data: data.cpu())

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Move to the GPU."""
        return self._with_data(lambda data: data.cuda(*args, **kwargs))

    def double(self) -> PackedSequence:
        """Cast the data to float64."""
        return self._with_data(lambda data: data.double())

    def float(self) -> PackedSequence:
        """Cast the data to float32."""
        return self._with_data(lambda data: data.float())

    def half(self) -> PackedSequence:
        """Cast the data to float16."""
        return self._with_data(lambda data: data.half())

    def long(self) -> PackedSequence:
        """Cast the data to int64."""
        return self._with_data(lambda data: data.long())

    def int(self) -> PackedSequence:
        """Cast the data to int32."""
        return self._with_data(lambda data: data.int())

    @property
    def is_cuda(self) -> bool:
        return bool(self.data.is_cuda)


def invert_permutation(permutation: Any) -> Any:
    """The order that undoes `permutation`; None for None."""
    if permutation is None:
        return None
    order = permutation._array
    xp = namespace_of(type(order))
    inverse = xp.empty(order.shape, dtype=order.dtype)
    inverse[order] = xp.arange(order.size, dtype=order.dtype)
    return make(inverse)


def _lengths_of(lengths: Any) -> Any:
    known = on_host(lengths._array) if isinstance(lengths, Tensor) else lengths
    return numpy.array(known, dtype=numpy.int64).reshape(-1)


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack padded sequences: drop the padding.

    Args:
        input: ``(T, N, ...)``, or ``(N, T, ...)`` with `batch_first`.
        lengths: how many steps of each sequence count, a tensor or a list.
        batch_first: whether the first dimension is the batch's.
        enforce_sorted: the lengths fall already; with False they are sorted here.

    Raises:
        RuntimeError: a length below 1 or above T, another number of lengths than sequences, or rising lengths.

    >>> import tinygrad_i2dl as torch
    >>> packed = torch.nn.utils.rnn.pack_padded_sequence(torch.tensor([[1, 2], [3, 0]]), [2, 1], batch_first=True)
    >>> packed.data, packed.batch_sizes
    (tensor([1, 3, 2]), tensor([2, 1]))
    """
    counts = _lengths_of(lengths)
    order = None
    if not enforce_sorted:
        order = numpy.argsort(-counts, kind="stable")
        counts = counts[order]
    rows, steps = (input.shape[0], input.shape[1]) if batch_first else (input.shape[1], input.shape[0])
    if len(counts) != rows:
        raise RuntimeError(
            f"pack_padded_sequence: expected one length for each of the {rows} sequences, got {len(counts)}"
        )
    if len(counts) and (counts.min() < 1 or counts.max() > steps):
        raise RuntimeError(f"pack_padded_sequence: lengths must be between 1 and {steps}, got {counts.tolist()}")
    if (numpy.diff(counts) > 0).any():
        raise RuntimeError(
            f"pack_padded_sequence: lengths must fall (or pass enforce_sorted=False), got {counts.tolist()}"
        )
    longest = int(counts.max(initial=0))
    step, row = numpy.nonzero(numpy.arange(longest)[:, None] < counts)
    source = row if order is None else order[row]
    source, step = beside(source, input._array), beside(step, input._array)
    data = input[make(source), make(step)] if batch_first else input[make(step), make(source)]
    sizes = (counts > numpy.arange(longest)[:, None]).sum(1)
    return PackedSequence(data, make(sizes), None if order is None else make(beside(order, input._array)), None)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Any, Any]:
    """Undo `pack_padded_sequence`: the padded sequences ``(T, N, ...)`` in their old order, and their lengths.

    Raises:
        ValueError: `total_length` is less than the longest sequence's.
    """
    sizes = on_host(sequence.batch_sizes._array)
    steps = len(sizes) if total_length is None else total_length
    if steps < len(sizes):
        raise ValueError(
            f"pad_packed_sequence: total_length must be at least {len(sizes)}, the longest length, got {total_length}"
        )
    rows = int(sizes[0])
    offsets = numpy.zeros(steps, dtype=numpy.int64)
    offsets[: len(sizes)] = numpy.cumsum(sizes) - sizes
    alive = numpy.zeros(steps, dtype=numpy.int64)
    alive[: len(sizes)] = sizes
    row = numpy.arange(rows) if sequence.unsorted_indices is None else on_host(sequence.unsorted_indices._array)
    valid = row < alive[:, None]
    position = numpy.where(valid, offsets[:, None] + row, 0)
    lengths = (sizes[:, None] > row).sum(0)
    if batch_first:
        valid, position = valid.T, position.T
    return _filled(sequence.data, position, valid, padding_value), make(lengths)


def _filled(data: Any, position: Any, valid: Any, padding_value: float) -> Any:
    """``data[position]``, with `padding_value` where not `valid`."""
    taken = data[make(beside(numpy.ascontiguousarray(position), data._array))]
    if valid.all():
        return taken
    valid = numpy.ascontiguousarray(valid).reshape(*valid.shape, *(1,) * (data.ndim - 1))
    return where(make(beside(valid, data._array)), taken, full((), padding_value, dtype=data.dtype, device=data.device))


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Any:
    """Sequences ``(length, ...)`` side by side: ``(T, N, ...)``, or ``(N, T, ...)`` with `batch_first`; T is the
    longest length.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.utils.rnn.pad_sequence([torch.tensor([1, 2]), torch.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, (Iterable, Tensor)):
        raise RuntimeError(f"pad_sequence: expected tensors in a list or tuple, got {type(sequences).__name__}")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"pad_sequence: padding_side must be 'left' or 'right', got {padding_side!r}")
    parts: list[Any] = list(sequences)
    if not parts:
        raise RuntimeError("pad_sequence: expected at least one sequence, got none")
    counts = numpy.array([each.shape[0] for each in parts], dtype=numpy.int64)
    steps = int(counts.max())
    rest = tuple(parts[0].shape[1:])
    if any(tuple(each.shape[1:]) != rest for each in parts):
        shapes = [tuple(each.shape) for each in parts]
        raise RuntimeError(
            f"pad_sequence: the sequences must agree in all dimensions but the first, got shapes {shapes}"
        )
    if steps == 0:
        shape = (len(parts), 0, *rest) if batch_first else (0, len(parts), *rest)
        return full(shape, padding_value, dtype=parts[0].dtype, device=parts[0].device)
    step = numpy.arange(steps) - (steps - counts if padding_side == "left" else 0 * counts)[:, None]
    valid = (step >= 0) & (step < counts[:, None])
    position = numpy.where(valid, (numpy.cumsum(counts) - counts)[:, None] + step, 0)
    if not batch_first:
        valid, position = valid.T, position.T
    return _filled(parts[0] if len(parts) == 1 else cat(parts, 0), position, valid, padding_value)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences of a padded batch, each of its own length."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[: int(count)] for row, count in zip(rows, _lengths_of(lengths), strict=True)]


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences ``(length, ...)``."""
    return pack_padded_sequence(
        pad_sequence(sequences), [each.shape[0] for each in sequences], enforce_sorted=enforce_sorted
    )


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The sequences of a packed batch, each of its own length."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
