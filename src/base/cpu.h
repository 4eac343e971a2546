// What this process may use of the machine.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace sheepop {

enum class Isa {
  kReference,  // plain C++, the oracle
  kAvx2,       // AVX2, FMA, F16C, BMI2
  kAvx512,     // the above and AVX-512 F, BW, DQ, VL, VNNI, VBMI
};

std::string_view Name(Isa isa);  // "reference", "avx2", "avx512"
std::optional<Isa> IsaFromName(std::string_view name);

// Every set that this processor and system can run, the best last. Never empty.
std::span<const Isa> AvailableIsas();

// True when the processor also has AVX512-BF16 dot products.
bool HasBf16Dot();

// Physical cores among the processors that this process may run on (affinity and cgroup quota respected); at least 1.
size_t PhysicalCores();

// Processors (hyper-threads count) that this process may run on; at least 1.
size_t Processors();

}  // namespace sheepop
