// What a run is to be when nobody says how long it is: its size, and with that what follows, from the corpus, the speed of
// the machine and a time. One table for `ingest`, `train --plan` and `train`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "train/options.h"

namespace sheepop {

// A text to learn from.
struct CorpusSize {
  uint64_t text_bytes = 0, tokens = 0;
  size_t vocab = 0;
};

// As its own tokenizer would make it: for a text that was not read yet.
CorpusSize EstimatedSize(uint64_t text_bytes);

// A model of one --size, trained on a corpus until more time would rather be spent on a larger one, or the text was read
// kMostPasses times.
struct SizeChoice {
  std::string_view name;
  uint64_t parameters = 0;
  double passes = 0;  // over the corpus
  double seconds = 0;
  uint64_t disk_bytes = 0;  // of the run's folder and the model, at most
  bool fed = true;          // by this text: false where kMostPasses over it are less than the model could use
};

inline constexpr double kMostPasses = 30;

// Every --size, ascending; `operations_per_second` as MeasureTrainingRate gives it.
std::vector<SizeChoice> SizeChoices(const CorpusSize& corpus, double operations_per_second);

// Of the choices that are fed, or the smallest, the one whose run is nearest to `seconds`, on a scale of ratios; the next
// larger one instead where a fed one would read the text more than kWornPasses times by then.
inline constexpr double kWornPasses = 10;
const SizeChoice& ChoiceForTime(const std::vector<SizeChoice>& choices, double seconds);

// The time of a run for which none was given: 5 minutes up to 1 MB, growing with the root of the text, 30 at most.
double DefaultSeconds(uint64_t text_bytes);

// The table, with the row of --size `chosen` marked, and a line for the way to others. `command`: what trains the chosen
// one ("sheepop train corpus -o mine.gguf"), which ends it.
std::string SizeTable(const CorpusSize& corpus, const std::vector<SizeChoice>& choices, std::string_view chosen,
                      std::string_view command);

// "40 s", "12 min", "3.5 h", "4 days"; "35 KB", "1.2 MB", "2.1 GB".
std::string DurationText(double seconds);
std::string RoughBytesText(uint64_t bytes);

// Whether somebody gave the option of that name.
using IsGiven = std::function<bool(std::string_view option)>;

// What is chosen before the size is: how the weights move, and the length of the sequences. Options that are given stay.
void ChooseMethod(const CorpusSize& corpus, bool continued, const IsGiven& given, TrainOptions& options);

// What a step was measured to take, and how much there is to learn.
struct StepCost {
  double seconds = 0;
  double passes = 0;  // over the corpus
};

// Steps that fill `seconds`, measurements included, but for at most kMostPasses over the corpus (kMostPassesContinued for
// a model that is continued); and when a run of so many is measured and kept. Options that are given stay.
inline constexpr double kMostPassesContinued = 3;
void ChooseSteps(const StepCost& step, double seconds, bool continued, const IsGiven& given, TrainOptions& options);

// Bytes that a run writes at most at a time: its checkpoints, one more while it is written, the best model, likewise, and
// the model. `parameters`, in fp32, stand in a checkpoint with two moments each.
struct DiskPlan {
  uint64_t checkpoint = 0, checkpoints = 0;  // bytes of one; how many
  uint64_t model = 0;                        // bytes
  uint64_t folder() const { return checkpoint * checkpoints + 2 * model; }
  uint64_t total() const { return folder() + model; }
};
DiskPlan DiskPlanFor(uint64_t parameters, const TrainOptions& options);

// Throws kIo, saying what is needed, what is `free` in `folder` and the way out, where that is too little for `needed`
// bytes of the plan.
void RequireDisk(const DiskPlan& plan, uint64_t needed, uint64_t free, const std::string& folder);

}  // namespace sheepop
