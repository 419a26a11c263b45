"""The in-place methods that are also functions: ``torch.exp_(x)`` is ``x.exp_()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensors import Tensor

# fmt: off
__all__ = [
    "abs_", "acos_", "acosh_", "addmv_", "arccos_", "arccosh_", "arcsin_", "arcsinh_", "arctan_", "arctanh_",
    "as_strided_", "asin_", "asinh_", "atan_", "atanh_", "ceil_", "clamp_", "clamp_max_", "clamp_min_", "clip_",
    "conj_physical_", "cos_", "cosh_", "deg2rad_", "detach_", "erf_", "erfc_", "exp2_", "exp_", "expm1_", "fill_",
    "fix_", "floor_", "frac_", "gcd_", "lcm_", "ldexp_", "log10_", "log1p_", "log2_", "log_", "logit_", "nan_to_num_",
    "neg_", "negative_", "rad2deg_", "reciprocal_", "round_", "rsqrt_", "sin_", "sinc_", "sinh_", "sqrt_", "square_",
    "tan_", "tanh_", "trunc_", "xlogy_",
]
# fmt: on


def _function_of(name: str) -> Callable[..., Tensor]:
    """The function that calls the in-place method `name` of its first argument."""

    def call(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}() changes a Tensor in place, got {type(input).__name__}")
        result: Tensor = getattr(input, name)(*args, **kwargs)
        return result

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"In place: the method ``Tensor.{name}`` as a function."
    return call


abs_ = _function_of("abs_")
acos_ = _function_of("acos_")
acosh_ = _function_of("acosh_")
addmv_ = _function_of("addmv_")
arccos_ = _function_of("arccos_")
arccosh_ = _function_of("arccosh_")
arcsin_ = _function_of("arcsin_")
arcsinh_ = _function_of("arcsinh_")
arctan_ = _function_of("arctan_")
arctanh_ = _function_of("arctanh_")
as_strided_ = _function_of("as_strided_")
asin_ = _function_of("asin_")
asinh_ = _function_of("asinh_")
atan_ = _function_of("atan_")
atanh_ = _function_of("atanh_")
ceil_ = _function_of("ceil_")
clamp_ = _function_of("clamp_")
clamp_max_ = _function_of("clamp_max_")
clamp_min_ = _function_of("clamp_min_")
clip_ = _function_of("clip_")
conj_physical_ = _function_of("conj_physical_")
cos_ = _function_of("cos_")
cosh_ = _function_of("cosh_")
deg2rad_ = _function_of("deg2rad_")
detach_ = _function_of("detach_")
erf_ = _function_of("erf_")
erfc_ = _function_of("erfc_")
exp2_ = _function_of("exp2_")
exp_ = _function_of("exp_")
expm1_ = _function_of("expm1_")
fill_ = _function_of("fill_")
fix_ = _function_of("fix_")
floor_ = _function_of("floor_")
frac_ = _function_of("frac_")
gcd_ = _function_of("gcd_")
lcm_ = _function_of("lcm_")
ldexp_ = _function_of("ldexp_")
log10_ = _function_of("log10_")
log1p_ = _function_of("log1p_")
log2_ = _function_of("log2_")
log_ = _function_of("log_")
logit_ = _function_of("logit_")
nan_to_num_ = _function_of("nan_to_num_")
neg_ = _function_of("neg_")
negative_ = _function_of("negative_")
rad2deg_ = _function_of("rad2deg_")
reciprocal_ = _function_of("reciprocal_")
round_ = _function_of("round_")
rsqrt_ = _function_of("rsqrt_")
sin_ = _function_of("sin_")
sinc_ = _function_of("sinc_")
sinh_ = _function_of("sinh_")
sqrt_ = _function_of("sqrt_")
square_ = _function_of("square_")
tan_ = _function_of("tan_")
tanh_ = _function_of("tanh_")
trunc_ = _function_of("trunc_")
xlogy_ = _function_of("xlogy_")
