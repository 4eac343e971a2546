#include "serve/api/embeddings.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <bit>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstring>
#include <utility>

#include "serve/api/prompt_ids.h"
#include "serve/fields.h"

namespace sheepop {
namespace {

namespace json = boost::json;

static_assert(std::endian::native == std::endian::little, "floats go out as they lie in memory");

constexpr size_t kMostInputs = 2048;

std::string Base64(std::span<const float> vector) {
  const std::span bytes = std::as_bytes(vector);
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // and the zero that OpenSSL puts behind it
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

// A bos alone would stand for an empty text.
void RefuseEmpty(Fields& fields) {
  const json::value* const input = fields.Any("input");
  auto check = [&](const json::value& text, const std::string& path) {
    if (text.is_string() && text.get_string().empty()) RefuseField(path, fmt::format("{} is empty", path));
  };
  if (!input) return;
  check(*input, fields.Path("input"));
  const json::array* const list = input->if_array();
  for (size_t i = 0; list && i < list->size(); ++i) check((*list)[i], ElementPath(fields.Path("input"), i));
}

}  // namespace

EmbeddingsAsk ParseEmbeddings(const json::object& body, const RequestContext& context) {
  Fields fields(body);
  EmbeddingsAsk ask;
  ask.model = context.models.Find(fields.String("model").value_or(""));
  ask.base64 = fields.Choice("encoding_format", {"float", "base64"}) == "base64";
  ask.pooling = fields.Choice("pooling", {"mean", "last"}) == "last" ? Pooling::kLast : Pooling::kMean;
  const size_t width = ask.model->loaded.model->config().hidden;
  const std::optional<int64_t> dimensions = fields.Integer("dimensions", AtLeast(1));
  if (dimensions && static_cast<size_t>(*dimensions) != width) {
    fields.Refuse("dimensions",
                  fmt::format("is {}, must be {}, the width of the model: vectors are not cut", *dimensions, width));
  }
  const TextReading reading{.add_special = fields.Bool("add_special_tokens").value_or(true),
                            .parse_special = fields.Bool("parse_special").value_or(false)};
  fields.Unused({"user"}, ask.unused);
  RefuseEmpty(fields);
  fields.Finish(context.unknown, ask.unused);
  ask.inputs = ReadPrompts(fields, "input", *ask.model, reading, kMostInputs);
  return ask;
}

json::object EmbeddingsAnswer(const EmbeddingsAsk& ask, std::string_view model,
                              std::span<const std::vector<float>> vectors) {
  json::array data;
  size_t tokens = 0;
  for (const AskedPrompt& input : ask.inputs) tokens += input.ids.size();
  for (const std::vector<float>& vector : vectors) {
    json::object entry{{"object", "embedding"}, {"index", data.size()}};
    entry["embedding"] =
        ask.base64 ? json::value(Base64(vector)) : json::value(json::array(vector.begin(), vector.end()));
    data.push_back(std::move(entry));
  }
  json::object about{{"pooling", ask.pooling == Pooling::kLast ? "last" : "mean"},
                     {"dimensions", ask.model->loaded.model->config().hidden},
                     {"unused", json::array(ask.unused.begin(), ask.unused.end())}};
  return {{"object", "list"},
          {"data", std::move(data)},
          {"model", model},
          {"usage", json::object({{"prompt_tokens", tokens}, {"total_tokens", tokens}})},
          {"sheepop", std::move(about)}};
}

}  // namespace sheepop
