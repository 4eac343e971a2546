#include "tokenize/gguf_to_json.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <random>

#include "base/error.h"
#include "checkpoint/gguf.h"
#include "testing/paths.h"
#include "tokenize/json_to_gguf.h"
#include "tokenize/testing_vocabularies.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

namespace json = boost::json;
using GgufType = Metadata::GgufType;

// Pieces whose best merges differ with the order of the scores.
Metadata SheepVocabulary() {
  Metadata metadata = testing::SentencePieceVocabulary(
      "llama",
      {{"\u2581", -90},   {"a", -91},       {"b", -92},    {"s", -93},          {"h", -94},    {"e", -95},
       {"p", -96},        {"ee", -3},       {"sh", -4},    {"she", -2},         {"he", -1},    {"eep", -6},
       {"\u2581s", -5},   {"\u2581sh", -7}, {"aa", -8},    {"aaa", -9},         {"aaaa", -10}, {"\u2581\u2581", -11},
       {"e\u2581s", -12}, {"pp", -0.5, 5},  {"<t>", 0, 4}, {"<|im_end|>", 0, 3}});
  return metadata;
}

std::string RandomText(std::mt19937& random) {
  constexpr std::string_view kParts[] = {"sheep", " ",      "  ",  "a",  "b",          "ee",         "she",  "he",
                                         "pp",    "\u00e9", "<t>", "\n", "<|im_end|>", "\U0001F411", "aaaa", " s"};
  std::string text;
  for (auto n = random() % 12; n > 0; --n) text += kParts[random() % std::size(kParts)];
  return text;
}

void ExpectSameTokens(const Tokenizer& got, const Tokenizer& wanted) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = RandomText(random);
    ASSERT_EQ(got.EncodePrompt(text, SpecialTokens::kParse), wanted.EncodePrompt(text, SpecialTokens::kParse)) << text;
  }
  EXPECT_EQ(got.special().end, wanted.special().end);
}

void ExpectBothWays(const Metadata& metadata) {
  const Tokenizer wanted = Tokenizer::FromGguf(metadata);
  const std::string file = TokenizerJson(metadata), config = TokenizerConfigJson(metadata);
  ExpectSameTokens(Tokenizer::FromJson(file, config), wanted);
  Metadata back = TokenizerJsonMetadata(file, config);
  // Phi-3's tokens swallow the space behind them, which GGUF files say by the architecture.
  if (const std::string* name = metadata.String("general.architecture")) {
    back.Set("general.architecture", GgufType::kString, *name);
  }
  ExpectSameTokens(Tokenizer::FromGguf(back), wanted);
}

TEST(TokenizerJson, KeepsTheTokensOfSentencePiece) {
  for (const bool prefix : {true, false}) {
    Metadata metadata = SheepVocabulary();
    metadata.Set("tokenizer.ggml.add_space_prefix", GgufType::kBool, prefix);
    ExpectBothWays(metadata);
    metadata.Set("tokenizer.ggml.add_bos_token", GgufType::kBool, false);
    ExpectBothWays(metadata);
  }
}

TEST(TokenizerJson, KeepsTheTokensOfKnownVocabularies) {
  for (const char* name : {"llama-spm", "phi-3", "llama-bpe"}) {
    const auto path = testing::SharedPath(std::string("conformance/tokenizers/ggml-vocab-") + name + ".gguf");
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    ExpectBothWays(GgufFile::Open(path).metadata());
  }
}

TEST(TokenizerJson, ListsMergesByScoreAndTheLongestLeftSideFirst) {
  const json::value file = json::parse(TokenizerJson(SheepVocabulary()));
  const json::array& merges = file.at("model").at("merges").as_array();
  ASSERT_GE(merges.size(), 4u);
  EXPECT_EQ(merges[0], (json::array{"h", "e"}));
  EXPECT_EQ(merges[1], (json::array{"sh", "e"}));
  EXPECT_EQ(merges[2], (json::array{"s", "he"}));
  for (const json::value& merge : merges) EXPECT_NE(merge, (json::array{"p", "p"})) << "makes an unused piece";
}

TEST(TokenizerJson, PutsBosInFrontAsTransformersReadsIt) {
  const json::value file = json::parse(TokenizerJson(SheepVocabulary()));
  const json::value& single = file.at("post_processor").at("single");
  EXPECT_EQ(single.at(0).at("SpecialToken").at("id"), "<s>");
  EXPECT_EQ(single.as_array().size(), 2u);
}

TEST(TokenizerJson, RefusesWhatItCannotSay) {
  Metadata unigram = testing::SentencePieceVocabulary("t5", {{"a", -1}});
  EXPECT_NO_THROW(TokenizerJson(unigram));
  unigram.Set("tokenizer.ggml.remove_extra_whitespaces", GgufType::kBool, true);
  EXPECT_THROW(TokenizerJson(unigram), Error);
  EXPECT_THROW(TokenizerJson(testing::SentencePieceVocabulary("llama", {{"a", -1}, {"a", -2}})), Error);
  EXPECT_THROW(TokenizerJson(testing::SentencePieceVocabulary("llama", {{std::string(5000, 'a'), -1}})), Error);
  EXPECT_THROW(TokenizerJson(testing::SentencePieceVocabulary("rwkv", {{"a", -1}})), Error);
}

Metadata ReadMerges(const std::string& merges, const std::string& rest = "") {
  return TokenizerJsonMetadata(
      R"({"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},)" + rest +
          R"("model": {"type": "BPE", "byte_fallback": true, "vocab":
          {"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4, "abc": 5, "\u2581": 6}, "merges": )" +
          merges + "}}",
      "");
}

TEST(TokenizerJsonMetadata, TakesOnlyMergesThatScoresCanSay) {
  const Metadata good = ReadMerges(R"([["b", "c"], ["a", "b"], ["ab", "c"], ["a", "bc"]])");
  EXPECT_EQ(good.RequireString("tokenizer.ggml.model"), "llama");
  const auto scores = *good.Floats("tokenizer.ggml.scores");
  EXPECT_GT(scores[4], scores[3]);
  EXPECT_GT(scores[3], scores[5]);
  // abc is never made, so it is no piece for text.
  EXPECT_EQ((*ReadMerges(R"(["b c", "a b"])").Ints("tokenizer.ggml.token_type"))[5], 5);
  EXPECT_THROW(ReadMerges(R"([["b", "c"], ["a", "b"], ["ab", "c"]])"), Error);               // a + bc is missing
  EXPECT_THROW(ReadMerges(R"([["b", "c"], ["a", "bc"], ["a", "b"], ["ab", "c"]])"), Error);  // abc before and after ab
}

TEST(TokenizerJsonMetadata, SaysWhatMetaspaceLoses) {
  const std::string all = R"([["b", "c"], ["a", "b"], ["ab", "c"], ["a", "bc"]])";
  const auto file = [&](const std::string& scheme) {
    return R"({"pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "split": true, "prepend_scheme": ")" +
           scheme + R"("}, "model": {"type": "BPE", "vocab":
           {"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4, "abc": 5, "\u2581": 6}, "merges": )" +
           all + "}}";
  };
  EXPECT_FALSE(*TokenizerJsonMetadata(file("never"), "").Bool("tokenizer.ggml.add_space_prefix"));
  EXPECT_THROW(TokenizerJsonMetadata(file("first"), ""), Error);
  std::vector<std::string> notes;
  EXPECT_TRUE(*TokenizerJsonMetadata(file("first"), "", &notes).Bool("tokenizer.ggml.add_space_prefix"));
  EXPECT_EQ(notes.size(), 1u);
}

}  // namespace
}  // namespace sheepop
