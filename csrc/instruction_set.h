// Which table of inner loops runs: the best that the processor has, or one asked for by name.
#pragma once

#include <string>
#include <vector>

#include "fused.h"
#include "kernels.h"

namespace i2dl {

const Kernels& kernels();
int instruction_level();  // 0 for the baseline, 1 for AVX2, 2 for AVX-512: of the table that `kernels` gives
std::vector<std::string> instruction_sets();        // those this processor can run, best last
void set_instruction_set(const std::string& name);  // "auto" for the best; throws std::invalid_argument

// The one of a family's tables that belongs to the instruction set in use: I2DL_CHOOSE(kName) of kNameBaseline,
// kNameAvx2 and kNameAvx512.
template <typename Table>
const Table& choose(const Table& baseline, const Table& avx2, const Table& avx512) {
    const int level = kernels().level;
    return level == 0 ? baseline : level == 1 ? avx2 : avx512;
}
#if defined(I2DL_HAVE_X86_VARIANTS)
#define I2DL_CHOOSE(NAME) choose(NAME##Baseline, NAME##Avx2, NAME##Avx512)
#else
#define I2DL_CHOOSE(NAME) (NAME##Baseline)
#endif

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

template <typename T>
const FusedTable<T>& fused_table();
template <>
const FusedTable<float>& fused_table<float>();
template <>
const FusedTable<double>& fused_table<double>();

}  // namespace i2dl
