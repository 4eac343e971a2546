#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "checkpoint/gguf.h"
#include "testing/paths.h"
#include "tokenize/tokenizer.h"

namespace sheepop {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The strings, and their ids, one a line.
struct Vectors {
  std::vector<std::string> texts;
  std::vector<std::vector<Token>> ids;
};

Vectors ReadVectors(const std::filesystem::path& vocabulary) {
  constexpr std::string_view kSeparator = "\n__ggml_vocab_test__\n";
  Vectors vectors;
  const std::string input = ReadFile(vocabulary.string() + ".inp");
  std::string_view rest = input;
  for (size_t at = rest.find(kSeparator); at != std::string_view::npos; at = rest.find(kSeparator)) {
    vectors.texts.emplace_back(rest.substr(0, at));
    rest.remove_prefix(at + kSeparator.size());
  }
  vectors.texts.emplace_back(rest);
  std::ifstream output(vocabulary.string() + ".out");
  for (std::string line; std::getline(output, line);) {
    std::istringstream numbers(line);
    vectors.ids.emplace_back(std::istream_iterator<Token>(numbers), std::istream_iterator<Token>());
  }
  vectors.ids.resize(vectors.texts.size());  // the last text is empty, and has no line
  return vectors;
}

class TokenizerConformance : public ::testing::TestWithParam<const char*> {};

TEST_P(TokenizerConformance, GivesTheIdsOfTheReference) {
  const auto path = testing::SharedPath(std::string("conformance/tokenizers/ggml-vocab-") + GetParam() + ".gguf");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const GgufFile file = GgufFile::Open(path);
  const Tokenizer tokenizer = Tokenizer::FromGguf(file.metadata());
  const Vectors vectors = ReadVectors(path);
  ASSERT_GE(vectors.texts.size(), 46u);
  ASSERT_EQ(vectors.texts.size(), vectors.ids.size());
  for (size_t i = 0; i < vectors.texts.size(); ++i) {
    const std::string& text = vectors.texts[i];
    EXPECT_EQ(tokenizer.Encode(text), vectors.ids[i]) << "text " << i << ": '" << text << "'";
  }
}

INSTANTIATE_TEST_SUITE_P(Families, TokenizerConformance,
                         ::testing::Values("gpt-2", "llama-bpe", "qwen2", "starcoder", "deepseek-coder", "falcon",
                                           "llama-spm", "phi-3", "command-r", "gemma-4"),
                         [](const auto& family) {
                           std::string name = family.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace sheepop
