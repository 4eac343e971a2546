// What a training run says while it goes on: progress, measurements, sample text and how much of that text the model has
// by heart. Stops the run at Ctrl-C.
#pragma once

#include <filesystem>
#include <string>

#include "cli/console.h"
#include "cli/interrupt.h"
#include "train/trainer.h"

namespace sheepop::cli {

std::string Duration(double seconds);  // "40 s", "12 min", "3.5 h"

struct TrainReport {
  std::filesystem::path folder;  // the run's
  int64_t steps = 0;
  std::string prompt;  // continued at each measurement by the best model so far
  size_t sample_tokens = 0;
  const TokenDocuments* documents = nullptr;  // what the model learns from
  double peak_tokens_per_second = 0;          // 0: not known
};

class TrainReporter final : public TrainListener {
 public:
  TrainReporter(const Console& console, ThreadPool& pool) : console_(console), pool_(pool) {}

  void Begin(TrainReport report) { report_ = std::move(report); }

  void OnStep(const StepRecord& record) override;
  void OnMeasurement(const Measurement& measurement) override;
  void OnNotice(const std::string& notice) override;
  void OnWarning(const Warning& warning) override;
  bool StopRequested() override { return interrupt_.interrupted(); }

 private:
  void Sample();

  const Console& console_;
  ThreadPool& pool_;
  TrainReport report_;
  InterruptGuard interrupt_;
  StepRecord last_;
  uint64_t first_tokens_ = 0;
  double first_seconds_ = 0;
  std::string held_out_;
};

}  // namespace sheepop::cli
