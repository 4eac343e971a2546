#include "train/corpus_tokens.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "testing/temporary_folder.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

using testing::TemporaryFolder;
using testing::WriteFile;

CorpusTokens Read(const std::filesystem::path& input, const HeldOut& held_out) {
  ThreadPool pool(1);
  CorpusTokenOptions options;
  options.held_out = held_out;
  options.own.bytes = true;
  return ReadCorpusTokens(input.string(), options, pool);
}

TEST(CorpusTokens, OfBytesATokenIsAByteThatOccursAnywhere) {
  const TemporaryFolder folder;
  WriteFile(folder / "text.txt", "abacabax");
  const CorpusTokens tokens = Read(folder / "text.txt", {.names = {}, .share = 0.25});
  EXPECT_EQ(tokens.vocab, 5u);  // a b c x and the end
  EXPECT_EQ(tokens.end, Token{4});
  ASSERT_EQ(tokens.train->count(), 1u);
  ASSERT_EQ(tokens.held_out->count(), 1u);
  EXPECT_EQ(tokens.train->text_bytes(), 6u);
  Token last[2];
  tokens.held_out->Copy(0, 0, last);
  EXPECT_EQ(last[0], 0);
  EXPECT_EQ(last[1], 3);
}

TEST(CorpusTokens, ATokenizerOfItsOwnIsTheOneThatLearnVocabularyMakesAndSpellsEveryByte) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 300; ++i) text += "the sheep and the goat " + std::to_string(i % 17) + " on the hill. ";
  WriteFile(folder / "text.txt", text);
  ThreadPool pool(1);
  CorpusTokenOptions options;
  const CorpusTokens tokens = ReadCorpusTokens((folder / "text.txt").string(), options, pool);
  EXPECT_TRUE(tokens.own);
  EXPECT_EQ(tokens.vocab_asked, VocabularySizeFor(text.size()));
  const LearnedVocabulary learned = LearnVocabulary((folder / "text.txt").string(), {}, VocabularyKind::kBpe,
                                                    {.vocab_size = tokens.vocab_asked, .split = ""}, pool);
  ASSERT_EQ(tokens.vocabulary.entries().size(), learned.metadata.entries().size());
  EXPECT_EQ(*tokens.vocabulary.Strings("tokenizer.ggml.tokens"), *learned.metadata.Strings("tokenizer.ggml.tokens"));
  EXPECT_EQ(*tokens.vocabulary.Strings("tokenizer.ggml.merges"), *learned.metadata.Strings("tokenizer.ggml.merges"));
  const Tokenizer tokenizer = Tokenizer::FromGguf(tokens.vocabulary);
  const std::string unseen = "\xc3\xbc % \xe2\x82\xac \xff\x00";
  EXPECT_FALSE(tokenizer.Encode(unseen).empty());
  EXPECT_LT(tokens.train->size(0), tokens.train->text_bytes());
  EXPECT_EQ(tokens.train->text_bytes() + tokens.held_out->text_bytes(), text.size());
}

TEST(CorpusTokens, TheSizeOfATokenizerIsThatOfTheTextUnlessItIsGiven) {
  EXPECT_EQ(VocabularySizeFor(0), 512u);
  EXPECT_EQ(VocabularySizeFor(1'000'000), 1024u);
  EXPECT_EQ(VocabularySizeFor(5'000'000), 2048u);
  EXPECT_EQ(VocabularySizeFor(15'000'000), 4096u);
  EXPECT_EQ(VocabularySizeFor(uint64_t{1} << 40), 8192u);
  const TemporaryFolder folder;
  WriteFile(folder / "text.txt", "abacabax abacabax abacabax");
  ThreadPool pool(1);
  CorpusTokenOptions options;
  options.own.training.vocab_size = 260;
  EXPECT_EQ(ReadCorpusTokens((folder / "text.txt").string(), options, pool).vocab, 260u);
}

TEST(CorpusTokens, ANameThatFitsNoTextIsRefused) {
  const TemporaryFolder folder;
  WriteFile(folder / "text.txt", "abacabax");
  EXPECT_THROW(Read(folder / "text.txt", {.names = {"chapter"}}), Error);
}

}  // namespace
}  // namespace sheepop
