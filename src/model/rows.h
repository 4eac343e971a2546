// What a forward pass takes and gives.
#pragma once

#include <cstddef>
#include <span>

#include "base/token.h"
#include "kernel/select.h"
#include "model/kv_cache.h"

namespace sheepop {

// One token of one sequence; its position is the cache's business.
struct Row {
  SequenceId sequence;
  Token token;
  bool wants_logits;
};

// Of the rows that wanted logits, in the order of the rows. Views into the workspace.
class LogitRows {
 public:
  struct Hidden {  // of all of them, with `stride` floats from one to the next
    const float* values;
    size_t size, stride;
  };

  LogitRows(size_t rows, size_t vocab, const float* logits, const float* maxima, Hidden hidden)
      : rows_(rows), vocab_(vocab), logits_(logits), maxima_(maxima), hidden_(hidden) {}

  size_t size() const { return rows_; }
  std::span<const float> logits(size_t row) const { return {logits_ + row * vocab_, vocab_}; }
  std::span<const float> group_maxima(size_t row) const {  // of kernel::kSelectGroup ids each
    const size_t groups = kernel::SelectGroups(vocab_);
    return {maxima_ + row * groups, groups};
  }
  // What the output projection read: the last layer's output, normed. [hidden]
  std::span<const float> hidden(size_t row) const { return {hidden_.values + row * hidden_.stride, hidden_.size}; }

 private:
  size_t rows_, vocab_;
  const float* logits_;
  const float* maxima_;
  Hidden hidden_;
};

}  // namespace sheepop
