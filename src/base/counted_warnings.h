// Warnings of which equal ones are one, with a count.
#pragma once

#include <cstddef>
#include <vector>

#include "base/warning.h"

namespace sheepop {

struct CountedWarning {
  Warning warning;
  size_t count = 1;
};

class CountedWarnings {
 public:
  // True when none of its code and line was there.
  bool Add(const Warning& warning);
  const std::vector<CountedWarning>& all() const { return all_; }  // in the order of their first
  bool empty() const { return all_.empty(); }
  void Clear() { all_.clear(); }

 private:
  std::vector<CountedWarning> all_;
};

}  // namespace sheepop
