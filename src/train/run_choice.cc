#include "train/run_choice.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "data/learned_vocabulary.h"
#include "model/parameters.h"

namespace sheepop {
namespace {

// Where a model learns more from a second of training than a smaller one would have. For large corpora Hoffmann et al.,
// "Training compute-optimal large language models", 2022, find 20; of small models in short runs what pays is less.
constexpr double kTokensPerParameter = 10;

constexpr double kMeasurements = 10;       // of a run
constexpr double kTokensMeasured = 40960;  // in each, where there are so many

double ParametersOfSize(std::string_view name, size_t vocab) {
  TrainOptions options;
  options.size = name;
  double count = 0;
  for (const Parameter& parameter : ParametersOf(ModelConfigFor(options, vocab))) {
    count += static_cast<double>(parameter.count());
  }
  return count;
}

}  // namespace

CorpusSize EstimatedSize(uint64_t text_bytes) {
  CorpusSize size;
  size.text_bytes = text_bytes;
  size.vocab = VocabularySizeFor(text_bytes);
  // English prose gave 2.1, 2.6, 3.0, 3.4 and 3.6 bytes a token with 512 to 8192 entries.
  const double bytes_per_token = 2.1 + 0.4 * std::log2(static_cast<double>(size.vocab) / 512);
  size.tokens = static_cast<uint64_t>(static_cast<double>(text_bytes) / bytes_per_token);
  return size;
}

std::vector<SizeChoice> SizeChoices(const CorpusSize& corpus, double operations_per_second) {
  std::vector<SizeChoice> choices;
  for (const std::string_view name : kSizeNames) {
    const double parameters = ParametersOfSize(name, corpus.vocab);
    const auto pass = static_cast<double>(std::max<uint64_t>(1, corpus.tokens));
    SizeChoice choice;
    choice.name = name;
    choice.parameters = static_cast<uint64_t>(parameters);
    choice.passes = std::min(kMostPasses, kTokensPerParameter * parameters / pass);
    choice.fed = choice.passes < kMostPasses;
    choice.seconds = 6 * parameters * choice.passes * pass / operations_per_second;
    choice.disk_bytes = DiskPlanFor(choice.parameters, {}).total();
    choices.push_back(choice);
  }
  return choices;
}

const SizeChoice& ChoiceForTime(const std::vector<SizeChoice>& choices, double seconds) {
  const auto distance = [&](size_t i) { return std::abs(std::log(choices[i].seconds / seconds)); };
  size_t nearest = 0;
  for (size_t i = 1; i < choices.size(); ++i) {
    if (choices[i].fed && distance(i) < distance(nearest)) nearest = i;
  }
  // What is read again teaches less each time (Muennighoff et al., arXiv:2305.16264), and a larger model takes more from each
  // pass: 1 MB of tales, five minutes of a core: 1.82 bits a byte after 16 passes of nano, 1.78 after 5 of tiny.
  const SizeChoice& choice = choices[nearest];
  const bool worn = choice.passes * seconds / choice.seconds > kWornPasses;
  return worn && choice.fed && nearest + 1 < choices.size() ? choices[nearest + 1] : choice;
}

double DefaultSeconds(uint64_t text_bytes) {
  const double megabytes = static_cast<double>(text_bytes) / 1e6;
  return 60 * std::clamp(std::round(5 * std::sqrt(megabytes)), 5.0, 30.0);
}

std::string DurationText(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.1f} h", seconds / 3600);
  return fmt::format("{:.0f} days", seconds / 86400);
}

std::string RoughBytesText(uint64_t count) {
  const auto bytes = static_cast<double>(count);
  if (bytes < 1e6) return fmt::format("{:.0f} KB", std::ceil(bytes / 1e3));
  if (bytes < 1e9) return fmt::format("{:.{}f} MB", bytes / 1e6, bytes < 1e7 ? 1 : 0);
  return fmt::format("{:.1f} GB", bytes / 1e9);
}

std::string SizeTable(const CorpusSize& corpus, const std::vector<SizeChoice>& choices, std::string_view chosen,
                      std::string_view command) {
  std::string table = fmt::format(
      "Models that {} of text can feed, and\nhow long training pays on this machine\n"
      "    --size  params --time passes   disk\n",
      RoughBytesText(corpus.text_bytes));
  bool hungry = false;
  for (const SizeChoice& choice : choices) {
    table += fmt::format("  {} {:<6}{:>6.3g} M{:>7}{:>7.2g}{:>7}{}\n", choice.name == chosen ? '*' : ' ', choice.name,
                         static_cast<double>(choice.parameters) / 1e6, DurationText(choice.seconds), choice.passes,
                         RoughBytesText(choice.disk_bytes), choice.fed ? "" : "+");
    hungry = hungry || !choice.fed;
  }
  table += hungry ? "* chosen; + could use more text\n" : "* chosen\n";
  return command.empty() ? table : table + fmt::format("next: {}\n", command);
}

void ChooseMethod(const CorpusSize& corpus, bool continued, const IsGiven& given, TrainOptions& options) {
  // For equal tokens of 5 MB of tales: 2.07 bits a byte with AdamW, 1.97 with Muon, 1.93 with batches half as large besides.
  if (!continued && !given("optimizer")) options.optimizer = "muon";
  if (!continued && !given("batch")) options.batch = 4;
  if (continued && !given("batch")) options.batch = std::max<int64_t>(1, 2048 / options.context);
  // A sequence needs more than its length of text; a short text would be one sequence again and again.
  for (const int64_t least = 32; !given("context") && options.context > least;) {
    if (static_cast<uint64_t>(options.context * options.batch) <= corpus.tokens) break;
    options.context /= 2;
  }
}

void ChooseSteps(const StepCost& step, double seconds, bool continued, const IsGiven& given, TrainOptions& options) {
  // A batch forward alone takes a third of a step; a tenth of the time at most goes into measuring.
  const double forward = step.seconds / (3 * static_cast<double>(options.accumulate));
  if (!given("eval_batches")) {
    const double fit = std::min(kTokensMeasured / static_cast<double>(options.batch * options.context),
                                0.1 * seconds / (kMeasurements * forward));
    options.eval_batches = std::max<int64_t>(1, static_cast<int64_t>(fit));
  }
  const double measuring = kMeasurements * static_cast<double>(options.eval_batches) * forward;
  const double learning = std::max(0.5 * seconds, seconds - measuring);
  const double most = (continued ? kMostPassesContinued : kMostPasses) / std::max(1e-12, step.passes);
  options.steps = static_cast<int64_t>(std::clamp(std::min(learning / step.seconds, std::ceil(most)), 10.0, 1e12));
  // So that the last measurement is that of the last step.
  if (options.steps > 100) options.steps -= options.steps % static_cast<int64_t>(kMeasurements);
  const int64_t tenth = std::max<int64_t>(1, options.steps / static_cast<int64_t>(kMeasurements));
  if (!given("warmup")) options.warmup = std::min<int64_t>(100, tenth);
  if (!given("eval_every")) options.eval_every = tenth;
  // At least one a minute or so, for what a power cut costs.
  const auto minute = static_cast<int64_t>(60 / step.seconds) + 1;
  if (!given("checkpoint_every")) options.checkpoint_every = std::min(tenth, std::max<int64_t>(minute, 10));
}

DiskPlan DiskPlanFor(uint64_t parameters, const TrainOptions& options) {
  const int64_t every = options.checkpoint_every > 0 ? options.checkpoint_every : options.steps;
  const int64_t written = (options.steps + every - 1) / every;
  DiskPlan plan;
  plan.model = sizeof(float) * parameters;
  plan.checkpoint = 3 * plan.model;
  plan.checkpoints = static_cast<uint64_t>(std::min(written, options.keep + 1));
  return plan;
}

void RequireDisk(const DiskPlan& plan, uint64_t needed, uint64_t free, const std::string& folder) {
  if (needed <= free) return;
  throw Error(
      ErrorCategory::kIo,
      "the run writes up to {} ({} checkpoint{} of {}, models of {}), {} are free in {}: --keep 1 keeps but one "
      "checkpoint, --run names another folder, a smaller --size is another way",
      RoughBytesText(needed), plan.checkpoints, plan.checkpoints == 1 ? "" : "s", RoughBytesText(plan.checkpoint),
      RoughBytesText(plan.model), RoughBytesText(free), folder);
}

}  // namespace sheepop
