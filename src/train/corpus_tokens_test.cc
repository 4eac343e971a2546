#include "train/corpus_tokens.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "testing/temporary_folder.h"

namespace sheepop {
namespace {

using testing::TemporaryFolder;
using testing::WriteFile;

CorpusTokens Read(const std::filesystem::path& input, const HeldOut& held_out) {
  ThreadPool pool(1);
  CorpusTokenOptions options;
  options.held_out = held_out;
  return ReadCorpusTokens(input.string(), options, pool);
}

TEST(CorpusTokens, WithoutATokenizerATokenIsAByteThatOccursAnywhere) {
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

TEST(CorpusTokens, ANameThatFitsNoTextIsRefused) {
  const TemporaryFolder folder;
  WriteFile(folder / "text.txt", "abacabax");
  EXPECT_THROW(Read(folder / "text.txt", {.names = {"chapter"}}), Error);
}

}  // namespace
}  // namespace sheepop
