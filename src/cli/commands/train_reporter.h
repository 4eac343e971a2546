// What a training run says while it goes on: progress, measurements, sample text and how much of that text the model has
// by heart. Stops the run at Ctrl-C.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "cli/console.h"
#include "cli/interrupt.h"
#include "train/trainer.h"

namespace sheepop::cli {

struct TrainReport {
  std::filesystem::path folder;  // the run's
  int64_t steps = 0;
  std::string prompt;  // continued at each measurement by the best model so far
  size_t sample_tokens = 0;
  const TokenDocuments* documents = nullptr;  // what the model learns from
  bool measured = false;                      // something is held out
  double peak_tokens_per_second = 0;          // 0: not known
};

class TrainReporter final : public TrainListener {
 public:
  TrainReporter(const Console& console, ThreadPool& pool) : console_(console), pool_(pool) {}

  void Begin(TrainReport report) { report_ = std::move(report); }

  void OnStep(const StepRecord& record) override;
  void OnMeasurement(const Measurement& measurement) override;
  void OnCheckpoint(const std::filesystem::path& path) override;
  void OnNotice(const std::string& notice) override;
  void OnWarning(const Warning& warning) override;
  bool StopRequested() override { return interrupt_.interrupted(); }

  int exit_code() const { return interrupt_.terminated() ? 143 : 130; }  // of a run that was stopped

 private:
  void SampleFrom(const std::filesystem::path& model);
  void Sample(const std::filesystem::path& model);
  void Show(const std::string& line);

  const Console& console_;
  ThreadPool& pool_;
  TrainReport report_;
  InterruptGuard interrupt_;
  StepRecord last_;
  uint64_t first_tokens_ = 0;
  double first_seconds_ = 0;
  std::string held_out_;
  Stopwatch since_line_;
};

}  // namespace sheepop::cli
