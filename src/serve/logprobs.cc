#include "serve/logprobs.h"

#include <algorithm>

namespace sheepop {
namespace {

// The best logit first; of equal ones the lower id.
struct Better {
  std::span<const float> logits;
  bool operator()(Token a, Token b) const {
    const float of_a = logits[static_cast<size_t>(a)], of_b = logits[static_cast<size_t>(b)];
    return of_a > of_b || (of_a == of_b && a < b);
  }
};

}  // namespace

void Score(const Model& model, std::span<const float> logits, size_t best, TokenRecord& record) {
  const double total = model.LogSumExp(logits);
  const auto logprob = [&](Token token) { return logits[static_cast<size_t>(token)] - total; };
  record.logprob = logprob(record.id);
  // A heap of the best so far, the worst of them on top: a row is looked through once, and few tokens enter.
  const Better better{logits};
  std::vector<Token> heap;
  for (Token token = 0; static_cast<size_t>(token) < logits.size() && best > 0; ++token) {
    if (heap.size() < best) {
      heap.push_back(token);
      std::ranges::push_heap(heap, better);
    } else if (better(token, heap.front())) {
      std::ranges::pop_heap(heap, better);
      heap.back() = token;
      std::ranges::push_heap(heap, better);
    }
  }
  std::ranges::sort_heap(heap, better);
  for (const Token token : heap) record.top.emplace_back(token, logprob(token));
}

}  // namespace sheepop
