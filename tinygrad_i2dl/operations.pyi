"""What operations attach to Tensor. Written by tools/generate_stubs.py: change the operations, not this file."""

import builtins
from collections.abc import Callable
from typing import Any

from .tensors import Tensor

class Operations:
    @property
    def H(self) -> Tensor: ...
    @property
    def T(self) -> Tensor: ...
    def __abs__(self) -> Tensor:
        """Absolute value of each element; the gradient at zero is zero."""

    def __add__(self, other: Any) -> Tensor:
        """Sum ``input + alpha * other``, elementwise with broadcasting."""

    def __and__(self, other: Any) -> Tensor:
        """Bits set in both of two integers, conjunction of bools."""

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: builtins.bool = False) -> Any:
        """What a NumPy function makes of a tensor is a tensor again: ``numpy.exp(tensor)``."""

    @property
    def __cuda_array_interface__(self) -> Any: ...
    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: Any = None,
        copy: Any = None,
    ) -> Any:
        """The memory as a DLPack capsule, for ``other_library.from_dlpack(tensor)``."""

    def __dlpack_device__(self) -> Any: ...
    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        """Whether ``input == other``, elementwise with broadcasting; a bool tensor."""

    def __floordiv__(self, other: Any) -> Tensor:
        """Quotient rounded down, ``floor(input / other)``, elementwise with broadcasting."""

    def __ge__(self, other: Any) -> Tensor:
        """Whether ``input >= other``, elementwise with broadcasting; a bool tensor."""

    def __getitem__(self, index: Any) -> Tensor: ...
    def __gt__(self, other: Any) -> Tensor:
        """Whether ``input > other``, elementwise with broadcasting; a bool tensor."""

    def __iadd__(self, other: Any) -> Tensor:
        """Sum ``input + alpha * other``, elementwise with broadcasting."""

    def __iand__(self, other: Any) -> Tensor:
        """Bits set in both of two integers, conjunction of bools."""

    def __ifloordiv__(self, other: Any) -> Tensor:
        """Quotient rounded down, ``floor(input / other)``, elementwise with broadcasting."""

    def __ilshift__(self, other: Any) -> Tensor:
        """Integers with their bits moved up by `other` places."""

    def __imod__(self, other: Any) -> Tensor:
        """Remainder of the division rounded down, with the sign of `other`, as Python's ``%``."""

    def __imul__(self, other: Any) -> Tensor:
        """Product ``input * other``, elementwise with broadcasting."""

    def __invert__(self) -> Any:
        """Complement of the bits of integers, negation of bools."""

    def __ior__(self, other: Any) -> Tensor:
        """Bits set in at least one of two integers, disjunction of bools."""

    def __ipow__(self, exponent: Any) -> Tensor:
        """``input ** exponent``, elementwise with broadcasting; either may be a number."""

    def __irshift__(self, other: Any) -> Tensor:
        """Integers with their bits moved down by `other` places, keeping the sign."""

    def __isub__(self, other: Any) -> Tensor:
        """Difference ``input - alpha * other``, elementwise with broadcasting."""

    def __itruediv__(self, other: Any) -> Tensor:
        """Quotient ``input / other`` in floating point, elementwise with broadcasting."""

    def __ixor__(self, other: Any) -> Tensor:
        """Bits set in exactly one of two integers, exclusive disjunction of bools."""

    def __le__(self, other: Any) -> Tensor:
        """Whether ``input <= other``, elementwise with broadcasting; a bool tensor."""

    def __lshift__(self, other: Any) -> Tensor:
        """Integers with their bits moved up by `other` places."""

    def __lt__(self, other: Any) -> Tensor:
        """Whether ``input < other``, elementwise with broadcasting; a bool tensor."""

    def __matmul__(self, other: Any) -> Any: ...
    def __mod__(self, other: Any) -> Tensor:
        """Remainder of the division rounded down, with the sign of `other`, as Python's ``%``."""

    def __mul__(self, other: Any) -> Tensor:
        """Product ``input * other``, elementwise with broadcasting."""

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        """Whether ``input != other``, elementwise with broadcasting; a bool tensor."""

    def __neg__(self) -> Tensor:
        """Negative of each element."""

    def __or__(self, other: Any) -> Tensor:
        """Bits set in at least one of two integers, disjunction of bools."""

    def __pos__(self) -> Tensor:
        """`input` itself, as ``+input``. Bools have no sign."""

    def __pow__(self, exponent: Any) -> Tensor:
        """``input ** exponent``, elementwise with broadcasting; either may be a number."""

    def __radd__(self, other: Any) -> Tensor: ...
    def __rand__(self, other: Any) -> Tensor: ...
    def __rdiv__(self, other: Any) -> Tensor: ...
    def __rfloordiv__(self, other: Any) -> Tensor: ...
    def __rlshift__(self, other: Any) -> Tensor: ...
    def __rmatmul__(self, other: Any) -> Tensor: ...
    def __rmod__(self, other: Any) -> Tensor: ...
    def __rmul__(self, other: Any) -> Tensor: ...
    def __ror__(self, other: Any) -> Tensor: ...
    def __rpow__(self, other: Any) -> Tensor: ...
    def __rrshift__(self, other: Any) -> Tensor: ...
    def __rshift__(self, other: Any) -> Tensor:
        """Integers with their bits moved down by `other` places, keeping the sign."""

    def __rsub__(self, other: Any) -> Tensor: ...
    def __rtruediv__(self, other: Any) -> Tensor: ...
    def __rxor__(self, other: Any) -> Tensor: ...
    def __setitem__(self, index: Any, value: Any) -> None:
        """Write a number or a tensor, which broadcasts, to the elements named by an index."""

    def __sub__(self, other: Any) -> Tensor:
        """Difference ``input - alpha * other``, elementwise with broadcasting."""

    def __truediv__(self, other: Any) -> Tensor:
        """Quotient ``input / other`` in floating point, elementwise with broadcasting."""

    def __xor__(self, other: Any) -> Tensor:
        """Bits set in exactly one of two integers, exclusive disjunction of bools."""

    def _cast(self, dtype: Any) -> Any:
        """The values in another (NumPy) dtype."""

    def abs(self) -> Tensor:
        """Absolute value of each element; the gradient at zero is zero."""

    def abs_(self) -> Tensor:
        """Absolute value of each element; the gradient at zero is zero."""

    def absolute(self) -> Tensor:
        """Absolute value of each element; the gradient at zero is zero."""

    def absolute_(self) -> Tensor:
        """Absolute value of each element; the gradient at zero is zero."""

    def acos(self) -> Tensor:
        """Inverse cosine, elementwise; NaN outside [-1, 1]."""

    def acos_(self) -> Tensor:
        """Inverse cosine, elementwise; NaN outside [-1, 1]."""

    def acosh(self) -> Tensor:
        """Inverse hyperbolic cosine, elementwise; NaN below 1."""

    def acosh_(self) -> Tensor:
        """Inverse hyperbolic cosine, elementwise; NaN below 1."""

    def add(self, other: Any) -> Tensor:
        """Sum ``input + alpha * other``, elementwise with broadcasting."""

    def add_(self, other: Any, *, alpha: Any = 1) -> Tensor: ...
    def addbmm(self, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input`` plus `alpha` times the sum of all products of two stacks of matrices."""

    def addbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """`addbmm` in place; a tensor that broadcasts gets the shape of the result, as in PyTorch."""

    def addcdiv(self, tensor1: Any, tensor2: Any, value: Any = 1) -> Tensor:
        """``input + value * tensor1 / tensor2``, elementwise with broadcasting, for floating-point tensors."""

    def addcdiv_(self, tensor1: Any, tensor2: Any, value: Any = 1) -> Tensor:
        """``input + value * tensor1 / tensor2``, elementwise with broadcasting, for floating-point tensors."""

    def addcmul(self, tensor1: Any, tensor2: Any, value: Any = 1) -> Tensor:
        """``input + value * tensor1 * tensor2``, elementwise with broadcasting."""

    def addcmul_(self, tensor1: Any, tensor2: Any, value: Any = 1) -> Tensor:
        """``input + value * tensor1 * tensor2``, elementwise with broadcasting."""

    def addmm(self, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input + alpha * (mat1 @ mat2)`` of matrices; `input` broadcasts."""

    def addmm_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def addmv(self, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input + alpha * (mat @ vec)``; `input` broadcasts."""

    def addmv_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def addr(self, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input + alpha * outer(vec1, vec2)``; `input` broadcasts."""

    def addr_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def adjoint(self) -> Tensor:
        """Transpose of the last two dimensions (of real matrices the conjugate transpose is the transpose)."""

    def all(self, dim: Any = None, keepdim: builtins.bool = False) -> Tensor:
        """Whether all elements are true (not zero), over `dim` or over all dimensions."""

    def allclose(
        self,
        other: Tensor,
        rtol: builtins.float = 1e-05,
        atol: builtins.float = 1e-08,
        equal_nan: builtins.bool = False,
    ) -> builtins.bool:
        """Whether all elements are close, see `isclose`."""

    def amax(self, dim: Any = ..., keepdim: builtins.bool = False) -> Tensor:
        """Largest element over the dimension(s) `dim`, or over all; equal ones share the gradient evenly."""

    def amin(self, dim: Any = ..., keepdim: builtins.bool = False) -> Tensor:
        """Smallest element over the dimension(s) `dim`, or over all; equal ones share the gradient evenly."""

    def aminmax(self, *, dim: builtins.int | None = None, keepdim: builtins.bool = False) -> Any: ...
    def angle(self) -> Tensor:
        """Angle of each element as a complex number: pi below zero, else zero; NaN for NaN."""

    def any(self, dim: Any = None, keepdim: builtins.bool = False) -> Tensor:
        """Whether any element is true (not zero), over `dim` or over all dimensions."""

    def apply_(self, callable: Callable[[Any], Any]) -> Tensor:
        """Replace each element by `callable` of it: a Python loop, hence slow."""

    def arccos(self) -> Tensor:
        """Inverse cosine, elementwise; NaN outside [-1, 1]."""

    def arccos_(self) -> Tensor:
        """Inverse cosine, elementwise; NaN outside [-1, 1]."""

    def arccosh(self) -> Tensor:
        """Inverse hyperbolic cosine, elementwise; NaN below 1."""

    def arccosh_(self) -> Tensor:
        """Inverse hyperbolic cosine, elementwise; NaN below 1."""

    def arcsin(self) -> Tensor:
        """Inverse sine, elementwise; NaN outside [-1, 1]."""

    def arcsin_(self) -> Tensor:
        """Inverse sine, elementwise; NaN outside [-1, 1]."""

    def arcsinh(self) -> Tensor:
        """Inverse hyperbolic sine, elementwise."""

    def arcsinh_(self) -> Tensor:
        """Inverse hyperbolic sine, elementwise."""

    def arctan(self) -> Tensor:
        """Inverse tangent, elementwise."""

    def arctan2(self, other: Any) -> Tensor:
        """Angle of the vector ``(other, input)``: inverse tangent of ``input / other`` in the right quadrant."""

    def arctan2_(self, other: Any) -> Tensor:
        """Angle of the vector ``(other, input)``: inverse tangent of ``input / other`` in the right quadrant."""

    def arctan_(self) -> Tensor:
        """Inverse tangent, elementwise."""

    def arctanh(self) -> Tensor:
        """Inverse hyperbolic tangent, elementwise; NaN outside [-1, 1]."""

    def arctanh_(self) -> Tensor:
        """Inverse hyperbolic tangent, elementwise; NaN outside [-1, 1]."""

    def argmax(self, dim: builtins.int | None = None, keepdim: builtins.bool = False) -> Tensor:
        """Index of the maximum along `dim`, or in the flattened tensor; the first of equal ones."""

    def argmin(self, dim: builtins.int | None = None, keepdim: builtins.bool = False) -> Tensor:
        """Index of the minimum along `dim`, or in the flattened tensor; the first of equal ones."""

    def argsort(
        self,
        dim: builtins.int = -1,
        descending: builtins.bool = False,
        stable: builtins.bool = True,
    ) -> Tensor:
        """Indices that sort the elements along `dim`."""

    def argwhere(self) -> Tensor:
        """Indices of the elements that are not zero, one row an element."""

    def as_strided(self, size: Any, stride: Any, storage_offset: builtins.int | None = None) -> Tensor:
        """View of the memory of `input` with any sizes and strides (in elements), from element `storage_offset` on."""

    def as_strided_(self, *args: Any, **kwargs: Any) -> Tensor:
        """`as_strided` of this tensor itself."""

    def as_strided_scatter(
        self,
        src: Any,
        size: Any,
        stride: Any,
        storage_offset: builtins.int | None = None,
    ) -> Tensor:
        """Copy of `input` with `src` written to the elements of a strided view of it."""

    def asin(self) -> Tensor:
        """Inverse sine, elementwise; NaN outside [-1, 1]."""

    def asin_(self) -> Tensor:
        """Inverse sine, elementwise; NaN outside [-1, 1]."""

    def asinh(self) -> Tensor:
        """Inverse hyperbolic sine, elementwise."""

    def asinh_(self) -> Tensor:
        """Inverse hyperbolic sine, elementwise."""

    def atan(self) -> Tensor:
        """Inverse tangent, elementwise."""

    def atan2(self, other: Any) -> Tensor:
        """Angle of the vector ``(other, input)``: inverse tangent of ``input / other`` in the right quadrant."""

    def atan2_(self, other: Any) -> Tensor:
        """Angle of the vector ``(other, input)``: inverse tangent of ``input / other`` in the right quadrant."""

    def atan_(self) -> Tensor:
        """Inverse tangent, elementwise."""

    def atanh(self) -> Tensor:
        """Inverse hyperbolic tangent, elementwise; NaN outside [-1, 1]."""

    def atanh_(self) -> Tensor:
        """Inverse hyperbolic tangent, elementwise; NaN outside [-1, 1]."""

    def baddbmm(self, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
        """``beta * input + alpha * bmm(batch1, batch2)``; `input` broadcasts."""

    def baddbmm_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def bernoulli(self, p: builtins.float | None = None, *, generator: Any = None, out: Any = None) -> Tensor: ...
    def bernoulli_(self, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        """Fill the tensor with ones with probability p (a number or a tensor), else zeros; returns it."""

    def bfloat16(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.bfloat16; the tensor itself if they are already."""

    def bincount(self, weights: Any = None, minlength: builtins.int = 0) -> Tensor:
        """How often each of 0, 1, 2, ... occurs in a vector, or the sums of `weights` there."""

    def bitwise_and(self, other: Any) -> Tensor:
        """Bits set in both of two integers, conjunction of bools."""

    def bitwise_and_(self, other: Any) -> Tensor:
        """Bits set in both of two integers, conjunction of bools."""

    def bitwise_left_shift(self, other: Any) -> Tensor:
        """Integers with their bits moved up by `other` places."""

    def bitwise_left_shift_(self, other: Any) -> Tensor:
        """Integers with their bits moved up by `other` places."""

    def bitwise_not(self) -> Tensor:
        """Complement of the bits of integers, negation of bools."""

    def bitwise_not_(self) -> Tensor:
        """Complement of the bits of integers, negation of bools."""

    def bitwise_or(self, other: Any) -> Tensor:
        """Bits set in at least one of two integers, disjunction of bools."""

    def bitwise_or_(self, other: Any) -> Tensor:
        """Bits set in at least one of two integers, disjunction of bools."""

    def bitwise_right_shift(self, other: Any) -> Tensor:
        """Integers with their bits moved down by `other` places, keeping the sign."""

    def bitwise_right_shift_(self, other: Any) -> Tensor:
        """Integers with their bits moved down by `other` places, keeping the sign."""

    def bitwise_xor(self, other: Any) -> Tensor:
        """Bits set in exactly one of two integers, exclusive disjunction of bools."""

    def bitwise_xor_(self, other: Any) -> Tensor:
        """Bits set in exactly one of two integers, exclusive disjunction of bools."""

    def bmm(self, mat2: Any) -> Tensor:
        """Products of two stacks ``(b, n, k)`` and ``(b, k, m)`` of as many matrices."""

    def bool(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.bool; the tensor itself if they are already."""

    def broadcast_to(self, size: Any) -> Tensor:
        """View stretched to the shape `size`."""

    def byte(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.uint8; the tensor itself if they are already."""

    def cauchy_(self, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        """Fill the tensor with Cauchy numbers of the given median and scale; returns it."""

    def ceil(self) -> Tensor:
        """Smallest integer not below each element; the dtype stays."""

    def ceil_(self) -> Tensor:
        """Smallest integer not below each element; the dtype stays."""

    def char(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.int8; the tensor itself if they are already."""

    def cholesky(self, upper: builtins.bool = False) -> Tensor:
        """Triangular factor of symmetric positive-definite matrices; see ``linalg.cholesky``."""

    def cholesky_inverse(self, upper: builtins.bool = False) -> Tensor:
        """Inverse of A from its triangular factor."""

    def cholesky_solve(self, L: Any, upper: builtins.bool = False) -> Tensor:
        """Solution X of ``A @ X = input`` from the triangular factor of A."""

    def chunk(self, chunks: builtins.int, dim: builtins.int = 0) -> builtins.tuple[Tensor, ...]:
        """At most `chunks` views of consecutive parts along `dim`, of one size except the last."""

    def clamp(self, min: Any = None, max: Any = None, *, out: Any = None) -> Tensor: ...
    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:
        """Move the elements outside of the bounds to these, in place, see `torch.clamp`."""

    def clamp_max(self, max: Any, *, out: Any = None) -> Tensor:
        """Each element, but at most `max`."""

    def clamp_max_(self, max: Any) -> Tensor: ...
    def clamp_min(self, min: Any, *, out: Any = None) -> Tensor:
        """Each element, but at least `min`."""

    def clamp_min_(self, min: Any) -> Tensor: ...
    def clip(self, min: Any = None, max: Any = None, *, out: Any = None) -> Tensor: ...
    def clip_(self, min: Any = None, max: Any = None) -> Tensor:
        """Move the elements outside of the bounds to these, in place, see `torch.clamp`."""

    def clone(self, memory_format: Any = None) -> Tensor: ...
    def conj(self) -> Tensor:
        """`input` itself: real numbers are their own conjugates."""

    def conj_physical(self) -> Tensor:
        """`input` itself: real numbers are their own conjugates."""

    def conj_physical_(self) -> Tensor: ...
    def contiguous(self, memory_format: Any = ...) -> Tensor:
        """The tensor itself if its elements lie one after the other in memory, else a copy for which that holds."""

    def copy_(self, src: Any, non_blocking: builtins.bool = False) -> Tensor:
        """Write the values of `src`, broadcast and cast, into this tensor; `src` may be on another device."""

    def copysign(self, other: Any) -> Tensor:
        """The magnitude of `input` with the sign of `other`."""

    def copysign_(self, other: Any) -> Tensor:
        """The magnitude of `input` with the sign of `other`."""

    def corrcoef(self) -> Tensor:
        """Matrix of the correlation coefficients of variables given as rows of observations."""

    def cos(self) -> Tensor:
        """Cosine, elementwise."""

    def cos_(self) -> Tensor:
        """Cosine, elementwise."""

    def cosh(self) -> Tensor:
        """Hyperbolic cosine, elementwise."""

    def cosh_(self) -> Tensor:
        """Hyperbolic cosine, elementwise."""

    def count_nonzero(self, dim: Any = None) -> Tensor:
        """Number of elements that are not zero, over `dim` or over all dimensions, as int64."""

    def cov(self, *, correction: builtins.int = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
        """Covariance matrix of variables given as rows of observations."""

    def cpu(self, memory_format: Any = ...) -> Tensor:
        """The tensor in main memory: itself if it is there already."""

    def cross(self, other: Any, dim: builtins.int | None = None) -> Tensor:
        """Cross product of the vectors along `dim`, of size 3 (the first such dimension if not given)."""

    def cuda(self, device: Any = None, non_blocking: builtins.bool = False, memory_format: Any = ...) -> Tensor: ...
    def cummax(self, dim: builtins.int) -> Any:
        """The maximum of all elements up to each one along `dim`: a named tuple ``(values, indices)``."""

    def cummin(self, dim: builtins.int) -> Any:
        """The minimum of all elements up to each one along `dim`: a named tuple ``(values, indices)``."""

    def cumprod(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """Products of all elements up to each one along `dim`; integers and bools as int64."""

    def cumprod_(self, dim: builtins.int, *, dtype: Any = None) -> Tensor: ...
    def cumsum(self, dim: builtins.int, *, dtype: Any = None) -> Tensor:
        """Sums of all elements up to each one along `dim`; integers and bools as int64."""

    def cumsum_(self, dim: builtins.int, *, dtype: Any = None) -> Tensor: ...
    def data_ptr(self) -> builtins.int:
        """Address of the first element; 0 if there is none."""

    def deg2rad(self) -> Tensor:
        """Degrees as radians."""

    def deg2rad_(self) -> Tensor:
        """Degrees as radians."""

    def det(self) -> Tensor:
        """Determinants of square matrices ``(..., n, n)``."""

    def diag(self, diagonal: builtins.int = 0) -> Tensor:
        """Diagonal of a matrix, or the matrix with a vector on its diagonal."""

    def diag_embed(self, offset: builtins.int = 0, dim1: builtins.int = -2, dim2: builtins.int = -1) -> Tensor:
        """Matrices, in the dimensions `dim1` and `dim2`, with the last dimension of `input` on their diagonals."""

    def diagflat(self, offset: builtins.int = 0) -> Tensor:
        """Matrix with all elements of `input` on its diagonal."""

    def diagonal(self, offset: builtins.int = 0, dim1: builtins.int = 0, dim2: builtins.int = 1) -> Tensor:
        """View of the diagonal of two dimensions, as the last dimension; `offset` counts upwards."""

    def diagonal_scatter(
        self,
        src: Any,
        offset: builtins.int = 0,
        dim1: builtins.int = 0,
        dim2: builtins.int = 1,
    ) -> Tensor:
        """Copy of `input` with `src` written to a diagonal."""

    def diff(self, n: builtins.int = 1, dim: builtins.int = -1, prepend: Any = None, append: Any = None) -> Tensor:
        """Differences of neighbours along `dim`, taken `n` times."""

    def digamma(self) -> Tensor:
        """Derivative of `lgamma`, elementwise."""

    def digamma_(self) -> Tensor:
        """Derivative of `lgamma`, elementwise."""

    def dim(self) -> Any: ...
    def dist(self, other: Any, p: Any = 2) -> Tensor:
        """`p`-norm of ``input - other``."""

    def div(self, other: Any, *, rounding_mode: builtins.str | None = None, out: Any = None) -> Tensor: ...
    def div_(self, other: Any, *, rounding_mode: builtins.str | None = None) -> Tensor:
        """Divide in place, see `torch.div`."""

    def divide(self, other: Any, *, rounding_mode: builtins.str | None = None, out: Any = None) -> Tensor: ...
    def divide_(self, other: Any, *, rounding_mode: builtins.str | None = None) -> Tensor:
        """Divide in place, see `torch.div`."""

    def dot(self, tensor: Any) -> Tensor:
        """Sum of the products of the elements of two vectors of one size."""

    def double(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.float64; the tensor itself if they are already."""

    def dsplit(self, indices_or_sections: Any) -> builtins.tuple[Tensor, ...]:
        """Views of consecutive parts along dimension 2: so many of one size, or cut before each index."""

    def element_size(self) -> Any: ...
    def eq(self, other: Any) -> Tensor:
        """Whether ``input == other``, elementwise with broadcasting; a bool tensor."""

    def eq_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def equal(self, other: Tensor) -> builtins.bool:
        """Whether two tensors have the same shape and the same elements."""

    def erf(self) -> Tensor:
        """Error function ``2 / sqrt(pi) * integral from 0 to input of exp(-t ** 2) dt``, elementwise."""

    def erf_(self) -> Tensor:
        """Error function ``2 / sqrt(pi) * integral from 0 to input of exp(-t ** 2) dt``, elementwise."""

    def erfc(self) -> Tensor:
        """``1 - erf(input)`` without cancellation, elementwise."""

    def erfc_(self) -> Tensor:
        """``1 - erf(input)`` without cancellation, elementwise."""

    def erfinv(self) -> Tensor:
        """Inverse of `erf`, elementwise; infinite at -1 and 1, NaN outside."""

    def erfinv_(self) -> Tensor:
        """Inverse of `erf`, elementwise; infinite at -1 and 1, NaN outside."""

    def exp(self) -> Tensor:
        """Exponential ``e ** input``, elementwise."""

    def exp2(self) -> Tensor:
        """``2 ** input``, elementwise."""

    def exp2_(self) -> Tensor:
        """``2 ** input``, elementwise."""

    def exp_(self) -> Tensor:
        """Exponential ``e ** input``, elementwise."""

    def expand(self, *sizes: Any, size: Any = None) -> Tensor:
        """View stretched to `sizes` along dimensions of size 1 and new leading dimensions; -1 keeps a size."""

    def expand_as(self, other: Tensor) -> Tensor:
        """View stretched to the shape of `other`."""

    def expm1(self) -> Tensor:
        """``exp(input) - 1`` without cancellation near zero."""

    def expm1_(self) -> Tensor:
        """``exp(input) - 1`` without cancellation near zero."""

    def exponential_(self, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        """Fill the tensor with exponential numbers of rate lambd; returns it."""

    def fill_(self, value: Any) -> Tensor: ...
    def fill_diagonal_(self, fill_value: Any, wrap: builtins.bool = False) -> Tensor:
        """Write a number to the main diagonal, in place; with `wrap`, a tall matrix has another one below each."""

    def fix(self) -> Tensor:
        """Each element without its fraction; the dtype stays."""

    def fix_(self) -> Tensor:
        """Each element without its fraction; the dtype stays."""

    def flatten(self, start_dim: builtins.int = 0, end_dim: builtins.int = -1) -> Tensor:
        """The dimensions `start_dim` to `end_dim` merged into one; a tensor without dimensions gets one."""

    def flip(self, *axes: Any, dims: Any = None) -> Tensor:
        """Copy with the elements along `dims` in reverse order, given as ``flip(0, 1)`` or ``flip((0, 1))``."""

    def fliplr(self) -> Tensor:
        """Copy with the columns in reverse order."""

    def flipud(self) -> Tensor:
        """Copy with the rows in reverse order."""

    def float(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.float32; the tensor itself if they are already."""

    def float_power(self, exponent: Any) -> Tensor:
        """``input ** exponent`` computed in float64."""

    def float_power_(self, exponent: Any) -> Tensor:
        """Raise to a power computed in float64, in place; the tensor must be of float64."""

    def floor(self) -> Tensor:
        """Largest integer not above each element; the dtype stays."""

    def floor_(self) -> Tensor:
        """Largest integer not above each element; the dtype stays."""

    def floor_divide(self, other: Any) -> Tensor:
        """Quotient rounded down, ``floor(input / other)``, elementwise with broadcasting."""

    def floor_divide_(self, other: Any) -> Tensor:
        """Quotient rounded down, ``floor(input / other)``, elementwise with broadcasting."""

    def fmax(self, other: Any) -> Tensor:
        """Larger of two elements, with broadcasting; NaN only if both are."""

    def fmin(self, other: Any) -> Tensor:
        """Smaller of two elements, with broadcasting; NaN only if both are."""

    def fmod(self, other: Any) -> Tensor:
        """Remainder of the division rounded towards zero, with the sign of `input`, as in C."""

    def fmod_(self, other: Any) -> Tensor:
        """Remainder of the division rounded towards zero, with the sign of `input`, as in C."""

    def frac(self) -> Tensor:
        """Fraction of each element, ``input - trunc(input)``, with its sign."""

    def frac_(self) -> Tensor:
        """Fraction of each element, ``input - trunc(input)``, with its sign."""

    def gather(self, dim: builtins.int, index: Any, *, sparse_grad: builtins.bool = False, out: Any = None) -> Tensor:
        """Elements at `index` along `dim`: for ``dim=1``, ``out[i][j] = input[i][index[i][j]]``."""

    def gcd(self, other: Any) -> Tensor:
        """Greatest common divisor of integers, elementwise."""

    def gcd_(self, other: Any) -> Tensor:
        """Greatest common divisor of integers, elementwise."""

    def ge(self, other: Any) -> Tensor:
        """Whether ``input >= other``, elementwise with broadcasting; a bool tensor."""

    def ge_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def geometric_(self, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        """Fill the tensor with the number of trials up to the first success of probability p; returns it."""

    def ger(self, vec2: Any) -> Tensor:
        """Matrix of all products of an element of one vector with one of the other."""

    def get_device(self) -> builtins.int:
        """Number of the GPU that the tensor is on, -1 for main memory."""

    def greater(self, other: Any) -> Tensor:
        """Whether ``input > other``, elementwise with broadcasting; a bool tensor."""

    def greater_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def greater_equal(self, other: Any) -> Tensor:
        """Whether ``input >= other``, elementwise with broadcasting; a bool tensor."""

    def greater_equal_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def gt(self, other: Any) -> Tensor:
        """Whether ``input > other``, elementwise with broadcasting; a bool tensor."""

    def gt_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def half(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.float16; the tensor itself if they are already."""

    def hardshrink(self, lambd: Any = 0.5) -> Tensor:
        """``input`` where its absolute value is greater than `lambd`, zero elsewhere."""

    def has_names(self) -> Any: ...
    def heaviside(self, values: Any, *, out: Any = None) -> Tensor:
        """Step function: 0 below zero, 1 above, `values` at zero."""

    def heaviside_(self, values: Any) -> Tensor: ...
    def histc(self, bins: builtins.int = 100, min: builtins.float = 0, max: builtins.float = 0) -> Tensor:
        """Histogram with `bins` intervals of one width between `min` and `max` (both 0: the range of the elements)."""

    def histogram(self, bins: Any, *, range: Any = None, weight: Any = None, density: builtins.bool = False) -> Any: ...
    def hsplit(self, indices_or_sections: Any) -> builtins.tuple[Tensor, ...]:
        """Views of consecutive parts along dimension 1: so many of one size, or cut before each index."""

    def hypot(self, other: Any) -> Tensor:
        """``sqrt(input ** 2 + other ** 2)`` without intermediate overflow."""

    def hypot_(self, other: Any) -> Tensor:
        """``sqrt(input ** 2 + other ** 2)`` without intermediate overflow."""

    def index_add(self, dim: builtins.int, index: Any, source: Any, *, alpha: Any = 1) -> Tensor: ...
    def index_add_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def index_copy(self, dim: builtins.int, index: Any, source: Any) -> Tensor:
        """Copy of `input` with the slices of `source` written at `index` along `dim`."""

    def index_copy_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def index_fill(self, dim: builtins.int, index: Any, value: Any) -> Tensor:
        """Copy of `input` with a number written to the slices at `index` along `dim`."""

    def index_fill_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def index_put(self, indices: Any, values: Any, accumulate: builtins.bool = False) -> Tensor: ...
    def index_put_(self, indices: Any, values: Tensor, accumulate: builtins.bool = False) -> Tensor:
        """`index_put` in place."""

    def index_reduce(
        self,
        dim: builtins.int,
        index: Any,
        source: Any,
        reduce: builtins.str,
        *,
        include_self: builtins.bool = True,
    ) -> Tensor:
        """Copy of `input` with all slices of `source` that `index` sends to one place of `dim` reduced there."""

    def index_reduce_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def index_select(self, dim: builtins.int, index: Any, *, out: Any = None) -> Tensor:
        """Copy of the slices at `index` (a vector of integers) along `dim`."""

    def inner(self, other: Any) -> Tensor:
        """Sums of products over the last dimensions of both tensors."""

    def int(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.int32; the tensor itself if they are already."""

    def inverse(self) -> Tensor:
        """Inverses of square matrices ``(..., n, n)``."""

    def is_complex(self) -> builtins.bool:
        """Whether the elements are complex numbers: never, here."""

    def is_conj(self) -> Any: ...
    def is_contiguous(self, memory_format: Any = ...) -> builtins.bool: ...
    @property
    def is_cpu(self) -> Any: ...
    def is_floating_point(self) -> builtins.bool:
        """Whether the elements are floating-point numbers."""

    def is_inference(self) -> Any: ...
    @property
    def is_meta(self) -> Any: ...
    @property
    def is_mps(self) -> Any: ...
    def is_neg(self) -> Any: ...
    @property
    def is_nested(self) -> Any: ...
    def is_nonzero(self) -> builtins.bool:
        """Whether the only element of `input` is not zero. Raises `RuntimeError` if it has more or fewer."""

    def is_pinned(self, device: Any = None) -> Any: ...
    @property
    def is_quantized(self) -> Any: ...
    def is_same_size(self, other: Tensor) -> builtins.bool:
        """Whether both have the same shape."""

    def is_shared(self) -> Any: ...
    def is_signed(self) -> builtins.bool:
        """Whether the dtype has negative numbers."""

    @property
    def is_sparse(self) -> Any: ...
    def isclose(
        self,
        other: Tensor,
        rtol: builtins.float = 1e-05,
        atol: builtins.float = 1e-08,
        equal_nan: builtins.bool = False,
    ) -> Tensor: ...
    def isfinite(self) -> Tensor:
        """Whether each element is neither infinite nor NaN."""

    def isinf(self) -> Tensor:
        """Whether each element is plus or minus infinity."""

    def isnan(self) -> Tensor:
        """Whether each element is NaN."""

    def isneginf(self) -> Tensor:
        """Whether each element is minus infinity."""

    def isposinf(self) -> Tensor:
        """Whether each element is plus infinity."""

    def isreal(self) -> Tensor:
        """Whether each element is a real number: always, here."""

    @property
    def itemsize(self) -> Any: ...
    def kron(self, other: Any) -> Tensor:
        """Kronecker product: every element of `input` times all of `other`, as blocks."""

    def kthvalue(
        self,
        k: builtins.int,
        dim: builtins.int = -1,
        keepdim: builtins.bool = False,
        *,
        out: Any = None,
    ) -> Any:
        """The `k`-th smallest element (from 1) along `dim`: a named tuple ``(values, indices)``."""

    @property
    def layout(self) -> Any: ...
    def lcm(self, other: Any) -> Tensor:
        """Least common multiple of integers, elementwise."""

    def lcm_(self, other: Any) -> Tensor:
        """Least common multiple of integers, elementwise."""

    def ldexp(self, other: Any) -> Tensor:
        """``input * 2 ** other``, elementwise."""

    def ldexp_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def le(self, other: Any) -> Tensor:
        """Whether ``input <= other``, elementwise with broadcasting; a bool tensor."""

    def le_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def lerp(self, end: Any, weight: Any, *, out: Any = None) -> Tensor:
        """Linear interpolation ``input + weight * (end - input)``; `weight` is a number or a tensor."""

    def lerp_(self, end: Any, weight: Any) -> Tensor:
        """Interpolate in place, see `torch.lerp`."""

    def less(self, other: Any) -> Tensor:
        """Whether ``input < other``, elementwise with broadcasting; a bool tensor."""

    def less_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def less_equal(self, other: Any) -> Tensor:
        """Whether ``input <= other``, elementwise with broadcasting; a bool tensor."""

    def less_equal_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def lgamma(self) -> Tensor:
        """Logarithm of the absolute value of the gamma function, elementwise."""

    def lgamma_(self) -> Tensor:
        """Logarithm of the absolute value of the gamma function, elementwise."""

    def log(self) -> Tensor:
        """Natural logarithm, elementwise; NaN below zero, minus infinity at zero."""

    def log10(self) -> Tensor:
        """Logarithm to base 10, elementwise."""

    def log10_(self) -> Tensor:
        """Logarithm to base 10, elementwise."""

    def log1p(self) -> Tensor:
        """``log(1 + input)`` without cancellation near zero."""

    def log1p_(self) -> Tensor:
        """``log(1 + input)`` without cancellation near zero."""

    def log2(self) -> Tensor:
        """Logarithm to base 2, elementwise."""

    def log2_(self) -> Tensor:
        """Logarithm to base 2, elementwise."""

    def log_(self) -> Tensor:
        """Natural logarithm, elementwise; NaN below zero, minus infinity at zero."""

    def log_normal_(self, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        """Fill the tensor with exponentials of normal numbers of the given mean and standard deviation; returns it."""

    def log_softmax(
        self,
        dim: builtins.int | None = None,
        dtype: Any = None,
        *,
        _stacklevel: builtins.int = 3,
    ) -> Tensor:
        """Logarithm of `softmax`, computed without its under- and overflow."""

    def logaddexp(self, other: Any) -> Tensor:
        """``log(exp(input) + exp(other))`` without overflow."""

    def logaddexp2(self, other: Any) -> Tensor:
        """``log2(2 ** input + 2 ** other)`` without overflow."""

    def logcumsumexp(self, dim: builtins.int) -> Tensor:
        """``log(sum(exp(...)))`` of all elements up to each one along `dim`."""

    def logdet(self) -> Tensor:
        """Logarithm of determinants; NaN where one is negative, minus infinity where it is zero."""

    def logical_and(self, other: Any) -> Tensor:
        """Whether both elements are nonzero, with broadcasting; a bool tensor."""

    def logical_and_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def logical_not(self) -> Tensor:
        """Whether each element is zero; a bool tensor."""

    def logical_not_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def logical_or(self, other: Any) -> Tensor:
        """Whether at least one of the elements is nonzero, with broadcasting; a bool tensor."""

    def logical_or_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def logical_xor(self, other: Any) -> Tensor:
        """Whether exactly one of the elements is nonzero, with broadcasting; a bool tensor."""

    def logical_xor_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def logit(self, eps: Any = None) -> Tensor: ...
    def logit_(self, eps: Any = None) -> Tensor: ...
    def logsumexp(self, dim: Any, keepdim: builtins.bool = False) -> Tensor:
        """``log(sum(exp(input)))`` over the dimension(s) `dim`, computed so that nothing overflows."""

    def long(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.int64; the tensor itself if they are already."""

    def lt(self, other: Any) -> Tensor:
        """Whether ``input < other``, elementwise with broadcasting; a bool tensor."""

    def lt_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    @property
    def mH(self) -> Tensor: ...
    @property
    def mT(self) -> Tensor: ...
    def map_(self, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor: ...
    def masked_fill(self, mask: Tensor, value: Any) -> Tensor: ...
    def masked_fill_(self, mask: Tensor, value: Any) -> Tensor:
        """Write `value` where `mask` holds, in place."""

    def masked_scatter(self, mask: Any, source: Any) -> Tensor: ...
    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Tensor: ...
    def masked_select(self, mask: Any, *, out: Any = None) -> Tensor:
        """Vector of the elements where `mask`, broadcast together with `input`, holds."""

    def matmul(self, other: Any) -> Tensor:
        """Matrix product: of vectors, matrices and stacks of matrices, as ``input @ other``."""

    def matrix_exp(self) -> Tensor:
        """Exponentials ``sum A ** k / k!`` of square matrices."""

    def matrix_power(self, n: builtins.int) -> Tensor:
        """Product of `n` copies of square matrices; of the inverses for a negative `n`."""

    def max(self, *args: Any, **kwargs: Any) -> Any:
        """The maximum of all elements, along a dimension, or of two tensors elementwise."""

    def maximum(self, other: Any) -> Tensor: ...
    def mean(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None) -> Tensor:
        """Mean over the dimension(s) `dim`, or over all of them; NaN over no elements."""

    def median(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, out: Any = None) -> Any: ...
    def min(self, *args: Any, **kwargs: Any) -> Any:
        """The minimum of all elements, along a dimension, or of two tensors elementwise."""

    def minimum(self, other: Any) -> Tensor: ...
    def mm(self, mat2: Any) -> Tensor:
        """Product of two matrices ``(n, k)`` and ``(k, m)``."""

    def mode(self, dim: builtins.int = -1, keepdim: builtins.bool = False) -> Any:
        """The most frequent value along `dim` (of several the smallest): a named tuple ``(values, indices)``."""

    def moveaxis(self, source: Any, destination: Any) -> Tensor:
        """View with the dimensions `source` moved to the places `destination`; the others keep their order."""

    def movedim(self, source: Any, destination: Any) -> Tensor:
        """View with the dimensions `source` moved to the places `destination`; the others keep their order."""

    def msort(self) -> Tensor:
        """Elements sorted along the first dimension."""

    def mul(self, other: Any) -> Tensor:
        """Product ``input * other``, elementwise with broadcasting."""

    def mul_(self, other: Any) -> Tensor:
        """Product ``input * other``, elementwise with broadcasting."""

    def multinomial(
        self,
        num_samples: builtins.int,
        replacement: builtins.bool = False,
        *,
        generator: Any = None,
        out: Any = None,
    ) -> Tensor: ...
    def multiply(self, other: Any) -> Tensor:
        """Product ``input * other``, elementwise with broadcasting."""

    def multiply_(self, other: Any) -> Tensor:
        """Product ``input * other``, elementwise with broadcasting."""

    def mv(self, vec: Any) -> Tensor:
        """Product of a matrix ``(n, m)`` and a vector ``(m,)``."""

    def mvlgamma(self, p: builtins.int) -> Tensor: ...
    def mvlgamma_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    @property
    def names(self) -> Any: ...
    def nan_to_num(self, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Tensor:
        """NaN replaced by `nan` (0), infinities by `posinf` and `neginf` (the largest and smallest finite numbers)."""

    def nan_to_num_(self, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Tensor:
        """NaN replaced by `nan` (0), infinities by `posinf` and `neginf` (the largest and smallest finite numbers)."""

    def nanmean(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None) -> Tensor:
        """Mean over the elements that are not NaN."""

    def nanmedian(self, dim: builtins.int | None = None, keepdim: builtins.bool = False, *, out: Any = None) -> Any:
        """Median of the elements that are not NaN: of all, or along `dim` as a named tuple ``(values, indices)``."""

    def nanquantile(
        self,
        q: Any,
        dim: builtins.int | None = None,
        keepdim: builtins.bool = False,
        *,
        interpolation: builtins.str = "linear",
    ) -> Tensor:
        """The `q`-th quantiles of the elements that are not NaN."""

    def nansum(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None) -> Tensor:
        """Sum over the elements that are not NaN."""

    def narrow(self, dim: builtins.int, start: Any, length: builtins.int) -> Tensor:
        """View of `length` elements from `start` on along `dim`."""

    def narrow_copy(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same as `narrow`, but always a copy with its own memory."""

    @property
    def nbytes(self) -> Any: ...
    def ndimension(self) -> Any: ...
    def ne(self, other: Any) -> Tensor:
        """Whether ``input != other``, elementwise with broadcasting; a bool tensor."""

    def ne_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def neg(self) -> Tensor:
        """Negative of each element."""

    def neg_(self) -> Tensor:
        """Negative of each element."""

    def negative(self) -> Tensor:
        """Negative of each element."""

    def negative_(self) -> Tensor:
        """Negative of each element."""

    def nelement(self) -> builtins.int:
        """Number of elements."""

    def new(self, *data: Any, device: Any = None) -> Tensor:
        """A tensor of this one's dtype by the rules of the old constructors: of a shape, or of data."""

    def new_empty(self, *args: Any, dtype: Any = None, device: Any = None, **kwargs: Any) -> Tensor:
        """empty() with the dtype and device of this tensor, unless others are given."""

    def new_empty_strided(self, *args: Any, dtype: Any = None, device: Any = None, **kwargs: Any) -> Tensor:
        """empty_strided() with the dtype and device of this tensor, unless others are given."""

    def new_full(self, *args: Any, dtype: Any = None, device: Any = None, **kwargs: Any) -> Tensor:
        """full() with the dtype and device of this tensor, unless others are given."""

    def new_ones(self, *args: Any, dtype: Any = None, device: Any = None, **kwargs: Any) -> Tensor:
        """ones() with the dtype and device of this tensor, unless others are given."""

    def new_tensor(
        self,
        data: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: builtins.bool = False,
        **_: Any,
    ) -> Tensor:
        """A new tensor with a copy of `data`, of this tensor's dtype and device unless others are given."""

    def new_zeros(self, *args: Any, dtype: Any = None, device: Any = None, **kwargs: Any) -> Tensor:
        """zeros() with the dtype and device of this tensor, unless others are given."""

    def nextafter(self, other: Any) -> Tensor:
        """Next representable number after `input` towards `other`."""

    def nextafter_(self, other: Any) -> Tensor:
        """Next representable number after `input` towards `other`."""

    def nonzero(self, *, as_tuple: builtins.bool = False) -> Tensor: ...
    def norm(self, p: Any = "fro", dim: Any = None, keepdim: builtins.bool = False, dtype: Any = None) -> Tensor:
        """Norm of a tensor taken as a vector, over `dim` or all of it: ``(sum |x| ** p) ** (1 / p)``."""

    def normal_(self, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        """Fill the tensor with normal numbers of the given mean and standard deviation; returns it."""

    def not_equal(self, other: Any) -> Tensor:
        """Whether ``input != other``, elementwise with broadcasting; a bool tensor."""

    def not_equal_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def numel(self) -> builtins.int:
        """Number of elements."""

    def outer(self, vec2: Any) -> Tensor:
        """Matrix of all products of an element of one vector with one of the other."""

    def permute(self, *order: Any, dims: Any = None) -> Tensor:
        """View with the dimensions in the order `dims`, given as ``permute(1, 0)`` or ``permute((1, 0))``."""

    def pin_memory(self, device: Any = None) -> Tensor: ...
    def pinverse(self, rcond: builtins.float = 1e-15) -> Tensor:
        """Pseudo-inverse; see ``linalg.pinv``."""

    def polygamma(self, n: builtins.int) -> Any:
        """Derivative of order `n` of the digamma function, elementwise."""

    def polygamma_(self, n: builtins.int) -> Tensor:
        """The same in place."""

    def positive(self) -> Tensor:
        """`input` itself, as ``+input``. Bools have no sign."""

    def pow(self, exponent: Any) -> Tensor:
        """``input ** exponent``, elementwise with broadcasting; either may be a number."""

    def pow_(self, exponent: Any) -> Tensor:
        """``input ** exponent``, elementwise with broadcasting; either may be a number."""

    def prelu(self, weight: Any) -> Tensor:
        """Leaky rectifier whose slope below zero is learned."""

    def prod(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None) -> Tensor:
        """Product over dimension `dim`, or over all; integers and bools are multiplied as int64."""

    def put(self, index: Any, source: Any, accumulate: builtins.bool = False) -> Tensor:
        """Copy of `input` with `source` written (or added) at positions `index` of its flattened form."""

    def put_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def qr(self, some: builtins.bool = True) -> Any:
        """QR factorisation; see ``linalg.qr``."""

    def quantile(
        self,
        q: Any,
        dim: builtins.int | None = None,
        keepdim: builtins.bool = False,
        *,
        interpolation: builtins.str = "linear",
    ) -> Tensor:
        """The `q`-th quantiles (between 0 and 1) along `dim`, or of all elements; NaN where there is a NaN."""

    def rad2deg(self) -> Tensor:
        """Radians as degrees."""

    def rad2deg_(self) -> Tensor:
        """Radians as degrees."""

    def random_(self, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        """Fill the tensor with random integers in [from, to), by default over the dtype's range; returns it."""

    def ravel(self) -> Tensor:
        """All elements in one dimension, contiguous: a view where they are that already."""

    @property
    def real(self) -> Any: ...
    def reciprocal(self) -> Tensor:
        """``1 / input``, elementwise."""

    def reciprocal_(self) -> Tensor:
        """``1 / input``, elementwise."""

    def relu(self, inplace: Any = False) -> Tensor:
        """Rectified linear unit ``max(input, 0)``, elementwise; its derivative at zero is zero."""

    def relu_(self) -> Tensor:
        """Rectified linear unit ``max(input, 0)``, elementwise; its derivative at zero is zero."""

    def remainder(self, other: Any) -> Tensor:
        """Remainder of the division rounded down, with the sign of `other`, as Python's ``%``."""

    def remainder_(self, other: Any) -> Tensor:
        """Remainder of the division rounded down, with the sign of `other`, as Python's ``%``."""

    def renorm(self, p: Any, dim: builtins.int, maxnorm: builtins.float) -> Tensor:
        """Copy in which each slice along `dim` whose `p`-norm exceeds `maxnorm` is scaled down to it."""

    def renorm_(self, p: Any, dim: builtins.int, maxnorm: builtins.float) -> Tensor: ...
    def repeat(self, *times: Any, repeats: Any = None) -> Tensor:
        """Copy with each dimension repeated so many times; more numbers than dimensions add leading ones."""

    def repeat_interleave(
        self,
        repeats: Any = None,
        dim: builtins.int | None = None,
        *,
        output_size: builtins.int | None = None,
    ) -> Tensor:
        """Copy with each element (or slice along `dim`) repeated in place, all equally often or as a vector says."""

    def reshape(self, *sizes: Any, shape: Any = None) -> Tensor:
        """The elements in another shape, given as ``reshape(2, 3)`` or ``reshape((2, 3))``; one size may be -1."""

    def reshape_as(self, other: Tensor) -> Tensor:
        """The elements in the shape of `other`."""

    def resize(self, *sizes: Any) -> Tensor:
        """The elements in another shape of as many elements (PyTorch's deprecated name of ``reshape``)."""

    def resize_(self, *sizes: Any, memory_format: Any = None) -> Tensor:
        """Give this tensor another shape; what the memory held stays, new elements are not initialised."""

    def resize_as_(self, other: Tensor, memory_format: Any = None) -> Tensor:
        """Give this tensor the shape of `other`."""

    def resolve_conj(self) -> Any: ...
    def resolve_neg(self) -> Any: ...
    def roll(self, shifts: Any, dims: Any = None) -> Tensor: ...
    def rot90(self, k: builtins.int = 1, dims: Any = ...) -> Tensor:
        """Copy turned `k` times by 90 degrees in the plane of two dimensions, from the first towards the second."""

    def round(self, decimals: Any = 0) -> Tensor:
        """Nearest integer (a half goes to the even one), or nearest number with `decimals` digits after the point."""

    def round_(self, decimals: Any = 0) -> Tensor:
        """Nearest integer (a half goes to the even one), or nearest number with `decimals` digits after the point."""

    def rsqrt(self) -> Tensor:
        """Reciprocal of the square root, elementwise; NaN below zero, infinity at zero."""

    def rsqrt_(self) -> Tensor:
        """Reciprocal of the square root, elementwise; NaN below zero, infinity at zero."""

    def rsub(self, other: Any, *, alpha: Any = 1) -> Tensor:
        """Difference ``other - alpha * input``, elementwise with broadcasting."""

    def scatter(
        self,
        dim: builtins.int,
        index: Any,
        src: Any = None,
        *,
        value: Any = None,
        reduce: builtins.str | None = None,
    ) -> Tensor: ...
    def scatter_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def scatter_add(self, dim: builtins.int, index: Any, src: Any) -> Tensor: ...
    def scatter_add_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def scatter_reduce(
        self,
        dim: builtins.int,
        index: Any,
        src: Any,
        reduce: builtins.str,
        *,
        include_self: builtins.bool = True,
    ) -> Tensor:
        """Copy of `input` with all elements of `src` that `index` sends to one place reduced there."""

    def scatter_reduce_(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same in place: the result is written into this tensor, which is returned."""

    def select(self, dim: builtins.int, index: builtins.int) -> Tensor:
        """View of the slice at `index` along `dim`, without that dimension."""

    def select_scatter(self, src: Any, dim: builtins.int, index: builtins.int) -> Tensor:
        """Copy of `input` with the slice at `index` along `dim` replaced by `src`."""

    def set_(self, source: Tensor) -> Tensor:
        """Make the tensor lie in the memory of `source`, with its shape; changes of the one are seen in the other."""

    def sgn(self) -> Tensor:
        """-1, 0 or 1 with the sign of each element; 0 for NaN."""

    def sgn_(self) -> Tensor:
        """-1, 0 or 1 with the sign of each element; 0 for NaN."""

    def share_memory_(self) -> Tensor:
        """The tensor itself: threads share its memory as it is."""

    def short(self, memory_format: Any = ...) -> Tensor:
        """The values as torch.int16; the tensor itself if they are already."""

    def sigmoid(self) -> Tensor: ...
    def sigmoid_(self) -> Tensor: ...
    def sign(self) -> Tensor:
        """-1, 0 or 1 with the sign of each element; 0 for NaN."""

    def sign_(self) -> Tensor:
        """-1, 0 or 1 with the sign of each element; 0 for NaN."""

    def signbit(self) -> Tensor:
        """Whether each element's sign bit is set: negative numbers and minus zero."""

    def sin(self) -> Tensor:
        """Sine, elementwise."""

    def sin_(self) -> Tensor:
        """Sine, elementwise."""

    def sinc(self) -> Tensor:
        """``sin(pi input) / (pi input)``, elementwise; 1 at zero."""

    def sinc_(self) -> Tensor:
        """``sin(pi input) / (pi input)``, elementwise; 1 at zero."""

    def sinh(self) -> Tensor:
        """Hyperbolic sine, elementwise."""

    def sinh_(self) -> Tensor:
        """Hyperbolic sine, elementwise."""

    def size(self, dim: builtins.int | None = None) -> Any:
        """Size of every dimension, or of the dimension `dim`."""

    def slice_scatter(
        self,
        src: Any,
        dim: builtins.int = 0,
        start: builtins.int | None = None,
        end: builtins.int | None = None,
        step: builtins.int = 1,
    ) -> Tensor:
        """Copy of `input` with the elements `start` to `end` along `dim` replaced by `src`."""

    def slogdet(self) -> Any:
        """Sign and logarithm of the magnitude of determinants: a named tuple ``(sign, logabsdet)``."""

    def softmax(self, dim: builtins.int | None = None, dtype: Any = None, *, _stacklevel: builtins.int = 3) -> Tensor:
        """``exp(input) / sum(exp(input))``, the sum along `dim`: positive numbers that sum to 1 along it."""

    def sort(self, dim: builtins.int = -1, descending: builtins.bool = False, *, stable: builtins.bool = True) -> Any:
        """Elements sorted along `dim`: a named tuple ``(values, indices)``."""

    def split(
        self,
        split_size_or_sections: Any = None,
        dim: builtins.int = 0,
        *,
        split_size: Any = None,
    ) -> builtins.tuple[Tensor, ...]:
        """Views of consecutive parts along `dim`: of one size (the last may be smaller), or of the sizes of a list."""

    def split_with_sizes(self, split_sizes: Any, dim: builtins.int = 0) -> builtins.tuple[Tensor, ...]:
        """Views of consecutive parts of the given sizes along `dim`."""

    def sqrt(self) -> Tensor:
        """Square root, elementwise; NaN below zero."""

    def sqrt_(self) -> Tensor:
        """Square root, elementwise; NaN below zero."""

    def square(self) -> Tensor:
        """Square of each element."""

    def square_(self) -> Tensor:
        """Square of each element."""

    def squeeze(self, dim: Any = None) -> Tensor: ...
    def squeeze_(self, *args: Any, **kwargs: Any) -> Tensor:
        """`squeeze` of this tensor itself."""

    def std(
        self,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: builtins.bool = False,
        *,
        correction: Any = None,
    ) -> Tensor:
        """Standard deviation over the dimension(s) `dim`, or over all: the square root of `var`."""

    def storage(self) -> Any:
        """The memory that the tensor lies in, as elements of its dtype; views share it. It is to be looked at only."""

    def storage_offset(self) -> builtins.int:
        """Distance in elements of the first element from the start of the memory that the tensor lies in."""

    def stride(self, dim: builtins.int | None = None) -> Any:
        """Distance in elements between neighbours along every dimension, or along `dim`."""

    def sub(self, other: Any) -> Tensor:
        """Difference ``input - alpha * other``, elementwise with broadcasting."""

    def sub_(self, other: Any, *, alpha: Any = 1) -> Tensor: ...
    def subtract(self, other: Any) -> Tensor:
        """Difference ``input - alpha * other``, elementwise with broadcasting."""

    def subtract_(self, other: Any, *, alpha: Any = 1) -> Tensor: ...
    def sum(self, dim: Any = None, keepdim: builtins.bool = False, *, dtype: Any = None) -> Tensor:
        """Sum over the dimension(s) `dim`, or over all of them; integers and bools are summed as int64."""

    def sum_to_size(self, *size: Any) -> Tensor:
        """Sum over the dimensions along which a tensor of shape `size` would be stretched to the shape of `input`."""

    def svd(self, some: builtins.bool = True, compute_uv: builtins.bool = True) -> Any:
        """Singular value decomposition ``input = U @ diag(S) @ V.T``: a named tuple ``(U, S, V)``."""

    def swapaxes(self, dim0: Any, dim1: Any) -> Tensor:
        """View with two dimensions exchanged."""

    def swapaxes_(self, *args: Any, **kwargs: Any) -> Tensor:
        """`swapaxes` of this tensor itself."""

    def swapdims(self, dim0: Any, dim1: Any) -> Tensor:
        """View with two dimensions exchanged."""

    def swapdims_(self, *args: Any, **kwargs: Any) -> Tensor:
        """`swapdims` of this tensor itself."""

    def t(self) -> Tensor:
        """Transpose of a matrix; of vectors and scalars a view of the same shape."""

    def t_(self, *args: Any, **kwargs: Any) -> Tensor:
        """`t` of this tensor itself."""

    def take(self, index: Any, *, out: Any = None) -> Tensor:
        """Elements at positions `index` of the flattened `input`, in the shape of `index`."""

    def take_along_dim(self, indices: Any, dim: builtins.int | None = None) -> Tensor:
        """Elements at `indices` along `dim`, both broadcast elsewhere; without `dim`, of the flattened input."""

    def tan(self) -> Tensor:
        """Tangent, elementwise."""

    def tan_(self) -> Tensor:
        """Tangent, elementwise."""

    def tanh(self) -> Tensor:
        """Hyperbolic tangent, elementwise."""

    def tanh_(self) -> Tensor:
        """Hyperbolic tangent, elementwise."""

    def tensor_split(
        self,
        indices_or_sections: Any = None,
        dim: builtins.int = 0,
        *,
        indices: Any = None,
        sections: Any = None,
    ) -> builtins.tuple[Tensor, ...]: ...
    def tile(self, *times: Any, dims: Any = None) -> Tensor: ...
    def to(self, *args: Any, **kwargs: Any) -> Tensor: ...
    def topk(
        self,
        k: builtins.int,
        dim: builtins.int = -1,
        largest: builtins.bool = True,
        sorted: builtins.bool = True,
    ) -> Any:
        """The `k` largest (or smallest) elements along `dim`, in order: a named tuple ``(values, indices)``."""

    def trace(self) -> Tensor:
        """Sum of the diagonal of a matrix."""

    def transpose(self, dim0: Any, dim1: Any) -> Tensor:
        """View with two dimensions exchanged."""

    def transpose_(self, *args: Any, **kwargs: Any) -> Tensor:
        """`transpose` of this tensor itself."""

    def triangular_solve(
        self,
        A: Any,
        upper: builtins.bool = True,
        transpose: builtins.bool = False,
        unitriangular: builtins.bool = False,
    ) -> Any:
        """Solution X of ``A @ X = b`` for triangular A: a named tuple ``(solution, cloned_coefficient)``."""

    def tril(self, diagonal: Any = 0) -> Tensor:
        """Copy of the matrices with only the elements on and below diagonal number `diagonal`, zeros elsewhere."""

    def tril_(self, diagonal: Any = 0) -> Tensor:
        """Copy of the matrices with only the elements on and below diagonal number `diagonal`, zeros elsewhere."""

    def triu(self, diagonal: Any = 0) -> Tensor:
        """Copy of the matrices with only the elements on and above diagonal number `diagonal`, zeros elsewhere."""

    def triu_(self, diagonal: Any = 0) -> Tensor:
        """Copy of the matrices with only the elements on and above diagonal number `diagonal`, zeros elsewhere."""

    def true_divide(self, other: Any) -> Tensor:
        """Quotient ``input / other`` in floating point, elementwise with broadcasting."""

    def true_divide_(self, other: Any) -> Tensor:
        """Quotient ``input / other`` in floating point, elementwise with broadcasting."""

    def trunc(self) -> Tensor:
        """Each element without its fraction; the dtype stays."""

    def trunc_(self) -> Tensor:
        """Each element without its fraction; the dtype stays."""

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Any: ...
    def type_as(self, other: Tensor) -> Tensor:
        """The values in the dtype and on the device of `other`."""

    def unbind(self, dim: Any = 0) -> builtins.tuple[Tensor, ...]:
        """Views of all slices along `dim`, as a tuple."""

    def unflatten(self, dim: builtins.int, sizes: Any) -> Tensor:
        """Dimension `dim` split into dimensions of `sizes`, of which one may be -1."""

    def unfold(self, dimension: Any, size: Any, step: Any) -> Tensor:
        """View of all windows of `size` elements along `dimension`, `step` apart, as a new last dimension."""

    def uniform_(self, *args: Any, generator: Any = None, **kwargs: Any) -> Tensor:
        """Fill the tensor with uniform numbers in [from, to), by default [0, 1); returns it."""

    def unique(
        self,
        sorted: builtins.bool = True,
        return_inverse: builtins.bool = False,
        return_counts: builtins.bool = False,
        dim: builtins.int | None = None,
    ) -> Any:
        """The distinct elements, or distinct slices along `dim`, in ascending order."""

    def unique_consecutive(
        self,
        return_inverse: builtins.bool = False,
        return_counts: builtins.bool = False,
        dim: builtins.int | None = None,
    ) -> Any:
        """The elements, or slices along `dim`, without those equal to the one before."""

    def unsafe_chunk(self, chunks: builtins.int, dim: builtins.int = 0) -> builtins.tuple[Tensor, ...]:
        """At most `chunks` views of consecutive parts along `dim`, of one size except the last."""

    def unsafe_split(
        self,
        split_size_or_sections: Any = None,
        dim: builtins.int = 0,
        *,
        split_size: Any = None,
    ) -> builtins.tuple[Tensor, ...]:
        """Views of consecutive parts along `dim`: of one size (the last may be smaller), or of the sizes of a list."""

    def unsqueeze(self, dim: Any) -> Tensor:
        """View with a new dimension of size 1 at `dim`."""

    def unsqueeze_(self, *args: Any, **kwargs: Any) -> Tensor:
        """`unsqueeze` of this tensor itself."""

    def untyped_storage(self) -> Any:
        """The memory that the tensor lies in, as bytes; views share it. It is to be looked at only."""

    def var(
        self,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: builtins.bool = False,
        *,
        correction: Any = None,
    ) -> Tensor: ...
    def vdot(self, other: Any) -> Tensor:
        """Sum of the products of the elements of two vectors of one size."""

    def view(self, *shape: Any, dtype: Any = None, size: Any = None) -> Tensor: ...
    def view_as(self, other: Tensor) -> Tensor:
        """View in the shape of `other`."""

    def vsplit(self, indices_or_sections: Any) -> builtins.tuple[Tensor, ...]:
        """Views of consecutive parts along dimension 0: so many of one size, or cut before each index."""

    def where(self, condition: Tensor, other: Any) -> Any:
        """Elements of this tensor where `condition` holds, of `other` elsewhere."""

    def xlogy(self, other: Any) -> Tensor:
        """``input * log(other)``, and 0 where `input` is 0 (unless `other` is NaN)."""

    def xlogy_(self, other: Any) -> Tensor:
        """``input * log(other)``, and 0 where `input` is 0 (unless `other` is NaN)."""

    def zero_(self) -> Tensor:
        """Set every element to zero in place."""
