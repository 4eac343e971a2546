#include "base/counted_warnings.h"

#include <algorithm>

namespace sheepop {

bool CountedWarnings::Add(const Warning& warning) {
  const auto same = std::ranges::find_if(all_, [&](const CountedWarning& told) {
    return told.warning.code == warning.code && told.warning.line == warning.line;
  });
  if (same != all_.end()) {
    ++same->count;
    return false;
  }
  all_.push_back({warning});
  return true;
}

}  // namespace sheepop
