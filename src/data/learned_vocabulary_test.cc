#include "data/learned_vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"
#include "testing/temporary_folder.h"
#include "tokenize/tokenizer_source.h"

namespace sheepop {
namespace {

using testing::TemporaryFolder;
using testing::WriteFile;

class Vocabulary : public ::testing::Test {
 protected:
  Vocabulary() {
    for (int i = 0; i < 200; ++i) text_ += "the sheep and the goat and the dog on the hill. ";
    WriteFile(path_, text_);
  }
  LearnedVocabulary Learn(VocabularyKind kind, size_t entries, size_t threads = 1, VocabularyProgress progress = {}) {
    ThreadPool pool(threads);
    TokenizerTraining options;
    options.vocab_size = entries;
    options.split = "";
    return LearnVocabulary(path_.string(), {.names = {}, .share = 0.25}, kind, options, pool, progress);
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "text.txt";
  std::string text_;
};

TEST_F(Vocabulary, EveryByteIsLearnedOrMeasured) {
  for (const VocabularyKind kind : {VocabularyKind::kBpe, VocabularyKind::kUnigram}) {
    const LearnedVocabulary learned = Learn(kind, 400);
    EXPECT_EQ(learned.train_bytes, text_.size() * 3 / 4);
    EXPECT_EQ(learned.train_bytes + learned.held_out_bytes, text_.size());
    EXPECT_LT(learned.train_tokens, learned.train_bytes);
    EXPECT_LT(learned.held_out_tokens, learned.held_out_bytes);
    EXPECT_EQ(learned.merges > 0, kind == VocabularyKind::kBpe);
    ASSERT_FALSE(learned.longest.empty());
    EXPECT_GE(learned.longest.front().size(), learned.longest.back().size());
  }
}

TEST_F(Vocabulary, ATextMayHaveFewerEntriesThanWereAskedFor) {
  const LearnedVocabulary learned = Learn(VocabularyKind::kBpe, 1000);
  EXPECT_LT(learned.entries, 1000u);
  EXPECT_EQ(learned.entries, 256 + 3 + learned.merges);
}

TEST_F(Vocabulary, SaysWhatWasReadBeforeItLearns) {
  std::vector<std::string> told;
  VocabularyProgress progress;
  progress.read = [&](const VocabularyTexts& texts) {
    EXPECT_EQ(texts.learned, 1u);
    EXPECT_EQ(texts.held_out, 1u);
    EXPECT_GT(texts.words, 5u);
    EXPECT_EQ(texts.left_out, 0u);
    told.emplace_back("read");
  };
  progress.learned = [&](size_t) { told.emplace_back("learned"); };
  Learn(VocabularyKind::kBpe, 270, 1, progress);
  ASSERT_GE(told.size(), 1u);
  EXPECT_EQ(told.front(), "read");
  EXPECT_EQ(std::ranges::count(told, "read"), 1);
}

TEST_F(Vocabulary, IsTheSameInEachOfItsFilesAndForAnyNumberOfThreads) {
  const LearnedVocabulary learned = Learn(VocabularyKind::kBpe, 270);
  const auto files = WriteVocabulary(folder_ / "tok", learned.metadata);
  EXPECT_EQ(files.size(), 3u);
  EXPECT_EQ(WriteVocabulary(folder_ / "one.json", learned.metadata).size(), 1u);
  EXPECT_EQ(WriteVocabulary(folder_ / "one.gguf", Learn(VocabularyKind::kBpe, 270, 3).metadata).size(), 1u);
  const std::string wanted = TokenizerFingerprint(OpenTokenizer(folder_ / "tok").metadata);
  for (const char* name : {"tok/tokenizer.json", "tok/tokenizer.gguf", "one.json", "one.gguf"}) {
    EXPECT_EQ(TokenizerFingerprint(OpenTokenizer(folder_ / name).metadata), wanted) << name;
  }
}

TEST_F(Vocabulary, WrongSettingsAreRefusedBeforeAnythingIsRead) {
  path_ = folder_ / "nowhere.txt";
  try {
    Learn(VocabularyKind::kBpe, 5);
    FAIL() << "5 entries were taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kInvalidArgument);
  }
}

}  // namespace
}  // namespace sheepop
