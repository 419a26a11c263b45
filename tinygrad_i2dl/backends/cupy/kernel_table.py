"""Which operations our CUDA kernels serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import convolution, embedding, normalization, optimization, pooling, softmax

KERNELS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        convolution.conv,
        convolution.conv_input_gradient,
        convolution.conv_weight_gradient,
        convolution.im2col,
        convolution.col2im,
        pooling.max_pool,
        pooling.max_pool_backward,
        pooling.avg_pool,
        pooling.avg_pool_backward,
        softmax.softmax_along,
        softmax.softmax_backward,
        softmax.log_softmax_along,
        softmax.log_softmax_backward,
        softmax.cross_entropy_of_indices,
        softmax.cross_entropy_backward,
        normalization.normalize_rows,
        normalization.normalize_rows_backward,
        normalization.normalize_channels,
        normalization.normalize_channels_backward,
        embedding.add_rows,
        embedding.philox_words,
        optimization.sgd_step,
        optimization.adam_step,
        optimization.scale_arrays,
    )
}
