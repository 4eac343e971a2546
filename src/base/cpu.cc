#include "base/cpu.h"

#include <sched.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace sheepop {
namespace {

#if defined(__x86_64__)
// Clang 16's __builtin_cpu_supports does not know F16C.
bool HasF16c() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}
#endif

bool HasAvx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HasF16c() &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#else
  return false;
#endif
}

bool HasAvx512() {
#if defined(__x86_64__)
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi");
#else
  return false;
#endif
}

cpu_set_t AllowedProcessors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
  return set;
}

// The cgroup v2 quota in whole processors, or 0 when there is none.
size_t QuotaProcessors() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  const double processors = std::strtod(quota.c_str(), nullptr) / period;
  return processors > 0 ? std::max<size_t>(1, static_cast<size_t>(processors + 0.5)) : 0;
}

size_t Limited(size_t count) {
  const size_t quota = QuotaProcessors();
  return std::max<size_t>(1, quota ? std::min(count, quota) : count);
}

}  // namespace

std::string_view Name(Isa isa) {
  switch (isa) {
    case Isa::kReference: return "reference";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
  }
  return "unknown";
}

std::optional<Isa> IsaFromName(std::string_view name) {
  for (Isa isa : {Isa::kReference, Isa::kAvx2, Isa::kAvx512}) {
    if (Name(isa) == name) return isa;
  }
  return std::nullopt;
}

std::span<const Isa> AvailableIsas() {
  static const std::vector<Isa> isas = [] {
    std::vector<Isa> found = {Isa::kReference};
    if (HasAvx2()) found.push_back(Isa::kAvx2);
    if (HasAvx512()) found.push_back(Isa::kAvx512);
    return found;
  }();
  return isas;
}

bool HasBf16Dot() {
#if defined(__x86_64__)
  return HasAvx512() && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
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
