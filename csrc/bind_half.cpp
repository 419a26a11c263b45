// Arrays of halves, seen as integers of 16 bits, to float32 and back.
#include "binding.h"
#include "half.h"

namespace i2dl {
namespace {

Half kind_of(bool brain) { return brain ? Half::kBfloat16 : Half::kFloat16; }

py::array_t<float> widened(const Input<uint16_t>& array, bool brain) {
    auto result = empty<float>(sizes_of(array));
    const int64_t count = result.size();
    const uint16_t* from = array.data();
    float* to = result.mutable_data();
    const Unlocked unlocked;
    widen(kind_of(brain), count, from, to);
    return result;
}

py::array_t<uint16_t> narrowed(const Input<float>& array, bool brain) {
    auto result = empty<uint16_t>(sizes_of(array));
    const int64_t count = result.size();
    const float* from = array.data();
    uint16_t* to = result.mutable_data();
    const Unlocked unlocked;
    narrow(kind_of(brain), count, from, to);
    return result;
}

}  // namespace

void bind_half(py::module_& module) {
    module.def("widen", &widened, py::arg("array"), py::arg("brain"));
    module.def("narrow", &narrowed, py::arg("array"), py::arg("brain"));
}

}  // namespace i2dl
