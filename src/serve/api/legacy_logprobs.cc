#include "serve/api/legacy_logprobs.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <utility>

#include "base/utf8.h"
#include "serve/api/openai_stream.h"

namespace sheepop {
namespace {

namespace json = boost::json;

std::string Spelt(std::string_view bytes) {
  std::string text = "bytes:";
  for (const char c : bytes) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return text;
}

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }  // inside a character of UTF-8

}  // namespace

json::object LegacyLogprobs::Write(std::span<const TokenRecord> prompt, std::span<const TokenRecord> tokens) {
  json::array texts, logprobs, tops, offsets;
  for (const std::span<const TokenRecord> part : {prompt, tokens}) {
    for (const TokenRecord& token : part) {
      texts.push_back(json::value(NameOf(token.id)));
      offsets.push_back(OffsetOf(token));
      logprobs.push_back(token.logprob ? json::value(FiniteLogprob(*token.logprob)) : json::value(nullptr));
      tops.push_back(token.logprob ? json::value(TopOf(token, *token.logprob)) : json::value(nullptr));
    }
  }
  return {{"tokens", std::move(texts)},
          {"token_logprobs", std::move(logprobs)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

json::object LegacyLogprobs::TopOf(const TokenRecord& token, double drawn) const {
  json::object map;
  auto add = [&](Token id, double logprob) {
    std::string key = NameOf(id);
    if (map.contains(key)) key = Spelt(tokenizer_.Piece(id));
    if (map.contains(key)) key = fmt::format("token_id:{}", id);
    while (map.contains(key)) key += '\'';
    map[key] = FiniteLogprob(logprob);
  };
  const std::span best = std::span(token.top).first(std::min(top_, token.top.size()));
  for (const auto& [id, logprob] : best) add(id, logprob);
  const bool among = std::ranges::find(best, token.id, &std::pair<Token, double>::first) != best.end();
  if (!among) add(token.id, drawn);
  return map;
}

std::string LegacyLogprobs::NameOf(Token id) const {
  const std::string_view piece = tokenizer_.Piece(id);
  return IsValidUtf8(piece) ? std::string(piece) : Spelt(piece);
}

size_t LegacyLogprobs::OffsetOf(const TokenRecord& token) {
  // A token that begins inside a character stands where that one does.
  const bool inside = !token.bytes.empty() && Continues(token.bytes.front()) && characters_ > 0;
  const size_t offset = characters_ - inside;
  characters_ += static_cast<size_t>(std::ranges::count_if(token.bytes, [](char c) { return !Continues(c); }));
  return offset;
}

}  // namespace sheepop
