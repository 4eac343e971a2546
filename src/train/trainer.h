// The training loop: batches, gradients, steps, measurements, checkpoints. Given the same documents, options and
// starting weights, the weights after each step are the same bits for any number of threads, and after any number of
// stops and resumptions.
//
// The run's folder holds checkpoint-STEP.gguf (the latest `keep`), best.gguf (weights alone, of the best measurement),
// metrics.jsonl, loss.svg and loss.png. A run holds a lock on its folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/folder_lock.h"
#include "base/thread_pool.h"
#include "base/warning.h"
#include "checkpoint/checkpoint.h"
#include "train/batch_sampler.h"
#include "train/curve.h"
#include "train/documents.h"
#include "train/model_file.h"
#include "train/network.h"
#include "train/optimizer.h"
#include "train/options.h"

namespace sheepop {

struct TrainRun {
  TrainOptions options;
  ModelConfig config;
  const TokenDocuments* documents = nullptr;
  const TokenDocuments* held_out = nullptr;  // null: no measurements
  std::optional<Token> end;                  // the token between documents
  bool whole_documents = false;              // no document is cut, no end token is added: conversations
  Metadata vocabulary;                       // tokenizer.* keys, chat template and all, copied into what is written
  std::string name;                          // of the model, for people: the plot's title
  std::filesystem::path folder;              // created; empty: nothing is written
  bool continued = false;                    // from another model's weights: decides the default learning rate
  SourceModel source;                        // where continued: what is written keeps its keys
  std::vector<NamedCurve> beside;            // other runs that the plot shows too
  Isa isa = AvailableIsas().back();
};

// Told what happens, in the thread that trains.
class TrainListener {
 public:
  virtual ~TrainListener() = default;
  virtual void OnStep(const StepRecord&) {}
  virtual void OnMeasurement(const Measurement&) {}
  virtual void OnCheckpoint(const std::filesystem::path&) {}
  virtual void OnNotice(const std::string&) {}    // a skipped step, an early stop
  virtual void OnWarning(const Warning&) {}       // a checkpoint that is damaged
  virtual bool StopRequested() { return false; }  // asked after each step; the trainer writes a checkpoint and returns
};

enum class TrainEnd { kDone, kStopped, kNoLongerBetter };

struct TrainPlan {
  size_t parameters = 0;
  size_t bytes = 0;             // of memory that the measured steps took at their peak, as the system counts them
  double seconds_per_step = 0;  // least of the measured steps
  double seconds = 0;           // of the whole run, without measurements
  double tokens_per_second = 0;
  double epochs = 0;
  double gflops = 0;       // arithmetic of the matrix products and attentions a second
  double peak_gflops = 0;  // what the products' kernel makes on operands that lie in the first cache
};

class Trainer {
 public:
  // Throws kInvalidArgument for options out of bounds, kUnsupported for a configuration that cannot be trained, kIo when
  // another run uses the folder. Temporary files that a killed run left in the folder are removed.
  Trainer(TrainRun run, ThreadPool& pool, TrainListener& listener);
  ~Trainer();

  // Starts from another model's weights in place of fresh ones.
  void LoadWeights(const Checkpoint& checkpoint);

  // Goes on where a checkpoint of this run stopped. Throws kInvalidArgument, naming the option, when the checkpoint was
  // made with another value of one that decides the result; kUnsupported when its run learned from another corpus or with
  // another tokenizer.
  void Resume(const Checkpoint& checkpoint);
  // Resume from the newest checkpoint in a folder, and its path; none where there is none. One that is damaged is renamed
  // to NAME.damaged, told to the listener, and the one before it taken. Throws what Resume throws; kCorrupt when all are
  // damaged.
  std::optional<std::filesystem::path> ResumeLatest(const std::filesystem::path& folder);
  static TrainOptions OptionsOf(const Checkpoint& checkpoint);
  // Those of the newest checkpoint in a folder that can be read; none where there is none.
  static std::optional<TrainOptions> OptionsOfRun(const std::filesystem::path& folder);
  // The newest checkpoint in a run's folder.
  static std::optional<std::filesystem::path> LatestCheckpoint(const std::filesystem::path& folder);

  TrainEnd Run();

  // Takes a few real steps and measures them; this trainer is of no use for a run afterwards. `peak`: measures peak_gflops,
  // too.
  TrainPlan Plan(int steps = 5, bool peak = true);

  // What the products' kernel could do at most, from its speed on operands in the first cache, which is measured now.
  double PeakTokensPerSecond();

  // All held-out documents, or the first `batches` batches of them.
  Measurement Measure(int64_t batches);

  // Weights, configuration and vocabulary: what engines load.
  void WriteModel(const std::filesystem::path& path) const;
  std::filesystem::path WriteCheckpoint();

  Network& network() { return *network_; }
  ParameterStore& parameters() { return parameters_; }
  const ParameterStore& parameters() const { return parameters_; }
  const TrainOptions& options() const { return run_.options; }  // with the rates set
  const Curve& curve() const { return curve_; }
  int64_t step() const { return step_; }

 private:
  double GflopPerToken() const;
  double PeakGflopsHere();
  double Gradient();
  bool Spiked(double loss) const;
  void TakeStep();
  bool MeasureAndKeepBest();
  void WriteRecords() const;
  void DropOldCheckpoints() const;
  Metadata FileMetadata() const;
  const std::string& CorpusFingerprint() const;
  void RequireSameSource(const Checkpoint& checkpoint) const;
  std::vector<ExtraTensor> SourceTensors() const;

  TrainRun run_;
  FolderLock lock_;
  ThreadPool& pool_;
  TrainListener& listener_;
  ParameterStore parameters_;
  std::unique_ptr<Network> network_;
  Optimizer optimizer_;
  BatchSampler sampler_;
  std::optional<BatchSampler> held_out_;
  Curve curve_;
  int64_t step_ = 0;
  double seconds_ = 0;      // of training in earlier sittings and this one
  double recent_loss_ = 0;  // moving mean, for spikes
  int64_t recent_steps_ = 0;
  mutable std::string corpus_;  // the documents' fingerprint, once it was asked for
};

}  // namespace sheepop
