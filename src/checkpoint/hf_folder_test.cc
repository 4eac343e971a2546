#include "checkpoint/hf_folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error_matchers.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;

class HfFolders : public ::testing::Test {
 protected:
  HfFolders() : folder_(fs::path(::testing::TempDir()) / "sheepop_hf_folder_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    Write("config.json", R"({"model_type":"llama","hidden_size":2})");
    Write("tokenizer.json", R"({"model":{}})");
    SafetensorsWriter writer(folder_ / "model.safetensors", {{"w", DType::kF16, {1}}});
    writer.Append("w", std::as_bytes(std::span("xx", 2)));
    writer.Commit();
  }
  ~HfFolders() override { fs::remove_all(folder_); }

  void Write(const std::string& name, std::string_view text) const { std::ofstream(folder_ / name) << text; }
  HfFolder Open() const { return HfFolder::Open(folder_); }
  fs::path folder_;
};

TEST_F(HfFolders, ReadsWhatIsThere) {
  HfFolder folder = Open();
  EXPECT_EQ(folder.config.at("hidden_size"), 2);
  EXPECT_EQ(folder.tokenizer_json, R"({"model":{}})");
  EXPECT_FALSE(folder.generation_config);
  EXPECT_FALSE(folder.tokenizer_config);
  EXPECT_FALSE(folder.chat_template);
  EXPECT_NE(folder.weights.Find("w"), nullptr);
  Write("generation_config.json", R"({"eos_token_id":[1,2]})");
  Write("tokenizer_config.json", R"({"model_max_length":1000000000000000019884624838656})");
  folder = Open();
  EXPECT_EQ(folder.generation_config->at("eos_token_id").as_array().size(), 2u);
  EXPECT_TRUE(folder.tokenizer_config->at("model_max_length").is_double());
}

TEST_F(HfFolders, FindsTheChatTemplate) {
  Write("tokenizer_config.json", R"({"chat_template":"one"})");
  EXPECT_EQ(Open().chat_template, "one");
  Write("tokenizer_config.json",
        R"({"chat_template":[{"name":"tool_use","template":"t"},{"name":"default","template":"d"}]})");
  EXPECT_EQ(Open().chat_template, "d");
  Write("tokenizer_config.json", R"({"chat_template":null})");
  EXPECT_EQ(Open().chat_template, std::nullopt);
  Write("tokenizer_config.json", R"({"chat_template":5})");
  ExpectError([&] { Open(); }, ErrorCategory::kCorrupt, {"tokenizer_config.json", "chat_template"});
  Write("tokenizer_config.json", R"({"chat_template":"one"})");
  Write("chat_template.jinja", "{{ own }}");
  EXPECT_EQ(Open().chat_template, "{{ own }}");
}

TEST_F(HfFolders, SaysWhatIsMissing) {
  fs::remove(folder_ / "tokenizer.json");
  ExpectError([&] { Open(); }, ErrorCategory::kNotFound, {folder_.string(), "no tokenizer.json"});
  Write("tokenizer.model", "x");
  ExpectError([&] { Open(); }, ErrorCategory::kNotFound, {"tokenizer.model but no tokenizer.json", "AutoTokenizer"});
  fs::remove(folder_ / "model.safetensors");
  ExpectError([&] { Open(); }, ErrorCategory::kNotFound, {"no weights"});
  fs::remove(folder_ / "config.json");
  ExpectError([&] { Open(); }, ErrorCategory::kNotFound, {"no config.json"});
  fs::remove_all(folder_);
  ExpectError([&] { Open(); }, ErrorCategory::kNotFound, {"no folder"});
}

TEST_F(HfFolders, BrokenFilesAreNamed) {
  Write("tokenizer.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n");
  ExpectError([&] { Open(); }, ErrorCategory::kCorrupt, {"tokenizer.json", "Git LFS pointer"});
  Write("config.json", "{\"a\":");
  ExpectError([&] { Open(); }, ErrorCategory::kCorrupt, {"config.json", "not valid JSON"});
  Write("config.json", "");
  ExpectError([&] { Open(); }, ErrorCategory::kCorrupt, {"config.json", "empty"});
}

}  // namespace
}  // namespace sheepop
