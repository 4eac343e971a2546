#include "base/cpu.h"

#include <fmt/core.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "base/cgroup.h"
#include "base/error.h"

// All that is known here of a family of processors.
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

namespace sheepop {
namespace {

// Clang 16's __builtin_cpu_supports does not know F16C.
bool HasF16c() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}

bool HasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HasF16c() &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi");
}

bool HasAvx512Bf16() { return HasAvx512() && __builtin_cpu_supports("avx512bf16"); }

uint32_t FloatControl() { return _mm_getcsr(); }
void SetFloatControl(uint32_t control) { _mm_setcsr(control); }
constexpr uint32_t kFlush = 0x8040;  // flush to zero, denormals are zero

}  // namespace

void SpinPause() { _mm_pause(); }

}  // namespace sheepop
#else
#include <atomic>

namespace sheepop {
namespace {

bool HasAvx2() { return false; }
bool HasAvx512() { return false; }
bool HasAvx512Bf16() { return false; }

uint32_t FloatControl() { return 0; }
void SetFloatControl(uint32_t /*control*/) {}
constexpr uint32_t kFlush = 0;

}  // namespace

void SpinPause() { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace sheepop
#endif

namespace sheepop {
namespace {

struct IsaRow {
  Isa isa;
  std::string_view name;
  bool (*runs_here)();
};

// In the order of the enumeration, which is that of preference.
constexpr std::array kIsaRows = {
    IsaRow{Isa::kReference, "reference", [] { return true; }},
    IsaRow{Isa::kAvx2, "avx2", HasAvx2},
    IsaRow{Isa::kAvx512, "avx512", HasAvx512},
    IsaRow{Isa::kAvx512Bf16, "avx512bf16", HasAvx512Bf16},
};

// What this build holds; see kernel/kernels.cc.
#define SHEEPOP_SET(set) std::string_view(#set),
constexpr std::array kBuilt = {SHEEPOP_KERNEL_SETS};
#undef SHEEPOP_SET

cpu_set_t AllowedProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
  return set;
}

size_t Limited(size_t count) {
  std::ifstream file("/proc/self/cgroup");
  const std::string membership{std::istreambuf_iterator<char>(file), {}};
  const size_t quota = QuotaProcessors(membership, "/sys/fs/cgroup");
  return std::max<size_t>(1, quota ? std::min(count, quota) : count);
}

}  // namespace

FlushDenormals::FlushDenormals() : saved_(FloatControl()) { SetFloatControl(saved_ | kFlush); }
FlushDenormals::~FlushDenormals() { SetFloatControl(saved_); }

std::string_view Name(Isa isa) { return kIsaRows[static_cast<size_t>(isa)].name; }

std::span<const Isa> AvailableIsas() {
  static const std::vector<Isa> isas = [] {
    std::vector<Isa> found;
    for (const IsaRow& row : kIsaRows) {
      if (std::ranges::find(kBuilt, row.name) != kBuilt.end() && row.runs_here()) found.push_back(row.isa);
    }
    return found;
  }();
  return isas;
}

size_t Processors() {
  const cpu_set_t set = AllowedProcessors();
  return Limited(static_cast<size_t>(CPU_COUNT(&set)));
}

size_t PhysicalCores() {
  const cpu_set_t set = AllowedProcessors();
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &set)) continue;
    std::ifstream file(fmt::format("/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    std::string siblings;
    if (!(file >> siblings)) siblings = fmt::format("{}", cpu);
    cores.insert(siblings);
  }
  return Limited(cores.size());
}

}  // namespace sheepop
