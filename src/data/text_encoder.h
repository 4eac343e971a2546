// Texts to tokens on all threads, handed on in the order in which the texts came.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "base/token.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

// Holds some 16 MB of text, or one text when it is longer, and its tokens. Not thread-safe; uses the pool in Add and
// Finish. What it hands on depends on neither threads nor batches.
class TextEncoder {
 public:
  struct Encoded {
    std::vector<Token> tokens;
    size_t text_bytes;
    bool held_out;
  };
  using Take = std::function<void(Encoded&&)>;

  // `tokenizer` and `pool` outlive it.
  TextEncoder(const Tokenizer& tokenizer, ThreadPool& pool, Take take);

  // `held_out` is handed on with the tokens. Throws what Tokenizer::Encode throws.
  void Add(std::string_view text, bool held_out);
  void Finish();  // hands on what is left

 private:
  struct Text {
    std::string text;
    bool held_out;
  };

  const Tokenizer& tokenizer_;
  ThreadPool& pool_;
  Take take_;
  std::vector<Text> texts_;
  size_t bytes_ = 0;
};

}  // namespace sheepop
