#include "generate/loaded_model.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

std::filesystem::path Tiny(std::string_view name) {
  return testing::SourcePath("tests/data/tiny/" + std::string(name));
}

TEST(LoadedModel, AFileAndItsFolderAreTheSameModel) {
  ThreadPool pool(1);
  const LoadedModel file = LoadedModel::Open(Tiny("llama/model.gguf"), {.context = 32}, pool);
  const LoadedModel folder = LoadedModel::Open(Tiny("llama"), {.context = 32}, pool);
  EXPECT_EQ(file.path, Tiny("llama/model.gguf"));
  EXPECT_EQ(file.tokenizer->vocab_size(), folder.tokenizer->vocab_size());
  EXPECT_EQ(file.tokenizer->Encode("some text"), folder.tokenizer->Encode("some text"));
  ASSERT_TRUE(file.chat_template.has_value());
  EXPECT_EQ(file.chat_template, folder.chat_template);
  EXPECT_EQ(file.model->config().vocab, folder.model->config().vocab);
}

TEST(LoadedModel, ItsVocabularyIsThatOfTokensWithRows) {
  ThreadPool pool(1);
  const LoadedModel loaded = LoadedModel::Open(Tiny("llama/model.gguf"), {}, pool);
  const TokenizerVocabulary& all = *loaded.vocabulary;
  EXPECT_EQ(all.size(), std::min(loaded.tokenizer->vocab_size(), loaded.model->config().vocab));
  EXPECT_EQ(all.piece(5), loaded.tokenizer->Piece(5));
  const std::vector<Token>& ends = loaded.tokenizer->special().end;
  ASSERT_FALSE(ends.empty());
  EXPECT_TRUE(std::ranges::equal(all.eos(), ends));
  const TokenizerVocabulary few(*loaded.tokenizer, static_cast<size_t>(ends[0]));
  EXPECT_EQ(few.size(), static_cast<size_t>(ends[0]));
  EXPECT_TRUE(few.eos().empty()) << "an end token without a row cannot be drawn";
}

TEST(LoadedModel, SaysWhatIsMissing) {
  ThreadPool pool(1);
  try {
    LoadedModel::Open(Tiny("nothing.gguf"), {}, pool);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kNotFound);
    EXPECT_NE(std::string(error.what()).find("nothing.gguf"), std::string::npos) << error.what();
  }
}

TEST(LoadedModel, SomeHaveNoTemplate) {
  ThreadPool pool(1);
  EXPECT_FALSE(LoadedModel::Open(Tiny("gpt2/model.gguf"), {}, pool).chat_template.has_value());
  EXPECT_FALSE(LoadedModel::Open(Tiny("gpt2"), {}, pool).chat_template.has_value());
}

}  // namespace
}  // namespace sheepop
