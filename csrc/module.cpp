#include "binding.h"

PYBIND11_MODULE(_native, module) {
    module.doc() = "Kernels for NumPy arrays in C++; see tinygrad_i2dl.backends.native.";
    i2dl::bind_runtime(module);
    i2dl::bind_allocator(module);
    i2dl::bind_convolution(module);
    i2dl::bind_pooling(module);
    i2dl::bind_chain(module);
    i2dl::bind_graph(module);
    i2dl::bind_half(module);
    i2dl::bind_elementwise(module);
    i2dl::bind_optimization(module);
    i2dl::bind_activation(module);
    i2dl::bind_operation(module);
    i2dl::bind_linear(module);
    i2dl::bind_rows(module);
    i2dl::bind_recurrent(module);
}
