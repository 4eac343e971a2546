#include "serve/api/completions.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <utility>

#include "serve/api/constraints.h"
#include "serve/api/legacy_logprobs.h"
#include "serve/api/openai_fields.h"
#include "serve/api/openai_stream.h"
#include "serve/api/prompt_ids.h"

namespace sheepop {
namespace {

namespace json = boost::json;

class CompletionsDialect final : public OpenAiDialect {
 public:
  CompletionsDialect(const Ask& ask, const OpenAiShape& shape, bool echo)
      : OpenAiDialect(ask, shape, {"cmpl-", "text_completion", "text_completion"}),
        echo_(echo),
        waits_(ask.score_prompt),
        prompts_(ask.prompts.size()),
        held_(ask.prompts.size() * ask.n),
        states_(ask.prompts.size() * ask.n, LegacyLogprobs(*ask.model->loaded.tokenizer, ask.logprobs.value_or(0))) {
    for (size_t i = 0; i < held_.size(); ++i) held_[i].choice = i;
    for (size_t i = 0; echo_ && i < prompts_.size(); ++i) prompts_[i] = ask.prompts[i].text;
  }

  // The prompt's scores stand before everything else, and are known at the end.
  std::string OnPiece(const Piece& piece) override {
    if (!waits_) return OpenAiDialect::OnPiece(piece);
    Piece& held = held_[piece.choice];
    held.text += piece.text;
    held.tokens.insert(held.tokens.end(), piece.tokens.begin(), piece.tokens.end());
    return "";
  }

  std::string OnFinish(size_t choice, const ChoiceResult& result) override {
    std::string events;
    if (waits_) {
      const json::object first = Members(prompts_[choice / n_], Logprobs(choice, Shown(choice, result.prompt), {}));
      events = Event(Chunk(choice, first)) + OpenAiDialect::OnPiece(held_[choice]);
    }
    return events + OpenAiDialect::OnFinish(choice, result);
  }

 private:
  json::object WholeChoice(size_t choice, const ChoiceResult& result) override {
    return Members(prompts_[choice / n_] + result.text, Logprobs(choice, Shown(choice, result.prompt), result.tokens));
  }

  json::object Opening(size_t choice) override {
    if (!echo_ || waits_) return {};
    return Members(prompts_[choice / n_], nullptr);
  }

  std::vector<json::object> Deltas(const Piece& piece, bool even_none) override {
    if (piece.text.empty() && !even_none) return {};
    return {Members(piece.text, Logprobs(piece.choice, {}, piece.tokens))};
  }

  json::object Silence() override { return Members("", nullptr); }

  static json::object Members(const std::string& text, json::value logprobs) {
    return {{"text", text}, {"logprobs", std::move(logprobs)}, {"finish_reason", nullptr}};
  }

  // The prompt's tokens with the bytes that the echoed text has of them: no names of control tokens, and no space that
  // a tokenizer puts in front.
  std::vector<TokenRecord> Shown(size_t choice, std::vector<TokenRecord> prompt) const {
    const Tokenizer& tokenizer = *model_->loaded.tokenizer;
    bool first = true;
    for (TokenRecord& token : prompt) {
      if (tokenizer.Kind(token.id) == TokenKind::kControl) token.bytes.clear();
      const bool space = first && token.bytes.starts_with(' ') && !prompts_[choice / n_].starts_with(' ');
      if (space) token.bytes.erase(0, 1);
      first = first && token.bytes.empty() && !space;
    }
    return prompt;
  }

  json::value Logprobs(size_t choice, std::span<const TokenRecord> prompt, std::span<const TokenRecord> tokens) {
    if (!logprobs_) return nullptr;
    return states_[choice].Write(prompt, tokens);
  }

  const bool echo_, waits_;
  std::vector<std::string> prompts_;  // that are echoed
  std::vector<Piece> held_;           // of each choice, where it waits
  std::vector<LegacyLogprobs> states_;
};

void RefuseOtherForms(Fields& fields, const Ask& ask) {
  if (fields.Any("suffix")) {
    RefuseUnsupported(fields.Path("suffix"), "suffix is given, and texts are written forwards only: leave it out");
  }
  const std::optional<int64_t> best_of = fields.Integer("best_of", AtLeast(1));
  if (!best_of) return;
  const auto n = static_cast<int64_t>(ask.n);
  if (*best_of < n) fields.Refuse("best_of", fmt::format("is {}, must be at least n, which is {}", *best_of, n));
  if (*best_of > n) {
    RefuseUnsupported(fields.Path("best_of"),
                      fmt::format("best_of is {}, and all texts are handed back: give n alone", *best_of));
  }
}

}  // namespace

Parsed ParseCompletions(const json::object& body, const RequestContext& context) {
  constexpr size_t kTokens = 16;  // OpenAI's default
  Fields fields(body);
  Ask ask;
  const OpenAiShape shape = ReadOpenAiFields(fields, context, ask);
  ask.options.max_tokens = ReadMaxTokens(fields, {"max_tokens"}).value_or(kTokens);
  const bool echo = fields.Bool("echo").value_or(false);
  if (const auto logprobs = fields.Integer("logprobs", Between(0, 5))) ask.logprobs = static_cast<size_t>(*logprobs);
  ask.score_prompt = echo && ask.logprobs;
  RefuseOtherForms(fields, ask);
  const TextReading reading{.add_special = fields.Bool("add_special_tokens").value_or(true),
                            .parse_special = fields.Bool("parse_special").value_or(false)};
  fields.Any("prompt");
  fields.Finish(context.unknown, ask.unused);
  ask.prompt_field = "prompt";
  ask.prompts = ReadPrompts(fields, ask.prompt_field, *ask.model, reading, kMostPrompts);
  if (ask.record && ask.prompts.size() > 1) {
    fields.Refuse("record", fmt::format("is true, but there are {} prompts: give one", ask.prompts.size()));
  }
  CheckShape(ask);
  auto dialect = std::make_unique<CompletionsDialect>(ask, shape, echo);
  return {std::move(ask), std::move(dialect)};
}

}  // namespace sheepop
