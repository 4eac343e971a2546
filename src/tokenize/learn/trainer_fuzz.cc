// Vocabularies learned from any bytes spell those bytes, and what they are written as is read again.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/learn/unigram_trainer.h"
#include "tokenize/tokenizer.h"

namespace {

using namespace sheepop;

void Require(bool condition) {
  if (!condition) std::abort();
}

// A space, for a tokenizer of pieces.
std::string WithoutSymbols(std::string text) {
  constexpr std::string_view kSymbol = "\xE2\x96\x81";
  for (size_t at = 0; (at = text.find(kSymbol, at)) != std::string::npos; ++at) text.replace(at, kSymbol.size(), " ");
  return text;
}

void RequireRoundTrip(const Metadata& metadata, const std::string& text, const std::string& expected) {
  const Tokenizer tokenizer = Tokenizer::FromGguf(metadata);
  const std::vector<Token> tokens = tokenizer.Encode(text);
  Require(tokenizer.Decode(tokens) == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  static ThreadPool pool(1);
  const std::string text(reinterpret_cast<const char*>(data + 2), size - 2);
  TokenizerTraining options;
  options.min_frequency = data[0] % 4;
  options.vocab_size = 380 + size_t{4} * data[1];

  WordCounter words(options.split, options.special, pool);
  words.Add(text);
  RequireRoundTrip(ToMetadata(TrainBpe(words.Finish(), options), options), text, text);

  if (data[0] & 0x80) options.split = kSpacedWords;
  WordCounter spaced = MakeUnigramCounter(options, pool);
  spaced.Add(text);
  RequireRoundTrip(ToMetadata(TrainUnigram(spaced.Finish(), options, pool), options), text, WithoutSymbols(text));
  return 0;
}
