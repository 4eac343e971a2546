#include "tokenize/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <random>
#include <thread>

#include "base/error.h"
#include "tokenize/testing_vocabularies.h"

namespace sheepop {
namespace {

using testing::ByteLevelVocabulary;
using testing::GgufType;
using testing::SentencePieceVocabulary;

using Ids = std::vector<Token>;

// 256 "he", 257 "ll", 258 "hell", 259 " w", 260 <|im_start|>, 261 <|im_end|>, 262 "  " as a user-defined token.
Tokenizer Small() {
  Metadata metadata =
      ByteLevelVocabulary({{"h", "e"}, {"l", "l"}, {"he", "ll"}, {" ", "w"}}, {"<|im_start|>", "<|im_end|>"}, {"  "});
  metadata.Set("tokenizer.ggml.bos_token_id", GgufType::kUint32, uint64_t{260});
  metadata.Set("tokenizer.ggml.eos_token_id", GgufType::kUint32, uint64_t{261});
  return Tokenizer::FromGguf(metadata);
}

TEST(Tokenizer, MergesByRankInsideWords) {
  const Tokenizer tokenizer = Small();
  EXPECT_EQ(tokenizer.Encode("hello w"), (Ids{258, 'o', 259}));
  EXPECT_EQ(tokenizer.Encode("lll"), (Ids{257, 'l'}));  // the leftmost of equal pairs
  EXPECT_EQ(tokenizer.Encode("hel"), (Ids{256, 'l'}));
  EXPECT_EQ(tokenizer.Encode(""), Ids{});
  EXPECT_EQ(tokenizer.Piece(258), "hell");
  EXPECT_EQ(tokenizer.Find("hell"), 258);
  EXPECT_EQ(tokenizer.Find("<|im_end|>"), 261);
  EXPECT_EQ(tokenizer.Find("nothing"), std::nullopt);
  EXPECT_EQ(tokenizer.vocab_size(), 263u);
  EXPECT_THROW(tokenizer.Piece(263), Error);
  EXPECT_THROW(tokenizer.Piece(-1), Error);
}

TEST(Tokenizer, ReadsControlTokensOnlyWhereAsked) {
  const Tokenizer tokenizer = Small();
  EXPECT_EQ(tokenizer.Encode("<|im_end|>").size(), 10u);
  EXPECT_EQ(tokenizer.Encode("a<|im_end|>b", SpecialTokens::kParse), (Ids{'a', 261, 'b'}));
  EXPECT_EQ(tokenizer.Encode("a  b"), (Ids{'a', 262, 'b'}));
  EXPECT_EQ(tokenizer.special().end, Ids{261});
  EXPECT_TRUE(tokenizer.special().Ends(261));
  EXPECT_FALSE(tokenizer.special().Ends(260));
}

TEST(Tokenizer, WhatTextMayBecomeNeedsARow) {
  RequireRows(Small(), 263, "m");
  RequireRows(Small(), 300, "m");
  EXPECT_THROW(RequireRows(Small(), 262, "m"), Error);  // a user-defined token is found in any text
  const Tokenizer control_last = Tokenizer::FromGguf(ByteLevelVocabulary({{"h", "e"}}, {"<|im_start|>", "<|image|>"}));
  RequireRows(control_last, 257, "m");
  try {
    RequireRows(control_last, 256, "m");
    ADD_FAILURE() << "a merged token has no row";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "m: the tokenizer has 259 tokens, the model only 256");
  }
}

TEST(Tokenizer, NoTurnCanBeForged) {
  const Tokenizer tokenizer = Small();
  const auto count = [&](const std::vector<TextSpan>& spans) {
    const Ids ids = tokenizer.Encode(spans);
    EXPECT_EQ(tokenizer.Decode(ids), [&] {
      std::string all;
      for (const TextSpan& span : spans) all += span.text;
      return all;
    }());
    return std::count_if(ids.begin(), ids.end(), [](Token id) { return id == 260 || id == 261; });
  };
  EXPECT_EQ(count({{"<|im_start|>", true}, {"x<|im_end|>y", false}, {"<|im_end|>", true}}), 2);
  EXPECT_EQ(count({{"<|im_", true}, {"end|>", false}}), 0);
  EXPECT_EQ(count({{"<|im_", false}, {"end|>", true}}), 0);
  EXPECT_EQ(count({{"<|im_", true}, {"end|>", true}}), 1);
  EXPECT_EQ(count({{"<|im_", true}, {"", false}, {"end|>", true}}), 1);
  EXPECT_EQ(count({{"<|im_e", true}, {"n", false}, {"d|>", true}}), 0);
}

TEST(Tokenizer, WordsCrossTheBordersOfSpans) {
  const Tokenizer tokenizer = Small();
  const std::vector<TextSpan> spans = {{"he", true}, {"ll", false}};
  EXPECT_EQ(tokenizer.Encode(spans), Ids{258});
}

TEST(Tokenizer, PromptBeginsWithBosOnce) {
  Metadata metadata = ByteLevelVocabulary({}, {"<s>"});
  metadata.Set("tokenizer.ggml.bos_token_id", GgufType::kUint32, uint64_t{256});
  EXPECT_EQ(Tokenizer::FromGguf(metadata).EncodePrompt("a"), Ids{'a'});
  metadata.Set("tokenizer.ggml.add_bos_token", GgufType::kBool, true);
  const Tokenizer tokenizer = Tokenizer::FromGguf(metadata);
  EXPECT_EQ(tokenizer.EncodePrompt("a"), (Ids{256, 'a'}));
  EXPECT_EQ(tokenizer.EncodePrompt("<s>a", SpecialTokens::kParse), (Ids{256, 'a'}));
  EXPECT_EQ(tokenizer.EncodePrompt("<s>a").size(), 5u);
  EXPECT_EQ(tokenizer.EncodePrompt(""), Ids{256});
}

std::string RandomBytes(std::mt19937& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random() % 8 == 0 ? random() : "hel  \n\r'o"[random() % 9]);
  return bytes;
}

TEST(Tokenizer, GivesAnyBytesBack) {
  std::mt19937 random(1);
  for (const char* pre : {"gpt-2", "llama-bpe", "smollm", "deepseek-coder", "deepseek-llm", "deepseek-v3", "falcon",
                          "gpt-4o", "tekken", "bloom", "viking", "default", "seed-coder", "bailingmoe", "minicpm5"}) {
    const Tokenizer tokenizer = Tokenizer::FromGguf(
        ByteLevelVocabulary({{"h", "e"}, {"l", "l"}, {"he", "ll"}, {" ", "w"}}, {"<|x|>"}, {"  "}, pre));
    for (int i = 0; i < 300; ++i) {
      const std::string bytes = RandomBytes(random, random() % 60);
      ASSERT_EQ(tokenizer.Decode(tokenizer.Encode(bytes)), bytes) << pre;
      ASSERT_EQ(tokenizer.Decode(tokenizer.Encode(bytes, SpecialTokens::kParse)), bytes) << pre;
    }
  }
}

TEST(Tokenizer, InvalidBytesStandApart) {
  const Tokenizer tokenizer = Tokenizer::FromGguf(ByteLevelVocabulary({{"a", "\xFF"}, {"\xFF", "\xFE"}}));
  EXPECT_EQ(tokenizer.Encode("a\xFF\xFE"), (Ids{'a', 257}));
  EXPECT_EQ(tokenizer.Encode(std::string_view("\0\xEF\xBB\xBF\r\n", 6)), (Ids{0, 0xEF, 0xBB, 0xBF, '\r', '\n'}));
}

TEST(Tokenizer, ComposesWhereTheModelDoes) {
  const std::vector<std::pair<std::string, std::string>> merges = {{"\xC3", "\xA9"}};
  EXPECT_EQ(Tokenizer::FromGguf(ByteLevelVocabulary(merges, {}, {}, "qwen2")).Encode("e\xCC\x81"), Ids{256});
  EXPECT_EQ(Tokenizer::FromGguf(ByteLevelVocabulary(merges)).Encode("e\xCC\x81"), (Ids{'e', 0xCC, 0x81}));
}

TEST(Tokenizer, IgnoresMergesForWholeWords) {
  // "abc" is a token, but no order of merges makes it: "b c" is taken first, and "a bc" is none.
  const std::vector<std::pair<std::string, std::string>> merges = {{"b", "c"}, {"a", "b"}, {"ab", "c"}};
  EXPECT_EQ(Tokenizer::FromGguf(ByteLevelVocabulary(merges)).Encode("abc"), (Ids{'a', 256}));
  EXPECT_EQ(Tokenizer::FromGguf(ByteLevelVocabulary(merges, {}, {}, "llama-bpe")).Encode("abc"), Ids{258});
}

// Digits by threes from the left, before anything else is split.
TEST(Tokenizer, MiniCpmSplitsDigitsFirst) {
  const std::vector<std::pair<std::string, std::string>> merges = {{"1", "2"}, {"12", "3"}, {"123", "4"},
                                                                   {"3", "4"}, {"'", "1"},  {"a", "1"}};
  const Tokenizer tokenizer = Tokenizer::FromGguf(ByteLevelVocabulary(merges, {}, {}, "minicpm5"));
  EXPECT_EQ(tokenizer.Encode("1234"), (Ids{257, '4'}));
  EXPECT_EQ(tokenizer.Encode("'1a1"), (Ids{'\'', '1', 'a', '1'}));
}

TEST(Tokenizer, IsSharedBetweenThreads) {
  const Tokenizer tokenizer = Small();
  const Ids expected = Small().Encode("hello hell  w hello");
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) wrong[t] += tokenizer.Encode("hello hell  w hello") != expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

// One long word, of each kind of character, costs n log n at most: 8 times the text must not cost 64 times the time.
TEST(Tokenizer, LongWordsAreNotQuadratic) {
  for (const char* pre : {"gpt-2", "llama-bpe", "deepseek-coder", "deepseek-v3", "gpt-4o", "qwen2"}) {
    const Tokenizer tokenizer =
        Tokenizer::FromGguf(ByteLevelVocabulary({{"a", "a"}, {"aa", "aa"}, {" ", " "}, {"\xCC", "\x81"}}, {}, {}, pre));
    for (const std::string_view unit :
         {"a", " ", "1", "!", "\n", "A", "\xCC\x81", "\xCC\xA3\xCC\x81", "\xFF", "\r\n", " \n", "'"}) {
      const auto seconds = [&](size_t size) {
        std::string text;
        while (text.size() < size) text += unit;
        const std::clock_t start = std::clock();  // of this process, so that a busy machine changes nothing
        EXPECT_FALSE(tokenizer.Encode(text).empty());
        return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      };
      const double small = seconds(50'000), large = seconds(400'000);
      EXPECT_LT(large, 40 * small + 0.2) << pre << " '" << unit << "'";
    }
  }
}

// 259 " " (U+2581), 260 a, 261 b, 262 ab, 263 " a", 264 the user-defined "##".
Tokenizer SmallSentencePiece(bool bytes = true) {
  const std::string space = "\xE2\x96\x81";
  return Tokenizer::FromGguf(SentencePieceVocabulary(
      "llama", {{space, -5}, {"a", -6}, {"b", -7}, {"ab", -1}, {space + "a", -2}, {"##", 0, 4}}, bytes));
}

TEST(SentencePieceBpe, MergesTheBestScoreFirst) {
  const Tokenizer tokenizer = SmallSentencePiece();
  EXPECT_EQ(tokenizer.Encode("ab"), (Ids{259, 262}));
  EXPECT_EQ(tokenizer.Encode("a"), Ids{263});
  EXPECT_EQ(tokenizer.Encode("a a"), (Ids{263, 263}));
  EXPECT_EQ(tokenizer.Encode("a\xE2\x96\x81"
                             "a"),
            (Ids{263, 263}));
  EXPECT_EQ(tokenizer.Encode(""), Ids{});
  EXPECT_EQ(tokenizer.EncodePrompt("a"), (Ids{1, 263}));
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode("ab a")), "ab a");
  EXPECT_EQ(tokenizer.Decode(tokenizer.EncodePrompt(" ab")), "<s> ab");
}

TEST(SentencePieceBpe, PrefixesEachFragment) { EXPECT_EQ(SmallSentencePiece().Encode("a##a"), (Ids{263, 264, 263})); }

TEST(SentencePieceBpe, SpellsTheRestWithBytesOrAsUnknown) {
  EXPECT_EQ(SmallSentencePiece().Encode("a\xC3\xA9\xFF"), (Ids{263, 3 + 0xC3, 3 + 0xA9, 3 + 0xFF}));
  const Tokenizer without = SmallSentencePiece(false);
  EXPECT_EQ(without.Encode("a\xC3\xA9zb"), (Ids{*without.Find(" a"), 0, *without.Find("b")}));
}

TEST(Gguf, RefusesWhatContradictsItself) {
  const auto category = [](const Metadata& metadata) -> std::string {
    try {
      Tokenizer::FromGguf(metadata);
    } catch (const Error& error) {
      return std::string(Name(error.category())) + ": " + error.what();
    }
    return "none";
  };
  const Metadata good = ByteLevelVocabulary({{"a", "b"}});
  EXPECT_EQ(category(good), "none");
  Metadata bad = good;
  bad.Set("tokenizer.ggml.eos_token_id", GgufType::kUint32, uint64_t{257});
  EXPECT_EQ(category(bad), "corrupt: tokenizer.ggml.eos_token_id is 257, the vocabulary has 257 tokens");
  bad = good;
  bad.Set("tokenizer.ggml.merges", GgufType::kString, std::vector<std::string>{"a c"});
  EXPECT_TRUE(category(bad).starts_with("corrupt: tokenizer.ggml.merges[0] is 'a c'")) << category(bad);
  bad.Set("tokenizer.ggml.merges", GgufType::kString, std::vector<std::string>{""});
  EXPECT_TRUE(category(bad).starts_with("corrupt")) << category(bad);
  bad = good;
  bad.Set("tokenizer.ggml.pre", GgufType::kString, std::string("of-another-planet"));
  EXPECT_TRUE(category(bad).starts_with("unsupported: tokenizer.ggml.pre is 'of-another-planet'")) << category(bad);
  bad = good;
  bad.Set("tokenizer.ggml.token_type", GgufType::kInt32, std::vector<int64_t>{1});
  EXPECT_TRUE(category(bad).starts_with("corrupt: tokenizer.ggml.token_type has 1 entries")) << category(bad);
  bad = good;
  bad.Remove("tokenizer.ggml.tokens");
  EXPECT_TRUE(category(bad).starts_with("corrupt: tokenizer.ggml.tokens")) << category(bad);
}

// A vocabulary as SmolLM2's: bytes are missing, and the unknown token is the one that ends a text.
TEST(Tokenizer, NoByteBecomesAControlToken) {
  Metadata metadata = ByteLevelVocabulary({{"a", "b"}}, {"<|endoftext|>", "<unk>"});
  std::vector<std::string> tokens = *metadata.Strings("tokenizer.ggml.tokens");
  tokens[4] = "[none]\xE2\x80\x8D";
  metadata.Set("tokenizer.ggml.tokens", GgufType::kString, tokens);
  metadata.Set("tokenizer.ggml.unknown_token_id", GgufType::kUint32, uint64_t{257});
  try {
    Tokenizer::FromGguf(metadata).Encode("a\x04");
    ADD_FAILURE() << "text made a token that ends texts";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kUnsupported);
    EXPECT_NE(std::string_view(error.what()).find("0x04"), std::string_view::npos) << error.what();
  }
  metadata.Set("tokenizer.ggml.unknown_token_id", GgufType::kUint32, uint64_t{258});
  EXPECT_EQ(Tokenizer::FromGguf(metadata).Encode("a\x04"), (Ids{'a', 258}));
}

TEST(Tokenizer, TokensOutsideTheAlphabetAreNoText) {
  Metadata metadata = ByteLevelVocabulary({}, {}, {}, "llama-bpe");
  std::vector<std::string> tokens = *metadata.Strings("tokenizer.ggml.tokens");
  tokens.push_back("\xE2\x80\x8D");  // U+200D by itself, which no text of this alphabet spells
  std::vector<int64_t> kinds = *metadata.Ints("tokenizer.ggml.token_type");
  kinds.push_back(1);
  metadata.Set("tokenizer.ggml.tokens", GgufType::kString, tokens);
  metadata.Set("tokenizer.ggml.token_type", GgufType::kInt32, kinds);
  const Tokenizer tokenizer = Tokenizer::FromGguf(metadata);
  EXPECT_EQ(tokenizer.Encode("\xE2\x80\x8D"), (Ids{0xE2, 0x80, 0x8D}));
  EXPECT_EQ(tokenizer.Piece(256), "\xE2\x80\x8D");
}

TEST(Gguf, TellsWhatIsMissing) {
  const auto things = [](const Metadata& metadata) {
    std::string out;
    for (const Warning& warning : Tokenizer::FromGguf(metadata).Warnings("a.gguf")) {
      EXPECT_TRUE(warning.line.starts_with("a.gguf: " + warning.thing + " is missing")) << warning.line;
      out += warning.thing + " ";
    }
    return out;
  };
  Metadata metadata = ByteLevelVocabulary({{"a", "b"}});
  EXPECT_EQ(things(metadata), "");
  metadata.Set("tokenizer.ggml.pre", GgufType::kString, std::string("default"));
  EXPECT_EQ(things(metadata), "");
  metadata.Remove("tokenizer.ggml.pre");
  EXPECT_EQ(things(metadata), "tokenizer.ggml.pre ");
  metadata.Remove("tokenizer.ggml.token_type");
  EXPECT_EQ(things(metadata), "tokenizer.ggml.token_type tokenizer.ggml.pre ");
  Metadata pieces = SentencePieceVocabulary("llama", {{"a", -1}});  // which has no use for it
  EXPECT_EQ(things(pieces), "");
}

TEST(Gguf, CountsControlLookingTokensAsControl) {
  const Tokenizer tokenizer = Tokenizer::FromGguf(ByteLevelVocabulary({}, {}, {"<|user|>", "</s>", "<think>"}));
  EXPECT_EQ(tokenizer.Kind(256), TokenKind::kControl);
  EXPECT_EQ(tokenizer.Kind(257), TokenKind::kControl);
  EXPECT_EQ(tokenizer.Kind(258), TokenKind::kUserDefined);
  EXPECT_EQ(tokenizer.special().end, Ids{257});
}

// Merges in ranks over pieces whose spaces are U+2581, in the whole text: Gemma 4's.
TEST(Tokenizer, MergesPiecesInRanks) {
  Metadata metadata = SentencePieceVocabulary(
      "gemma4",
      {{"a", 0}, {"b", 0}, {"ab", 0}, {"\u2581", 0}, {"\u2581a", 0}, {"b\u2581a", 0}, {"\n", 0}, {"\n\n", 0}});
  metadata.Set("tokenizer.ggml.merges", GgufType::kString,
               std::vector<std::string>{"\u2581 a", "b \u2581a", "a b", "\n \n"});
  metadata.Set("tokenizer.ggml.add_bos_token", GgufType::kBool, false);
  const Tokenizer tokenizer = Tokenizer::FromGguf(metadata);
  const Token a = 259, ab = 261, b_a = 264, lines = 266;
  EXPECT_EQ(tokenizer.Encode("ab a"), (std::vector<Token>{a, b_a}))
      << "the merge of lower rank goes first, across the space";
  EXPECT_EQ(tokenizer.Encode("ab\n\n"), (std::vector<Token>{ab, lines}));
  EXPECT_EQ(tokenizer.Encode("\u00e9"), (std::vector<Token>{3 + 0xC3, 3 + 0xA9}));
  EXPECT_EQ(tokenizer.Decode(std::vector<Token>{a, b_a}), "ab a");
  EXPECT_TRUE(tokenizer.special().add_bos);
  ASSERT_EQ(tokenizer.Warnings("a.gguf").size(), 1U);
  EXPECT_EQ(tokenizer.Warnings("a.gguf")[0].thing, "tokenizer.ggml.add_bos_token");
  metadata.Set("tokenizer.ggml.merges", GgufType::kString, std::vector<std::string>{"a a"});
  EXPECT_THROW(Tokenizer::FromGguf(metadata), Error);
}

}  // namespace
}  // namespace sheepop
