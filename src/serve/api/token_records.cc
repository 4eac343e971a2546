#include "serve/api/token_records.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "explain/json.h"
#include "serve/api/openai_stream.h"

namespace sheepop {
namespace {

namespace json = boost::json;

json::array Bytes(std::string_view bytes) {
  json::array list;
  list.reserve(bytes.size());
  for (const char byte : bytes) list.push_back(static_cast<unsigned char>(byte));
  return list;
}

json::object Entry(Token id, std::string_view bytes, double logprob, const ServedModel& model) {
  return {{"token", ToValidUtf8(model.loaded.tokenizer->Piece(id))},
          {"logprob", FiniteLogprob(logprob)},
          {"bytes", Bytes(bytes)}};
}

}  // namespace

json::array LogprobEntries(std::span<const TokenRecord> tokens, const ServedModel& model) {
  json::array entries;
  for (const TokenRecord& token : tokens) {
    json::array best;
    for (const auto& [id, logprob] : token.top) {
      best.push_back(Entry(id, model.loaded.tokenizer->Piece(id), logprob, model));
    }
    json::object entry = Entry(token.id, token.bytes, token.logprob.value_or(0), model);
    entry["top_logprobs"] = std::move(best);
    entries.push_back(std::move(entry));
  }
  return entries;
}

json::array TraceEntries(std::span<const TokenRecord> tokens, const ServedModel& model) {
  json::array traces;
  for (const TokenRecord& token : tokens) {
    if (!token.trace) continue;
    json::object trace = TraceJson(*token.trace, *model.loaded.vocabulary);
    trace["bytes"] = Bytes(token.bytes);
    traces.push_back(std::move(trace));
  }
  return traces;
}

}  // namespace sheepop
