// Which table of inner loops runs: the best that the processor has, or one asked for by name.
#pragma once

#include <string>
#include <vector>

#include "kernels.h"

namespace i2dl {

const Kernels& kernels();
std::vector<std::string> instruction_sets();        // those this processor can run, best last
void set_instruction_set(const std::string& name);  // "auto" for the best; throws std::invalid_argument

template <typename T>
const KernelTable<T>& kernel_table();
template <>
inline const KernelTable<float>& kernel_table<float>() {
    return kernels().single;
}
template <>
inline const KernelTable<double>& kernel_table<double>() {
    return kernels().twice;
}

}  // namespace i2dl
