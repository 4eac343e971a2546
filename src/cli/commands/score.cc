// sheepop score: log-probabilities of a given text, perplexity of a file.
#include "evaluate/score.h"

#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/quoted.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/flags/model_flags.h"
#include "cli/flags/prompt_flags.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

class ScoreCommand final : public Command {
 public:
  void Register(FlagSet flags) override {
    model_.Register(flags, true);
    prompt_.Register(flags);
    flags
        .Value("-c,--context", options_.context, {2, 1 << 24},
               "tokens of one window, at least 2 (default: the model's own context)")
        .As("N");
    flags
        .Value("--stride", options_.stride, {1, 1 << 24},
               "tokens that each window after the first adds, 1 to less than the context; the rest of a window is what "
               "stands before them (default: half the context)")
        .As("N");
    flags
        .Value<kernel::KvType>(
            "--kv-type", options_.kv_type,
            {{"f32", kernel::KvType::kF32}, {"f16", kernel::KvType::kF16}, {"bf16", kernel::KvType::kBf16}},
            "numbers of the cache: f32, f16 (up to 65504, beyond which they are cut) or bf16 (default f16)")
        .As("TYPE");
    flags.Switch("--per-token", per_token_, "report each token's log-probability and rank");
  }

  int Run(Console& console) override;

 private:
  void Print(const Console& console, const Tokenizer& tokenizer, const ScoreResult& result,
             std::optional<double> bits_per_byte) const;
  void PrintJson(const Console& console, const Tokenizer& tokenizer, const ScoreResult& result,
                 std::optional<double> bits_per_byte) const;

  ModelFlags model_;
  PromptFlags prompt_;
  ScoreOptions options_;
  bool per_token_ = false;
};

void ScoreCommand::PrintJson(const Console& console, const Tokenizer& tokenizer, const ScoreResult& result,
                             std::optional<double> bits_per_byte) const {
  json::object out{{"tokens", result.tokens.size()},
                   {"nll", result.nll},
                   {"perplexity", result.perplexity()},
                   {"bits_per_byte", bits_per_byte ? json::value(*bits_per_byte) : json::value(nullptr)}};
  if (per_token_) {
    json::array list;
    for (const ScoredToken& token : result.tokens) {
      list.push_back({{"id", token.id},
                      {"piece", ToValidUtf8(tokenizer.Piece(token.id))},
                      {"logprob", token.logprob},
                      {"rank", token.rank}});
    }
    out["per_token"] = std::move(list);
  }
  console.PrintJson(out);
}

void ScoreCommand::Print(const Console& console, const Tokenizer& tokenizer, const ScoreResult& result,
                         std::optional<double> bits_per_byte) const {
  std::string text;
  if (per_token_) {
    text += fmt::format("{:>10}{:>8}{:>8}  {}\n", "logprob", "rank", "id", "piece");
    for (const ScoredToken& token : result.tokens) {
      text += fmt::format("{:>10.4f}{:>8}{:>8}  {}\n", token.logprob, token.rank, token.id,
                          Quoted(tokenizer.Piece(token.id)));
    }
  }
  text += fmt::format("{} tokens scored, {:.3f} nats, perplexity {:.4f}", result.tokens.size(), result.nll,
                      result.perplexity());
  if (bits_per_byte) text += fmt::format(", {:.4f} bits a byte", *bits_per_byte);
  console.Print(text + "\n");
}

int ScoreCommand::Run(Console& console) {
  const std::optional<std::string> text = prompt_.has_ids() ? std::nullopt : std::optional(prompt_.Text());
  LoadOptions load;
  load.context = options_.context;
  load.sequences = 0;  // no more is cached than the text has
  const LoadedModel loaded = model_.Open(console, load);
  const std::vector<Token> ids = text ? prompt_.Encode(*loaded.tokenizer, *text) : prompt_.ids();
  prompt_.RequireTokens(ids.size(), 2);
  const size_t window = options_.context ? options_.context : loaded.model->config().context;
  if (options_.stride != 0 && ids.size() <= window) {
    console.Warn({"no_effect", "--stride", std::to_string(options_.stride),
                  fmt::format("--stride is {} and changes nothing, for the text has {} tokens and one window holds {}",
                              options_.stride, ids.size(), window)});
  }
  const ScoreResult result = Score(*loaded.model, ids, options_, model_.pool(), [&](size_t done) {
    console.Progress(fmt::format("{} of {} tokens", done, ids.size() - 1));
  });
  console.Progress("");
  if (result.clipped) console.Warn(ClippedWarning());
  std::optional<double> bits_per_byte;
  if (text) bits_per_byte = result.nll / std::log(2.0) / static_cast<double>(text->size());
  if (console.json) {
    PrintJson(console, *loaded.tokenizer, result, bits_per_byte);
  } else {
    Print(console, *loaded.tokenizer, result, bits_per_byte);
  }
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeScore() { return std::make_unique<ScoreCommand>(); }

}  // namespace sheepop::cli
