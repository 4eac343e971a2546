// What a run is to be when --steps does not say it: chosen for a time, and told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "cli/console.h"
#include "cli/flags/flag_set.h"
#include "cli/flags/option_flags.h"
#include "train/corpus_tokens.h"
#include "train/run_choice.h"
#include "train/trainer.h"

namespace sheepop::cli {

class RunChooser {
 public:
  explicit RunChooser(const GivenOptions<TrainOptions>& given) : given_(given) {}

  void Register(FlagSet flags);
  bool time_given() const { return seconds_.has_value(); }

  // Whether the steps are to be chosen: nobody gave them. Throws kInvalidArgument where a time was given besides.
  bool Chooses() const;

  // Sets what nobody gave, from a few steps of the model that it finds best, and its configuration. `run` has all but that.
  // Takes some seconds.
  void Choose(const CorpusTokens& tokens, TrainRun& run, ThreadPool& pool);

  // What was chosen, and from what else: lines for people. `command` trains the model; empty while it runs.
  std::string Text(const std::string& command = {}) const;
  // Of the time that was asked for, where much of it was not needed after all: a line for people; else empty.
  std::string TimeLeftText(double trained_seconds) const;
  boost::json::array SizesJson() const;  // empty where the size was given

  bool chose() const { return chose_; }

 private:
  bool ShapeGiven() const;

  const GivenOptions<TrainOptions>& given_;
  std::optional<double> seconds_;
  // Of the last Choose:
  bool chose_ = false, own_ = false;
  double asked_seconds_ = 0;
  CorpusSize corpus_;
  std::vector<SizeChoice> sizes_;
  TrainOptions options_;
  TrainPlan plan_;
};

// Of what is to be learned.
CorpusSize SizeOf(const CorpusTokens& tokens);

}  // namespace sheepop::cli
