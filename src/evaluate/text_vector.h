// One vector of a text, from the hidden states of its tokens as they come.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace sheepop {

enum class Pooling { kMean, kLast };  // of the hidden states of all tokens, or that of the last

class TextVector {
 public:
  TextVector(Pooling pooling, size_t tokens) : pooling_(pooling), tokens_(tokens) {}

  void Add(size_t position, std::span<const float> hidden);  // [hidden]
  std::vector<float> OfLengthOne() const;                    // [hidden]; zeros where all states were

 private:
  Pooling pooling_;
  size_t tokens_;
  std::vector<double> sum_;
};

}  // namespace sheepop
