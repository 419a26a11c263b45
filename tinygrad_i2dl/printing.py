"""Text of a tensor, character for character as PyTorch prints it.

Everything here works on arrays and plain Python values: the tensor class hands over its array and what it knows about
dtype, device and graph, and gets the text back. The rules were read off PyTorch's output and are tested against it:

- all elements of one array share one notation: integers, decimals (``0.1000``), whole decimals (``2.``) or scientific;
- the notation and the column width are decided by the finite, non-zero elements that will be *shown*, so that an
  array of any size costs only its edges;
- more than ``threshold`` elements are summarised by ``edgeitems`` entries at both ends of every long dimension.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "PrintOptions",
    "format_array",
    "get_printoptions",
    "parameter_repr",
    "printoptions",
    "set_printoptions",
    "tensor_repr",
]

Array = Any  # a NumPy array, or any array with slicing, ``shape``, ``dtype`` and (for device memory) ``get()``

# Scientific notation starts where fixed notation would hide digits or need many columns.
LARGEST_FIXED = 1e8
SMALLEST_FIXED = 1e-4
LARGEST_FIXED_RATIO = 1000.0

NEVER_NAMED_DTYPES = ("int64", "bool")  # their elements already say what they are


@dataclass(frozen=True)
class PrintOptions:
    """How tensors are printed: digits, when and how to summarise, line width, and notation (None: chosen by value)."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}

_options = PrintOptions()


def _checked_count(name: str, value: Any, smallest: int) -> int:
    if isinstance(value, bool) or not hasattr(type(value), "__index__"):
        raise TypeError(f"set_printoptions: {name} must be an integer, got {value!r} of type {type(value).__name__}")
    count = int(value.__index__())
    if count < smallest:
        raise ValueError(f"set_printoptions: {name} must be at least {smallest}, got {count}")
    return count


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed from now on; an option left at None keeps its value, except ``sci_mode``.

    Args:
        precision: digits after the decimal point.
        threshold: more elements than this are summarised; ``inf`` never summarises.
        edgeitems: entries shown at each end of a summarised dimension.
        linewidth: characters per line at which rows are broken.
        profile: ``"default"``, ``"short"`` or ``"full"``: a starting point which the other arguments adjust.
        sci_mode: True or False forces scientific or fixed notation; None, the default, chooses it by value, and,
            as in PyTorch, every call sets it anew.

    Raises:
        TypeError: an option of the wrong type.
        ValueError: a negative count or an unknown profile. Nothing has changed then.

    >>> with printoptions(precision=2):
    ...     tensor_repr(np.float32([0.125, 3]))
    'tensor([0.12, 3.00])'
    """
    global _options
    changed = _options
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(
                f"set_printoptions: profile must be one of {', '.join(map(repr, PROFILES))}, got {profile!r}"
            )
        changed = replace(changed, **PROFILES[profile])  # type: ignore[arg-type]  # one dict, several field types
    if precision is not None:
        changed = replace(changed, precision=_checked_count("precision", precision, 0))
    if threshold is not None:
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float)):
            raise TypeError(
                f"set_printoptions: threshold must be a number, got {threshold!r} of type {type(threshold).__name__}"
            )
        if not threshold >= 0:
            raise ValueError(f"set_printoptions: threshold must be at least 0 and not NaN, got {threshold}")
        changed = replace(changed, threshold=threshold)
    if edgeitems is not None:
        changed = replace(changed, edgeitems=_checked_count("edgeitems", edgeitems, 0))
    if linewidth is not None:
        changed = replace(changed, linewidth=_checked_count("linewidth", linewidth, 0))
    if sci_mode not in (None, True, False):
        raise TypeError(f"set_printoptions: sci_mode must be True, False or None, got {sci_mode!r}")
    _options = replace(changed, sci_mode=sci_mode)


def get_printoptions() -> dict[str, Any]:
    """Return the print options in force, as keyword arguments that `set_printoptions` takes.

    >>> get_printoptions()["linewidth"]
    80
    """
    return asdict(_options)


@contextmanager
def printoptions(**changes: Any) -> Iterator[None]:
    """Change print options (arguments of `set_printoptions`) inside a ``with`` block and restore them after it.

    >>> with printoptions(sci_mode=True):
    ...     tensor_repr(np.float32(1))
    'tensor(1.0000e+00)'
    """
    global _options
    before = _options
    set_printoptions(**changes)
    try:
        yield
    finally:
        _options = before


class _Notation(NamedTuple):
    """How the elements of one array are written: text of one element, and the column width all are padded to."""

    text: Callable[[Any], str]
    width: int


def _float_notation(values: list[float], options: PrintOptions) -> _Notation:
    """Choose the notation of floats from those shown; zeros, NaN and infinities have no say in it."""
    deciding = [value for value in values if value != 0 and math.isfinite(value)]
    precision = options.precision

    def fixed(value: float) -> str:
        return f"{value:.{precision}f}"

    def scientific(value: float) -> str:
        return f"{value:.{precision}e}"

    def whole(value: float) -> str:
        return f"{value:.0f}." if math.isfinite(value) else str(value)

    if not deciding:
        return _Notation(whole, 1)
    all_whole = all(value.is_integer() for value in deciding)
    smallest, largest = min(map(abs, deciding)), max(map(abs, deciding))
    use_scientific = options.sci_mode
    if use_scientific is None:
        use_scientific = (
            largest > LARGEST_FIXED
            or largest / smallest > LARGEST_FIXED_RATIO
            or (smallest < SMALLEST_FIXED and not all_whole)
        )
    text = scientific if use_scientific else whole if all_whole else fixed
    return _Notation(text, max(1, max(len(text(value)) for value in deciding)))


def _padded(notation: _Notation) -> Callable[[Any], str]:
    return lambda value: notation.text(value).rjust(notation.width)


def _element_texts(array: np.ndarray[Any, Any], options: PrintOptions) -> tuple[list[str], int]:
    """Write every element in the array's common notation; return the texts in row-major order and the column width."""
    kind = array.dtype.kind
    if kind in "biu":
        texts = [str(value) for value in array.ravel().tolist()]
        width = max(map(len, texts), default=1)
        return [text.rjust(width) for text in texts], width
    if kind == "c":
        parts = [part.ravel().astype(np.float64).tolist() for part in (array.real, array.imag)]
        real, imaginary = (_float_notation(values, options) for values in parts)
        pairs = zip(map(_padded(real), parts[0]), map(_padded(imaginary), parts[1]), strict=True)
        texts = [_complex_text(*pair) for pair in pairs]
        return texts, real.width + imaginary.width + 1
    try:  # also the floats that NumPy itself does not know, such as ml_dtypes' bfloat16
        if kind in "OSUMm":
            raise TypeError("no number")
        values = array.ravel().astype(np.float64).tolist()
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"cannot print an array of dtype {array.dtype}: expected bool, integers, floating point or complex numbers"
        ) from error
    notation = _float_notation(values, options)
    return list(map(_padded(notation), values)), notation.width


def _complex_text(real: str, imaginary: str) -> str:
    imaginary = imaginary.lstrip()
    return f"{real}{'' if imaginary[0] in '+-' else '+'}{imaginary}j"


def _edges(array: Array, axis: int, edgeitems: int) -> np.ndarray[Any, Any]:
    """Copy to the host only the entries that a summary shows: `edgeitems` at both ends of every longer dimension."""
    if axis == array.ndim:
        fetch = getattr(array, "get", None)  # device arrays (CuPy) are fetched explicitly, after the cut
        return np.asarray(array if fetch is None else fetch())
    if array.shape[axis] <= 2 * edgeitems:
        return _edges(array, axis + 1, edgeitems)
    before = (slice(None),) * axis
    head = array[(*before, slice(None, edgeitems))]
    tail = array[(*before, slice(array.shape[axis] - edgeitems, None))]
    return np.concatenate([_edges(head, axis + 1, edgeitems), _edges(tail, axis + 1, edgeitems)], axis)


def _layout(
    texts: Sequence[str], full_shape: Sequence[int], shown_shape: Sequence[int], indent: int, per_line: int
) -> str:
    """Arrange element texts in nested brackets; a dimension shown shorter than it is gets ``...`` in its middle."""
    shown, cut = shown_shape[0], shown_shape[0] < full_shape[0]
    line_start = "\n" + " " * (indent + 1)
    if len(full_shape) == 1:
        row = [*texts[: shown // 2], " ...", *texts[shown // 2 :]] if cut else texts
        lines = [", ".join(row[start : start + per_line]) for start in range(0, len(row), per_line)]
        return "[" + ("," + line_start).join(lines) + "]"
    size = len(texts) // shown
    blocks = [
        _layout(texts[start : start + size], full_shape[1:], shown_shape[1:], indent + 1, per_line)
        for start in range(0, len(texts), size)
    ]
    if cut:
        blocks.insert(shown // 2, "...")
    return "[" + ("," + "\n" * (len(full_shape) - 2) + line_start).join(blocks) + "]"


def format_array(array: Array, *, options: PrintOptions | None = None, indent: int = 0) -> str:
    """Write the elements of an array of any shape and numeric dtype in nested brackets, as PyTorch does.

    Args:
        array: bool, integers, floats (float16, ml_dtypes' bfloat16, float32, float64) or complex numbers.
        options: print options; None takes those in force.
        indent: columns already taken by what stands before the text on its first line.

    Raises:
        TypeError: the elements are not numbers.

    >>> format_array(np.array([[1, -2], [30, 4]]))
    '[[ 1, -2],\\n [30,  4]]'
    """
    options = _options if options is None else options
    shape = tuple(array.shape)
    size = math.prod(shape)
    if size == 0:
        return "[]"
    summarised = size > options.threshold
    if summarised and options.edgeitems == 0 and shape:
        return "[...]"
    # Without a summary no dimension exceeds twice its own length, so nothing is cut.
    shown = _edges(array, 0, options.edgeitems if summarised else max(shape, default=0))
    texts, width = _element_texts(shown, options)
    if not shape:
        return texts[0].lstrip()
    innermost_indent = indent + len(shape) - 1
    per_line = max(1, (options.linewidth - innermost_indent) // (width + len(", ")))
    return _layout(texts, shape, shown.shape, indent, per_line)


def tensor_repr(
    array: Array,
    *,
    dtype_name: str = "float32",
    default_dtype_name: str = "float32",
    device_text: str | None = None,
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    options: PrintOptions | None = None,
) -> str:
    """Write ``tensor(...)`` around an array, followed by what its elements do not show, as PyTorch does.

    Args:
        array: the elements, of any shape.
        dtype_name: the tensor's dtype, such as ``"float64"`` or ``"torch.float64"``; named in the text unless it goes
            without saying.
        default_dtype_name: the dtype that floats have by default, which is not named.
        device_text: the device to name, such as ``"cuda:0"``; None for the default device.
        requires_grad: whether a leaf asks for a gradient; `grad_fn_name` takes its place where there is one.
        grad_fn_name: the name of the node that made the tensor, such as ``"MulBackward0"``.
        options: print options; None takes those in force.

    Raises:
        TypeError: the elements are not numbers.

    >>> tensor_repr(np.float32([[0.1, 2]]), grad_fn_name="MulBackward0")
    'tensor([[0.1000, 2.0000]], grad_fn=<MulBackward0>)'
    >>> tensor_repr(np.zeros((0, 3), np.int32), dtype_name="int32")
    'tensor([], size=(0, 3), dtype=torch.int32)'
    """
    options = _options if options is None else options
    shape = tuple(array.shape)
    size = math.prod(shape)
    prefix = "tensor("
    text = prefix + format_array(array, options=options, indent=len(prefix))

    suffixes = []
    if device_text is not None:
        suffixes.append(f"device='{device_text}'")
    # A shape is written where the brackets may not show it.
    if (size == 0 and len(shape) != 1) or (options.edgeitems == 0 and size > 0):
        suffixes.append(f"size={shape}")
    dtype_name, default_dtype_name = (name.removeprefix("torch.") for name in (dtype_name, default_dtype_name))
    unnamed_complex = default_dtype_name.replace("float32", "complex64").replace("float64", "complex128")
    unnamed = (default_dtype_name,) if size == 0 else (default_dtype_name, unnamed_complex, *NEVER_NAMED_DTYPES)
    if dtype_name not in unnamed:
        suffixes.append(f"dtype=torch.{dtype_name}")
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    return _with_suffixes(text, suffixes, len(prefix), options.linewidth) + ")"


def _with_suffixes(text: str, suffixes: Sequence[str], indent: int, linewidth: int) -> str:
    """Append suffixes, each on a line of its own where the current line has no room for it."""
    # Room for ", " before a suffix and, behind the elements, two columns more: where PyTorch breaks lines.
    column = len(text) - (text.rfind("\n") + 1) + 2
    for suffix in suffixes:
        if column + len(suffix) + 2 > linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text


def parameter_repr(tensor_text: str) -> str:
    """Write the text of a parameter around the text of its tensor.

    >>> parameter_repr("tensor([1.], requires_grad=True)")
    'Parameter containing:\\ntensor([1.], requires_grad=True)'
    """
    return "Parameter containing:\n" + tensor_text
