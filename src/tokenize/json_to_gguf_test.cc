#include "tokenize/json_to_gguf.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/error.h"
#include "checkpoint/gguf.h"
#include "testing/paths.h"
#include "tokenize/gguf_to_json.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

constexpr std::string_view kProse =
    "It's 1234567 sheep, isn't it?  They'll\n\n\tgraze\u00e9 \xe6\x97\xa5\xe6\x9c\xac 'S THE <|im_end|> end \r\n ";

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(TokenizerJsonMetadata, GivesTheSameTokensAsTheJson) {
  const auto folder = testing::SourcePath("tests/data/tiny/qwen3");
  const std::string json = ReadAll(folder / "tokenizer.json"), config = ReadAll(folder / "tokenizer_config.json");
  const Tokenizer wanted = Tokenizer::FromJson(json, config);
  const Tokenizer got = Tokenizer::FromGguf(TokenizerJsonMetadata(json, config));
  const std::string text = "the sheep and the dog <|im_end|> in the hills";  // of letters that the tiny vocabulary has
  EXPECT_EQ(got.Encode(text, SpecialTokens::kParse), wanted.Encode(text, SpecialTokens::kParse));
  EXPECT_EQ(got.vocab_size(), wanted.vocab_size());
  EXPECT_EQ(got.special().end, wanted.special().end);
  EXPECT_EQ(got.special().add_bos, wanted.special().add_bos);
}

TEST(TokenizerJsonMetadata, IsTheInverseOfTheWriter) {
  for (const char* name : {"gpt-2", "llama-bpe", "qwen2", "starcoder"}) {
    const auto path = testing::SharedPath(std::string("conformance/tokenizers/ggml-vocab-") + name + ".gguf");
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    const GgufFile file = GgufFile::Open(path);
    const Metadata got = TokenizerJsonMetadata(TokenizerJson(file.metadata()), TokenizerConfigJson(file.metadata()));
    for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}) {
      EXPECT_EQ(*got.Strings(key), *file.metadata().Strings(key)) << name;
    }
    EXPECT_EQ(Tokenizer::FromGguf(got).Encode(kProse), Tokenizer::FromGguf(file.metadata()).Encode(kProse)) << name;
  }
}

// Gemma 4's, whose merges no scores can say.
TEST(TokenizerJsonMetadata, KeepsMergesOfPieces) {
  const auto path = testing::SharedPath("conformance/tokenizers/ggml-vocab-gemma-4.gguf");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const GgufFile file = GgufFile::Open(path);
  const std::string json = TokenizerJson(file.metadata()), config = TokenizerConfigJson(file.metadata());
  const Metadata got = TokenizerJsonMetadata(json, config, nullptr, PieceForm::kMerges);
  EXPECT_EQ(got.RequireString("tokenizer.ggml.model"), "gemma4");
  for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}) {
    EXPECT_EQ(*got.Strings(key), *file.metadata().Strings(key));
  }
  const Tokenizer wanted = Tokenizer::FromGguf(file.metadata());
  for (const Tokenizer& tokenizer : {Tokenizer::FromGguf(got), Tokenizer::FromJson(json, config)}) {
    EXPECT_EQ(tokenizer.Encode(kProse), wanted.Encode(kProse));
    EXPECT_TRUE(tokenizer.special().add_bos);
    EXPECT_EQ(tokenizer.special().end, wanted.special().end);
  }
}

// As in Gemma's: the ways to make a run of spaces or of line ends take turns, longest left side first.
TEST(TokenizerJsonMetadata, KeepsRunsWhoseMergesTakeTurns) {
  constexpr std::string_view kJson = R"({"model": {"type": "BPE", "vocab": {"~": 0, "n": 1, "~~": 2, "nn": 3, "~~~": 4,
      "nnn": 5, "a": 6}, "merges": ["~~ ~", "nn n", "~ ~~", "n nn", "~ ~", "n n"]}, "added_tokens": [{"id": 2,
      "content": "~~"}, {"id": 3, "content": "nn"}, {"id": 4, "content": "~~~"}, {"id": 5, "content": "nnn"}],
      "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "~"}})";
  std::string with_spaces;
  for (const char c : kJson) with_spaces += c == '~' ? std::string("\xe2\x96\x81") : std::string(1, c);
  const Tokenizer wanted = Tokenizer::FromJson(with_spaces, "");
  const Tokenizer got = Tokenizer::FromGguf(TokenizerJsonMetadata(with_spaces, ""));
  for (const char* text : {"a a", "a  a", "a   a", "a       a", "nnnnn  nn", "na   nna"}) {
    EXPECT_EQ(got.Encode(text), wanted.Encode(text)) << text;
  }
  EXPECT_EQ(got.Encode("a   nnnn"), (std::vector<Token>{6, 4, 5, 1}));
}

TEST(TokenizerJsonMetadata, SaysWhatGgufCannotKeep) {
  const auto read = [](const std::string& rest) {
    return TokenizerJsonMetadata(R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}, )" + rest + "}",
                                 "");
  };
  const std::string level = R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})";
  EXPECT_THROW(read("\"pre_tokenizer\": " + level), Error);  // no name for "not cut at all"
  EXPECT_THROW(read(R"("pre_tokenizer": null)"), Error);     // no byte-level
  EXPECT_THROW(read(R"("added_tokens": [{"id": 2, "content": "<t>", "lstrip": true}],
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false})"),
               Error);
  EXPECT_EQ(
      read(R"("pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false})").RequireString("tokenizer.ggml.pre"),
      "gpt-2");
}

}  // namespace
}  // namespace sheepop
