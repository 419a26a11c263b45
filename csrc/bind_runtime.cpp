// Threads and instruction sets.
#include "binding.h"
#include "instruction_set.h"
#include "thread_pool.h"

namespace i2dl {

void bind_runtime(py::module_& module) {
    module.def("get_num_threads", &get_num_threads);
    module.def("set_num_threads", &set_num_threads, py::arg("count"));
    module.def("least_work", &least_work);
    module.def("set_least_work", &set_least_work, py::arg("nanoseconds"));
    module.def("instruction_set", [] { return std::string(kernels().name); });
    module.def("instruction_sets", &instruction_sets);
    module.def("set_instruction_set", &set_instruction_set, py::arg("name"));
}

}  // namespace i2dl
