#include "serve/api/tokens.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "serve/api/test_support.h"

namespace sheepop {
namespace {

namespace json = boost::json;

using testing::Json;
using testing::OneModel;
using testing::ProblemFrom;
using testing::TinyContext;
using testing::TwoModels;

json::object Tokens(std::string_view body) { return TokenizeText(Json(body), TinyContext()); }

const Tokenizer& TinyTokenizer() { return *OneModel().Find("tiny")->loaded.tokenizer; }

std::string IdsText(const std::vector<Token>& ids) { return json::serialize(json::array(ids.begin(), ids.end())); }

TEST(TokenizeText, BothSpellings) {
  const std::string ids = IdsText(TinyTokenizer().Encode("a<|im_end|>", SpecialTokens::kParse));
  for (std::string_view body : {R"({"prompt": "a<|im_end|>", "add_special_tokens": false, "model": "tiny"})",
                                R"({"content": "a<|im_end|>", "add_special": false, "parse_special": true})",
                                R"({"content": "a<|im_end|>"})"}) {
    const json::object answer = Tokens(body);
    EXPECT_EQ(json::serialize(answer.at("tokens")), ids) << body;
    EXPECT_EQ(answer.at("count"), answer.at("tokens").as_array().size());
    EXPECT_EQ(answer.at("max_model_len"), 64);
  }
  EXPECT_EQ(json::serialize(Tokens(R"({"content": "a<|im_end|>", "parse_special": false})").at("tokens")),
            IdsText(TinyTokenizer().Encode("a<|im_end|>")));
  EXPECT_EQ(json::serialize(Tokens(R"({"prompt": "abc"})").at("tokens")), IdsText(TinyTokenizer().EncodePrompt("abc")));
  EXPECT_EQ(Tokens(R"({"content": ""})").at("count"), 0);
}

TEST(TokenizeText, PiecesAndStrings) {
  EXPECT_EQ(json::serialize(Tokens(R"({"content": "a", "with_pieces": true})").at("tokens")),
            fmt::format(R"([{{"id":{},"piece":"a"}}])", *TinyTokenizer().Find("a")));
  const json::object wide = Tokens("{\"content\": \"\u2603\", \"with_pieces\": true, \"return_token_strs\": true}");
  std::string bytes;
  for (const json::value& token : wide.at("tokens").as_array()) {
    for (const json::value& byte : token.at("piece").as_array())
      bytes.push_back(static_cast<char>(byte.to_number<int>()));
  }
  EXPECT_EQ(bytes, "\u2603");
  EXPECT_EQ(wide.at("token_strs").as_array().size(), wide.at("tokens").as_array().size());
}

TEST(TokenizeText, MessagesAreAChatsPrompt) {
  const json::object answer = Tokens(
      R"({"messages": [{"role": "user", "content": "Hi"}], "add_generation_prompt": false, "with_pieces": true})");
  std::string text;
  for (const json::value& token : answer.at("tokens").as_array()) text += token.at("piece").as_string();
  EXPECT_EQ(text, "<|im_start|>user\nHi<|im_end|>\n");
}

TEST(TokenizeText, RefusesByTheField) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({})", "prompt"},
      {R"({"prompt": 5})", "prompt"},
      {R"({"prompt": "a", "content": "a"})", "content"},
      {R"({"prompt": "a", "add_special_tokens": true, "add_special": true})", "add_special"},
      {R"({"prompt": "a", "add_special_token": true})", "add_special_token"},
      {R"({"messages": [], "with_pieces": true})", "messages"},
      {R"({"messages": [{"role": "user", "content": "a"}], "add_special": true})", "add_special"},
      {R"({"messages": [{"role": "user", "content": "a"}], "with_piece": true})", "with_piece"},
      {R"({"prompt": "a", "model": "other"})", "model"},
  };
  for (const auto& [body, param] : rows) {
    EXPECT_EQ(ProblemFrom([&] { Tokens(body); }).param, param) << body;
  }
}

TEST(DetokenizeIds, GivesTheTextBack) {
  const std::vector<Token> ids = TinyTokenizer().Encode("a\u2603<|im_end|>", SpecialTokens::kParse);
  const json::object answer = DetokenizeIds(Json(fmt::format(R"({{"tokens": {}}})", IdsText(ids))), TinyContext());
  EXPECT_EQ(answer.at("prompt"), "a\u2603<|im_end|>");
  EXPECT_EQ(answer.at("content"), answer.at("prompt"));
  EXPECT_EQ(DetokenizeIds(Json(R"({"tokens": []})"), TinyContext()).at("prompt"), "");
  for (const auto& [body, param] :
       {std::pair(R"({})", "tokens"), std::pair(R"({"tokens": [1, 999999]})", "tokens[1]"),
        std::pair(R"({"tokens": ["1"]})", "tokens[0]"), std::pair(R"({"tokens": [1], "token": []})", "token")}) {
    EXPECT_EQ(ProblemFrom([&] { DetokenizeIds(Json(body), TinyContext()); }).param, param) << body;
  }
}

TEST(ApplyTemplate, RendersWithoutWriting) {
  EXPECT_EQ(json::serialize(ApplyTemplate(
                Json(R"({"messages": [{"role": "user", "content": "Hi"}], "temperature": 0})"), TinyContext())),
            R"({"prompt":"<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"})");
}

TEST(TokenizerInfo, NamesTheSpecialTokens) {
  const json::object info = TokenizerInfo(*OneModel().Find("tiny"));
  EXPECT_EQ(info.at("eos_token"), "<|im_end|>");
  EXPECT_EQ(info.at("bos_token"), "<|endoftext|>");
  EXPECT_EQ(info.at("chat_template"), json::value(OneModel().Find("tiny")->chat->source()));
  EXPECT_TRUE(TokenizerInfo(*TwoModels().Find("plain")).at("chat_template").is_null());
}

}  // namespace
}  // namespace sheepop
