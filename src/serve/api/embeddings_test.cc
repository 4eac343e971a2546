#include "serve/api/embeddings.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstring>
#include <random>

#include "serve/api/test_support.h"

namespace sheepop {
namespace {

namespace json = boost::json;

using testing::Json;
using testing::OneModel;
using testing::ProblemFrom;
using testing::TinyContext;

EmbeddingsAsk Parse(std::string_view body) { return ParseEmbeddings(Json(body), TinyContext()); }

TEST(ParseEmbeddings, TextsAndIds) {
  const Tokenizer& tokenizer = *OneModel().Find("tiny")->loaded.tokenizer;
  const std::vector<Token> ids = tokenizer.EncodePrompt("ab");
  const std::string list = json::serialize(json::array(ids.begin(), ids.end()));
  for (const std::string& input : {std::string(R"("ab")"), std::string(R"(["ab"])"), list, fmt::format("[{}]", list)}) {
    const EmbeddingsAsk ask = Parse(fmt::format(R"({{"input": {}}})", input));
    ASSERT_EQ(ask.inputs.size(), 1u) << input;
    EXPECT_EQ(ask.inputs[0].ids, ids) << input;
    EXPECT_EQ(ask.pooling, Pooling::kMean);
    EXPECT_FALSE(ask.base64);
  }
  const size_t width = OneModel().Find("tiny")->loaded.model->config().hidden;
  const EmbeddingsAsk ask = Parse(fmt::format(
      R"({{"input": ["a", "b"], "encoding_format": "base64", "pooling": "last", "dimensions": {}, "user": "ada"}})",
      width));
  EXPECT_EQ(ask.inputs.size(), 2u);
  EXPECT_TRUE(ask.base64);
  EXPECT_EQ(ask.pooling, Pooling::kLast);
  EXPECT_EQ(ask.unused, std::vector<std::string>{"user"});
}

TEST(ParseEmbeddings, RefusesByTheField) {
  const std::pair<std::string, std::string_view> rows[] = {
      {R"({})", "input"},
      {R"({"input": []})", "input"},
      {R"({"input": ""})", "input"},
      {R"({"input": ["a", ""]})", "input[1]"},
      {R"({"input": [[1], []]})", "input[1]"},
      {R"({"input": [999999]})", "input[0]"},
      {R"({"input": "a", "dimensions": 5})", "dimensions"},
      {R"({"input": "a", "encoding_format": "hex"})", "encoding_format"},
      {R"({"input": "a", "pooling": "cls"})", "pooling"},
      {R"({"input": "a", "inputs": "b"})", "inputs"},
      {R"({"input": "a", "model": "other"})", "model"},
      {json::serialize(json::object({{"input", json::array(2049, "a")}})), "input"},
  };
  for (const auto& [body, param] : rows) {
    const ApiProblem problem = ProblemFrom([&] { Parse(body); });
    EXPECT_EQ(problem.param, param) << problem.message;
    EXPECT_EQ(problem.status, param == "model" ? 404u : 400u);
  }
  EXPECT_EQ(Parse(json::serialize(json::object({{"input", json::array(2048, "a")}}))).inputs.size(), 2048u);
}

TEST(EmbeddingsAnswer, FloatsAndBase64AreTheSameBits) {
  EmbeddingsAsk ask = Parse(R"({"input": ["ab", "c"]})");
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> vectors(2, std::vector<float>(37));
  for (std::vector<float>& vector : vectors) {
    for (float& value : vector) value = normal(random);
  }
  vectors[0][0] = -0.0f;
  vectors[0][1] = 1e-42f;
  const json::object plain = Json(json::serialize(EmbeddingsAnswer(ask, "mine", vectors)));
  ask.base64 = true;
  const json::object coded = EmbeddingsAnswer(ask, "mine", vectors);
  for (size_t i = 0; i < 2; ++i) {
    const json::value& entry = plain.at("data").at(i);
    EXPECT_EQ(entry.at("index"), i);
    EXPECT_EQ(entry.at("object"), "embedding");
    const std::string text(coded.at("data").at(i).at("embedding").as_string());
    std::vector<unsigned char> bytes(text.size());
    EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    for (size_t j = 0; j < 37; ++j) {
      const auto value = static_cast<float>(entry.at("embedding").at(j).to_number<double>());
      float decoded = 0;
      std::memcpy(&decoded, bytes.data() + 4 * j, 4);
      EXPECT_EQ(std::memcmp(&value, &vectors[i][j], 4), 0);
      EXPECT_EQ(std::memcmp(&decoded, &vectors[i][j], 4), 0);
    }
  }
  EXPECT_EQ(plain.at("model"), "mine");
  EXPECT_EQ(plain.at("usage").at("prompt_tokens"), ask.inputs[0].ids.size() + ask.inputs[1].ids.size());
  EXPECT_EQ(plain.at("usage").at("total_tokens"), plain.at("usage").at("prompt_tokens"));
  EXPECT_EQ(plain.at("sheepop").at("pooling"), "mean");
}

}  // namespace
}  // namespace sheepop
