// sheepop explain: the same generation, each step shown.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/output_path.h"
#include "cli/command.h"
#include "cli/commands/explain_table.h"
#include "cli/flags/model_flags.h"
#include "cli/flags/prompt_flags.h"
#include "cli/flags/sampling_flags.h"
#include "cli/interrupt.h"
#include "explain/compare.h"
#include "explain/json.h"
#include "explain/page.h"
#include "explain/run.h"

namespace sheepop::cli {
namespace {

std::vector<float> LogitsOf(std::span<const double> probabilities) {
  std::vector<float> logits;
  for (double probability : probabilities) {
    if (!(probability >= 0 && std::isfinite(probability))) {
      throw Error(ErrorCategory::kInvalidArgument, "--probs has {}, it must be numbers of at least 0", probability);
    }
    logits.push_back(static_cast<float>(std::log(probability)));
  }
  return logits;
}

class Explain final : public Command {
 public:
  void Register(FlagSet flags) override {
    flags_ = flags;
    model_.Register(flags, true);
    prompt_.Register(flags);
    flags.Value("-n,--max-tokens", max_tokens_, AtLeast(0), "most tokens to write (default 16)").As("N");
    flags
        .Value("--watch", watch_,
               "report this token in each step: an id, or the text of a token (in double quotes if it is a number); "
               "several times")
        .As("TOKEN");
    flags.Value("--top", top_, {1, 1000}, "tokens to show of each step, 1 to 1000 (default 10)").As("N");
    flags
        .Value("--against", against_,
               "other flags, in one argument: where do they lead to another token, with the same random numbers, and "
               "why")
        .As("FLAGS");
    flags.Value("--html", html_, "write a page to look at in a browser instead").As("FILE");
    flags.Switch("--force", force_, "replace the file of --html when it exists");
    const std::string group = "Without a model";
    const Flag logits = flags.List("--logits", logits_, kReal, "explain one draw from these logits, without a model")
                            .As("X,X,..")
                            .Group(group);
    flags.List("--probs", probs_, kReal, "the same from probabilities").As("P,P,..").Group(group).Excludes(logits);
    flags.List("--labels", labels_, "texts for them (default: their ids)").As("TEXT,TEXT,..").Group(group);
    flags.Value("--u", u_, kReal, "the random number to draw with, at least 0 and less than 1 (default: the seed's)")
        .As("U")
        .Group(group)
        .TakeLast();
    engine_.Register(flags);
    sampling_.Register(flags);
  }

  int Run(Console& console) override;

 private:
  void CheckNumbers(const Console& console) const;
  std::unique_ptr<ExplainSource> Source(const Console& console);
  ExplainReport Report(ExplainSource& source) const;

  ModelFlags model_;
  PromptFlags prompt_;
  SamplingFlags sampling_;
  EngineFlags engine_;
  size_t max_tokens_ = 16, top_ = 10;
  std::vector<std::string> watch_, labels_;
  std::vector<double> logits_, probs_;
  std::optional<double> u_;
  std::optional<std::string> against_, html_;
  bool force_ = false;
  std::optional<LoadedModel> loaded_;
  std::optional<FlagSet> flags_;
};

void Explain::CheckNumbers(const Console& console) const {
  for (const double logit : logits_) {
    if (logit > std::numeric_limits<float>::max()) {
      throw Error(ErrorCategory::kInvalidArgument,
                  "--logits has {}, must be finite, or -inf or nan for what is never drawn", logit);
    }
  }
  const double sum = std::accumulate(probs_.begin(), probs_.end(), 0.0);
  const bool are_some = std::ranges::all_of(probs_, [](double one) { return one >= 0; });
  if (!probs_.empty() && are_some && std::abs(sum - 1) > 1e-3) {
    console.Warn({"not_one", "--probs", fmt::format("{:g}", sum),
                  fmt::format("--probs sum to {:g}, not 1: each is divided by that", sum)});
  }
}

std::unique_ptr<ExplainSource> Explain::Source(const Console& console) {
  if (logits_.empty() && probs_.empty()) {
    if (u_ || !labels_.empty()) {
      throw Error(ErrorCategory::kInvalidArgument, "{} belongs to --logits or --probs, and neither was given",
                  u_ ? "--u" : "--labels");
    }
    loaded_ = model_.Open(console, engine_.OfOneSequence());
    std::vector<Token> prompt = prompt_.Tokens(*loaded_->tokenizer);
    prompt_.RequireTokens(prompt.size(), 1);
    return MakeModelSource(*loaded_, std::move(prompt), engine_.options, max_tokens_, model_.pool());
  }
  for (const char* flag : {"--model", "--max-tokens", "--context", "--prefill-chunk", "--kv-type", "--threads"}) {
    if (!flags_->Given(flag)) continue;
    throw Error(ErrorCategory::kInvalidArgument, "{} is of a model, and logits were given; leave one of them out",
                flag);
  }
  prompt_.CheckNoText("without a model there are no tokens");
  CheckNumbers(console);
  GivenLogits given;
  given.logits = probs_.empty() ? std::vector<float>(logits_.begin(), logits_.end()) : LogitsOf(probs_);
  given.labels = labels_;
  given.history = prompt_.ids();
  if (prompt_.given() && !prompt_.has_ids()) given.prompt = prompt_.Text();
  given.u = u_;
  given.isa = model_.isa();
  return MakeLogitsSource(std::move(given));
}

ExplainReport Explain::Report(ExplainSource& source) const {
  ExplainSettings settings;
  settings.sampling = sampling_.Options();
  settings.seed = SeedInUse(settings.sampling);
  settings.top = top_;
  const InterruptGuard interrupt;
  settings.interrupted = [&] { return interrupt.interrupted(); };
  settings.watched = ResolveWatched(watch_, source.vocabulary());

  ExplainReport report;
  report.model = source.name();
  report.prompt_text = source.prompt_text();
  if (loaded_ || prompt_.has_ids()) report.prompt_ids = source.prompt();
  report.seed = settings.seed;
  if (!against_) {
    report.first = source.Run(settings);
    return report;
  }
  ExplainSettings other = settings;
  other.sampling = sampling_.With(*against_).Options();
  if (other.sampling.seed != settings.sampling.seed) {
    throw Error(ErrorCategory::kInvalidArgument,
                "--against compares settings on the same random numbers; give --seed "
                "beside it, not inside");
  }
  SettingsComparison comparison(settings.sampling, other.sampling, source.vocabulary(), source.isa(), settings.seed,
                                source.prompt(), top_);
  settings.on_step = [&](std::span<const float> logits, const Choice& choice) { comparison.OnStep(logits, choice); };
  report.first = source.Run(settings);
  report.second = source.Run(other);
  report.divergence = comparison.divergence();
  return report;
}

int Explain::Run(Console& console) {
  if (html_) RefuseExisting(*html_, force_);
  const std::unique_ptr<ExplainSource> source = Source(console);
  if (html_ && loaded_) RefuseInput(*html_, loaded_->path);
  if (html_ && prompt_.file()) RefuseInput(*html_, *prompt_.file());
  if (loaded_) sampling_.Suggest(console, loaded_->suggested);
  sampling_.WarnOfIdle(console);
  sampling_.WarnOfConstraint(console, source->vocabulary());
  const ExplainReport report = Report(*source);
  if (report.first.clipped) console.Warn(ClippedWarning());
  if (html_) WritePage(*html_, report, source->vocabulary());
  if (console.json) {
    console.PrintJson(ReportJson(report, source->vocabulary()));
    return 0;
  }
  if (html_) {
    console.Print(fmt::format("{} is written; open it in a browser\n", *html_));
  } else {
    console.Print(ReportTable(report, source->vocabulary(), console.UsesColor()));
    if (!report.model.empty()) {
      console.PrintText("\n" + report.prompt_text + report.first.text + "\n");
      if (report.second) console.PrintText(report.prompt_text + report.second->text + "\n");
    }
  }
  console.Note(fmt::format("seed {}", report.seed));
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeExplain() { return std::make_unique<Explain>(); }

}  // namespace sheepop::cli
