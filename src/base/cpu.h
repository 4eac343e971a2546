// What this process may use of the machine, and what differs between processors outside kernel/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sheepop {

// The instruction sets that there are kernels for, whatever this build and this machine have of them.
enum class Isa : uint8_t {
  kReference,   // plain C++, the oracle
  kAvx2,        // AVX2, FMA, F16C, BMI, BMI2
  kAvx512,      // the above and AVX-512 F, BW, DQ, VL, VNNI, VBMI
  kAvx512Bf16,  // the above and AVX512-BF16
};

std::string_view Name(Isa isa);  // of its folder in kernel/: "reference", "avx2", "avx512", "avx512bf16"

// Every set that this build holds and that this processor and system can run, the best last. Never empty.
std::span<const Isa> AvailableIsas();

// Physical cores among the processors that this process may run on (affinity and cgroup quota respected); at least 1.
size_t PhysicalCores();

// Processors (hyper-threads count) that this process may run on; at least 1.
size_t Processors();

// Tells the processor that this thread waits in a loop.
void SpinPause();

// While it lives, this thread flushes denormal numbers to zero, as results and as inputs: on x86, whose denormals are slow.
// Elsewhere they stay.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  uint32_t saved_;
};

}  // namespace sheepop
