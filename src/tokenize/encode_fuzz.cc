// Any bytes through tokenizers of every kind: nothing is lost, nothing crashes, no control token comes out of plain text.
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "tokenize/testing_vocabularies.h"
#include "tokenize/text_stream.h"

namespace {

using namespace sheepop;

void Require(bool condition) {
  if (!condition) std::abort();
}

const std::vector<Tokenizer>& ByteLevel() {
  static const std::vector<Tokenizer> tokenizers = [] {
    std::vector<Tokenizer> list;
    for (const char* pre :
         {"gpt-2", "llama-bpe", "smollm", "deepseek-llm", "deepseek-v3", "falcon", "gpt-4o", "bloom"}) {
      list.push_back(Tokenizer::FromGguf(testing::ByteLevelVocabulary(
          {{"a", "b"}, {"ab", "a"}, {" ", "a"}, {"\xC3", "\xA9"}, {"\xFF", "\xFF"}}, {"<|x|>"}, {"  ", "<y>"}, pre)));
    }
    return list;
  }();
  return tokenizers;
}

const std::vector<Tokenizer>& Other() {
  static const std::vector<Tokenizer> tokenizers = [] {
    const std::vector<testing::ScoredPiece> pieces = {{"\xE2\x96\x81", -5},
                                                      {"a", -6},
                                                      {"b", -7},
                                                      {"ab", -1},
                                                      {"\xE2\x96\x81"
                                                       "a",
                                                       -4},
                                                      {"\xC3\xA9", -2},
                                                      {"\xC3", -3},
                                                      {"##", 0, 4},
                                                      {"<|x|>", 0, 3}};
    std::vector<Tokenizer> list;
    for (const char* model : {"llama", "t5"}) {
      for (const bool bytes : {true, false}) {
        list.push_back(Tokenizer::FromGguf(testing::SentencePieceVocabulary(model, pieces, bytes)));
      }
    }
    for (const bool bytes : {true, false}) {
      Metadata ranked = testing::SentencePieceVocabulary("gemma4", pieces, bytes);
      ranked.Set("tokenizer.ggml.merges", Metadata::GgufType::kString,
                 std::vector<std::string>{"\xE2\x96\x81 a", "a b"});
      list.push_back(Tokenizer::FromGguf(ranked));
    }
    list.push_back(Tokenizer::FromGguf(testing::ByteLevelVocabulary({{"a", "b"}}, {"<|x|>"}, {}, "qwen2")));
    return list;
  }();
  return tokenizers;
}

void CheckPlain(const Tokenizer& tokenizer, const std::vector<Token>& tokens) {
  TextStream stream(tokenizer, {"ab",
                                "\xA9"
                                "a"});
  for (const Token token : tokens) {
    Require(tokenizer.Kind(token) != TokenKind::kControl);
    Require(IsValidUtf8(stream.Push(token)));
  }
  Require(IsValidUtf8(stream.Finish()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t half = size / 2;
  const TextSpan spans[] = {{text.substr(0, half), true}, {text.substr(half), false}};
  for (const Tokenizer& tokenizer : ByteLevel()) {
    const std::vector<Token> tokens = tokenizer.Encode(text);
    Require(tokenizer.Decode(tokens) == text);
    CheckPlain(tokenizer, tokens);
    Require(tokenizer.Decode(tokenizer.Encode(text, SpecialTokens::kParse)) == text);
    Require(tokenizer.Decode(tokenizer.Encode(spans)) == text);
  }
  for (const Tokenizer& tokenizer : Other()) {
    CheckPlain(tokenizer, tokenizer.Encode(text));
    tokenizer.Encode(spans);
  }
  return 0;
}
