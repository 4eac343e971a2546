#include "evaluate/text_vector.h"

#include <cmath>

namespace sheepop {

void TextVector::Add(size_t position, std::span<const float> hidden) {
  if (pooling_ == Pooling::kLast && position + 1 != tokens_) return;
  sum_.resize(hidden.size());
  for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += static_cast<double>(hidden[i]);
}

std::vector<float> TextVector::OfLengthOne() const {
  double squares = 0;
  for (const double value : sum_) squares += value * value;
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  std::vector<float> vector;
  for (const double value : sum_) vector.push_back(static_cast<float>(value * scale));
  return vector;
}

}  // namespace sheepop
