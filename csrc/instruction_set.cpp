#include "instruction_set.h"

#include <atomic>
#include <stdexcept>

namespace i2dl {
namespace {

std::vector<const Kernels*> available() {
    std::vector<const Kernels*> tables = {&kBaselineKernels};
#if defined(I2DL_HAVE_X86_VARIANTS)
    __builtin_cpu_init();
    // Each level's features one by one: `__builtin_cpu_supports("x86-64-v3")` is too new for some compilers.
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2")) {
        tables.push_back(&kAvx2Kernels);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl")) {
            tables.push_back(&kAvx512Kernels);
        }
    }
#endif
    return tables;
}

std::atomic<const Kernels*> chosen{nullptr};

}  // namespace

const Kernels& kernels() {
    const Kernels* table = chosen.load(std::memory_order_acquire);
    if (!table) {
        table = available().back();
        chosen.store(table, std::memory_order_release);
    }
    return *table;
}

int instruction_level() {
#if defined(I2DL_HAVE_X86_VARIANTS)
    const Kernels* table = &kernels();
    if (table == &kAvx512Kernels) return 2;
    if (table == &kAvx2Kernels) return 1;
#endif
    return 0;
}

namespace {

const FusedKernels& fused_kernels() {
#if defined(I2DL_HAVE_X86_VARIANTS)
    static constexpr const FusedKernels* kTables[] = {&kBaselineFused, &kAvx2Fused, &kAvx512Fused};
    return *kTables[instruction_level()];
#else
    return kBaselineFused;
#endif
}

}  // namespace

template <>
const FusedTable<float>& fused_table<float>() {
    return fused_kernels().single;
}
template <>
const FusedTable<double>& fused_table<double>() {
    return fused_kernels().twice;
}

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (const Kernels* table : available()) names.push_back(table->name);
    return names;
}

void set_instruction_set(const std::string& name) {
    const auto tables = available();
    if (name == "auto") {
        chosen.store(tables.back());
        return;
    }
    std::string known;
    for (const Kernels* table : tables) {
        if (name == table->name) {
            chosen.store(table);
            return;
        }
        known += std::string(known.empty() ? "" : ", ") + table->name;
    }
    throw std::invalid_argument("this processor runs the instruction sets " + known + "; \"" + name +
                                "\" is not one of them");
}

}  // namespace i2dl
