#include "base/memory.h"

#include <fstream>
#include <string>
#include <string_view>

namespace sheepop {
namespace {

size_t Field(std::string_view wanted) {
  std::ifstream file("/proc/meminfo");
  std::string name;
  for (size_t kib; file >> name >> kib; file.ignore(16, '\n')) {
    if (name == wanted) return kib << 10;
  }
  return 0;
}

}  // namespace

size_t TotalMemory() { return Field("MemTotal:"); }
size_t AvailableMemory() { return Field("MemAvailable:"); }

}  // namespace sheepop
