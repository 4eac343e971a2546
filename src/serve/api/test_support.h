// For the tests of this folder: the models that a server has, what a refusal says, and made-up answers.
#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/thread_pool.h"
#include "sample/profile.h"
#include "serve/api/request_context.h"
#include "serve/api_error.h"
#include "serve/dialect.h"
#include "serve/served_model.h"
#include "testing/paths.h"

namespace sheepop::testing {

// "tiny", with all bytes and a ChatML template; and with `plain`, "plain", which has no template. Both of random weights.
class TinyModels final : public ServedModels {
 public:
  explicit TinyModels(bool plain = false) {
    models_.push_back(Open("tiny", "llama", {"gpt-tiny", "org/tiny"}));
    if (plain) models_.push_back(Open("plain", "gpt2", {}));
  }

  std::shared_ptr<const ServedModel> Find(std::string_view name) const override {
    if (name.empty() && models_.size() == 1) return models_[0];
    for (const auto& model : models_) {
      if (model->name == name || std::ranges::find(model->aliases, name) != model->aliases.end()) return model;
    }
    throw ApiError({.status = 404,
                    .type = "not_found_error",
                    .code = "model_not_found",
                    .param = "model",
                    .message = fmt::format("there is no model {}", name)});
  }
  std::vector<std::shared_ptr<const ServedModel>> All() const override { return models_; }

 private:
  static std::shared_ptr<const ServedModel> Open(std::string name, std::string_view folder,
                                                 std::vector<std::string> aliases) {
    ThreadPool pool(1);
    auto model = std::make_shared<ServedModel>();
    model->name = std::move(name);
    model->aliases = std::move(aliases);
    model->loaded = LoadedModel::Open(SourcePath(fmt::format("tests/data/tiny/{}/model.gguf", folder)), {}, pool);
    SetChat(*model);
    model->sampling = ProfileNamed("openai").defaults;
    model->engine.context = model->context = 64;
    model->engine.sequences = 8;
    model->created = 1'700'000'000;
    return model;
  }

  std::vector<std::shared_ptr<const ServedModel>> models_;
};

inline const TinyModels& OneModel() {
  static const TinyModels models;
  return models;
}

inline const TinyModels& TwoModels() {
  static const TinyModels models(true);
  return models;
}

inline RequestContext TinyContext() { return {.models = OneModel(), .now = 1'700'000'000}; }

inline boost::json::object Json(std::string_view text) { return ParseJsonObject(text, "test"); }

// The problem that `work` throws; one of status 0 where it throws none.
template <class Work>
ApiProblem ProblemFrom(Work&& work) {
  try {
    std::forward<Work>(work)();
  } catch (const ApiError& error) {
    return error.problem();
  }
  return {.status = 0, .type = "none", .message = "nothing was thrown"};
}

// The data of each event of a stream. Fails the test for what is no whole event; "[DONE]" is an empty object.
inline std::vector<boost::json::object> EventsOf(std::string_view stream) {
  std::vector<boost::json::object> events;
  while (!stream.empty()) {
    const size_t end = stream.find("\n\n");
    const std::string_view event = stream.substr(0, end);
    if (end == std::string_view::npos || !event.starts_with("data: ") || event.find('\n') != std::string_view::npos) {
      ADD_FAILURE() << "no whole event: " << stream;
      break;
    }
    const std::string_view data = event.substr(6);
    events.push_back(data == "[DONE]" ? boost::json::object() : Json(data));
    stream.remove_prefix(end + 2);
  }
  return events;
}

// A token of a made-up text, with two candidates of which it is the first.
inline TokenRecord MadeToken(const ServedModel& model, std::string_view piece, double logprob) {
  const Token id = model.loaded.tokenizer->Find(piece).value();
  return {.id = id, .bytes = std::string(piece), .logprob = logprob, .top = {{id, logprob}, {id + 1, logprob - 1}}};
}

// The pieces of a made-up choice, one for each token; control tokens show as nothing.
inline std::vector<Piece> MadePieces(const ServedModel& model, size_t choice, const std::vector<std::string>& tokens) {
  std::vector<Piece> pieces;
  size_t offset = 0;
  for (const std::string& token : tokens) {
    TokenRecord record = MadeToken(model, token, -0.1 - static_cast<double>(offset) / 3);
    if (model.loaded.tokenizer->special().Ends(record.id)) record.bytes.clear();
    record.text_offset = offset;
    offset += record.bytes.size();
    pieces.push_back({choice, record.bytes, {record}});
    if (!record.bytes.empty()) pieces.back().deltas = {{AnswerDelta::kText, record.bytes, 0, ""}};
  }
  return pieces;
}

inline ChoiceResult ResultOf(const std::vector<Piece>& pieces, FinishReason reason) {
  ChoiceResult result;
  result.reason = reason;
  for (const Piece& piece : pieces) {
    result.text += piece.text;
    for (const TokenRecord& token : piece.tokens) {
      result.tokens.push_back(token);
      result.ids.push_back(token.id);
    }
    AddTo(result.parts, piece.deltas, result.tokens.size());
  }
  return result;
}

inline AnswerHead TestHead() { return {.id = "0123456789abcdefghijklmn", .created = 1'700'000'000, .model = "tiny"}; }

inline Ledger TestLedger() {
  Ledger ledger;
  ledger.prompt_tokens = 20;
  ledger.reused = 16;
  ledger.computed = 4;
  ledger.written = 6;
  ledger.sheepop = {{"seed", 7}};
  return ledger;
}

// All pieces by turns, then the ends, the last choice first.
inline std::string StreamOf(Dialect& dialect, const std::vector<std::vector<Piece>>& choices,
                            const std::vector<ChoiceResult>& results) {
  std::string stream = dialect.Begin(TestHead());
  for (size_t i = 0; std::ranges::any_of(choices, [&](const auto& pieces) { return i < pieces.size(); }); ++i) {
    for (size_t choice = choices.size(); choice-- > 0;) {
      if (i < choices[choice].size()) stream += dialect.OnPiece(choices[choice][i]);
    }
  }
  for (size_t choice = results.size(); choice-- > 0;) stream += dialect.OnFinish(choice, results[choice]);
  return stream + dialect.End(TestLedger());
}

}  // namespace sheepop::testing
