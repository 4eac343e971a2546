#include "cli/commands/train_choice.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/error.h"
#include "base/numbers.h"
#include "train/training_rate.h"

namespace sheepop::cli {
namespace {

constexpr Bounds kSeconds = Between(1, 365.0 * 86400);

// "90s", "30m", "1.5h", "2d"
double ReadDuration(std::string_view flag, std::string_view text) {
  constexpr std::pair<char, double> kUnits[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  for (const auto& [unit, seconds] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const double count = ReadNumber(flag, text.substr(0, text.size() - 1), kReal);
    if (!kSeconds.Hold(count * seconds)) break;
    return count * seconds;
  }
  throw Error(ErrorCategory::kInvalidArgument,
              "{} is \"{}\", must be a number with its unit, s, m, h or d, from 1s to 365d: 30m, say", flag, text);
}

uint64_t TokensOf(const TokenDocuments& documents) {
  uint64_t tokens = 0;
  for (size_t i = 0; i < documents.count(); ++i) tokens += documents.size(i);
  return tokens;
}

// So that no conversation is cut, but no longer than the longest needs.
int64_t ContextOf(const CorpusTokens& tokens) {
  uint64_t longest = 0;
  for (const TokenDocuments* documents : {tokens.train.get(), tokens.held_out.get()}) {
    for (size_t i = 0; i < documents->count(); ++i) longest = std::max(longest, documents->size(i));
  }
  return static_cast<int64_t>(std::max<uint64_t>(32, (longest + 15) / 16 * 16));
}

}  // namespace

CorpusSize SizeOf(const CorpusTokens& tokens) {
  return {tokens.train->text_bytes(), TokensOf(*tokens.train), tokens.vocab};
}

void RunChooser::Register(FlagSet flags) {
  flags
      .Each(
          "--time",
          "how long to train, 30m or 2h, say: chooses size, steps and the rest, as far as they are not given (default "
          "5m for 1 MB of text to 30m for 36 MB)",
          [this](std::string_view flag, std::string_view text) { seconds_ = ReadDuration(flag, text); })
      .As("TIME");
}

bool RunChooser::Chooses() const {
  const bool steps = given_.Given(kTrainTable.Named("steps")) != nullptr;
  if (steps && seconds_) {
    throw Error(ErrorCategory::kInvalidArgument,
                "--time and --steps exclude each other: both say how long the run is; leave one out");
  }
  return !steps;
}

bool RunChooser::ShapeGiven() const {
  return std::ranges::any_of(std::initializer_list<const char*>{"size", "layers", "hidden", "heads"},
                             [&](const char* name) { return given_.Given(kTrainTable.Named(name)) != nullptr; });
}

void RunChooser::Choose(const CorpusTokens& tokens, TrainRun& run, ThreadPool& pool) {
  const IsGiven given = [&](std::string_view name) {
    // A conversation is learned whole, so the longest decides.
    return given_.Given(kTrainTable.Named(name)) != nullptr || (tokens.whole && name == "context");
  };
  TrainOptions& options = run.options;
  corpus_ = SizeOf(tokens);
  own_ = tokens.own;
  const double seconds = seconds_.value_or(DefaultSeconds(corpus_.text_bytes));
  if (tokens.whole && !given_.Given(kTrainTable.Named("context"))) options.context = ContextOf(tokens);
  ChooseMethod(corpus_, run.continued, given, options);
  if (!run.continued) {
    if (!ShapeGiven()) {
      sizes_ = SizeChoices(corpus_, MeasureTrainingRate(pool.threads(), run.isa));
      options.size = ChoiceForTime(sizes_, seconds).name;
    }
    run.config = ModelConfigFor(options, tokens.vocab);
  }
  TrainRun probe = run;
  probe.folder.clear();
  TrainListener silent;
  plan_ = Trainer(std::move(probe), pool, silent).Plan(5, false);
  const double passes = plan_.epochs / static_cast<double>(options.steps);
  asked_seconds_ = seconds;
  ChooseSteps({plan_.seconds_per_step, passes}, seconds, run.continued, given, options);
  options_ = options;
  chose_ = true;
}

std::string RunChooser::Text(const std::string& command) const {
  const auto steps = static_cast<double>(options_.steps);
  const double tokens = steps * static_cast<double>(options_.batch * options_.accumulate * options_.context);
  std::string text;
  if (own_) {
    text = fmt::format(
        "a tokenizer of its own, learned from the text: {} entries, every byte among them, {:.1f} bytes a token\n",
        corpus_.vocab,
        static_cast<double>(corpus_.text_bytes) / static_cast<double>(std::max<uint64_t>(1, corpus_.tokens)));
  }
  text += fmt::format("{} steps of {:.2g} s, some {}: {:.1f} passes over the {}\n", options_.steps,
                      plan_.seconds_per_step, DurationText(steps * plan_.seconds_per_step),
                      tokens / static_cast<double>(std::max<uint64_t>(1, corpus_.tokens)),
                      RoughBytesText(corpus_.text_bytes));
  if (!sizes_.empty()) text += SizeTable(corpus_, sizes_, options_.size, command);
  return text;
}

std::string RunChooser::TimeLeftText(double trained_seconds) const {
  constexpr double kMuch = 0.5;
  if (!chose_ || trained_seconds > kMuch * asked_seconds_ || asked_seconds_ - trained_seconds < 60) return {};
  return fmt::format("trained for {} of the {} that were meant: the machine was busier when its rate was measured",
                     DurationText(trained_seconds), DurationText(asked_seconds_));
}

boost::json::array RunChooser::SizesJson() const {
  boost::json::array out;
  for (const SizeChoice& size : sizes_) {
    out.push_back(boost::json::object{{"size", size.name},
                                      {"parameters", size.parameters},
                                      {"seconds", size.seconds},
                                      {"passes", size.passes},
                                      {"disk_bytes", size.disk_bytes}});
  }
  return out;
}

}  // namespace sheepop::cli
