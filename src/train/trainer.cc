#include "train/trainer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numbers>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_writer.h"
#include "base/memory.h"
#include "base/philox.h"
#include "kernel/kernels.h"
#include "train/model_file.h"
#include "train/schedule.h"

namespace sheepop {
namespace {

constexpr int64_t kSpikeWarmup = 20;  // steps before a jump of the loss can be told from its beginning
constexpr uint32_t kDropoutStream = 0xd209;

// Of this process so far.
size_t PeakResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

kernel::GemmType PrecisionOf(const TrainOptions& options, Isa isa) {
  const bool has_bf16 = kernel::KernelsFor(isa).GemmOf(kernel::GemmType::kBf16) != nullptr;
  const bool bf16 = options.precision == "bf16" || (options.precision == "auto" && has_bf16);
  return bf16 ? kernel::GemmType::kBf16 : kernel::GemmType::kF32;
}

NetworkOptions NetworkOptionsFor(const TrainRun& run) {
  NetworkOptions options;
  options.isa = run.isa;
  options.precision = PrecisionOf(run.options, run.isa);
  options.sequences = static_cast<size_t>(run.options.batch);
  options.length = static_cast<size_t>(run.options.context);
  options.dropout = static_cast<float>(run.options.dropout);
  return options;
}

SamplerOptions SamplerFor(const TrainRun& run, bool shuffle) {
  return {static_cast<size_t>(run.options.context),
          static_cast<uint64_t>(run.options.seed),
          run.end,
          run.options.restart_documents,
          shuffle,
          run.whole_documents};
}

void RequireMemoryFor(const TrainRun& run) {
  const size_t free = AvailableMemory();
  const TrainingBytes needed = TrainingBytesOf(run.config, NetworkOptionsFor(run));
  if (free == 0 || needed.model + needed.batch <= static_cast<double>(free)) return;
  const auto text = [](double bytes) { return MemoryText(static_cast<size_t>(std::min(bytes, 9e18))); };
  throw Error(ErrorCategory::kLimit,
              "training {:.1f} million parameters takes about {}, and what is kept of {} sequences of {} tokens {}; {} "
              "of memory are free: take a smaller model (--size), --batch or --context",
              static_cast<double>(ParameterCount(run.config)) / 1e6, text(needed.model), run.options.batch,
              run.options.context, text(needed.batch), MemoryText(free));
}

TrainRun Checked(TrainRun run) {
  Validate(run.options);
  Validate(run.config);
  RequireTrainable(run.config);
  const auto context = static_cast<size_t>(run.options.context);
  if (context > run.config.context && run.config.learned_positions) {
    throw Error(ErrorCategory::kInvalidArgument, "context is {}, the model holds {} positions: --context {} at most",
                context, run.config.context, run.config.context);
  }
  // Rotary positions are computed: a model that goes on at a longer context learns to use it.
  run.config.context = std::max(run.config.context, context);
  SetRates(run.config, run.continued, run.options);
  RequireMemoryFor(run);
  return run;
}

}  // namespace

Trainer::Trainer(TrainRun run, ThreadPool& pool, TrainListener& listener)
    : run_(Checked(std::move(run))),
      lock_(run_.folder),
      pool_(pool),
      listener_(listener),
      parameters_(run_.config),
      network_(std::make_unique<Network>(run_.config, parameters_, NetworkOptionsFor(run_), pool)),
      optimizer_(run_.options, parameters_, TrainKernels::For(run_.isa, PrecisionOf(run_.options, run_.isa))),
      sampler_(*run_.documents, SamplerFor(run_, true)) {
  if (run_.held_out) held_out_.emplace(*run_.held_out, SamplerFor(run_, false));
  if (!run_.folder.empty()) RemoveAbandonedPartials(run_.folder);
  parameters_.Initialise(static_cast<uint64_t>(run_.options.seed), static_cast<float>(run_.options.init_deviation));
  network_->PackWeights();
}

Trainer::~Trainer() = default;

void Trainer::LoadWeights(const Checkpoint& checkpoint) {
  ReadWeights(checkpoint, run_.config, parameters_);
  network_->PackWeights();
}

// The mean loss of a step's batches; their gradients are in the parameters.
double Trainer::Gradient() {
  const auto batch_size = static_cast<uint64_t>(run_.options.batch),
             count = static_cast<uint64_t>(run_.options.accumulate);
  std::vector<Batch> batches;
  size_t trained = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t first = (static_cast<uint64_t>(step_) * count + i) * batch_size;
    batches.push_back(sampler_.Sequences(first, batch_size));
    trained += batches.back().trained();
  }
  const auto scale = static_cast<float>(1.0 / static_cast<double>(std::max<size_t>(1, trained)));
  double loss = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t key = RandomBits(static_cast<uint64_t>(run_.options.seed), kDropoutStream,
                                    static_cast<uint64_t>(step_) * count + i, RandomLane::kTraining);
    loss += network_->ForwardBackward(batches[i], scale, key,
                                      i == 0 ? Network::Gradients::kReplace : Network::Gradients::kAdd);
  }
  return loss / static_cast<double>(std::max<size_t>(1, trained));
}

bool Trainer::Spiked(double loss) const {
  if (!std::isfinite(loss)) return true;
  return recent_steps_ >= kSpikeWarmup && loss > run_.options.spike_factor * recent_loss_;
}

void Trainer::TakeStep() {
  const Stopwatch watch;
  StepRecord record;
  record.loss = Gradient();
  record.gradient_norm = optimizer_.GradientNorm(pool_);
  record.learning_rate = run_.options.learning_rate * ScheduleFactor(run_.options, step_);
  const bool spike = run_.options.on_spike != "ignore" && (Spiked(record.loss) || !std::isfinite(record.gradient_norm));
  if (spike && run_.options.on_spike == "stop") {
    if (!run_.folder.empty()) listener_.OnCheckpoint(WriteCheckpoint());
    throw Error(ErrorCategory::kLimit,
                "step {}: the loss is {}, the recent mean was {}; stopped before the weights changed. The same command "
                "with --on-spike skip goes on without this step; --restart with a learning rate below {} begins anew",
                step_ + 1, record.loss, recent_loss_, run_.options.learning_rate);
  }
  if (spike) {
    record.skipped = true;
    listener_.OnNotice(fmt::format("step {}: the loss is {}, the recent mean was {}; its gradient is dropped",
                                   step_ + 1, record.loss, recent_loss_));
  } else {
    optimizer_.Step(step_, record.gradient_norm, pool_, network_->packed_ranges(),
                    [&](size_t range) { network_->PackRange(range); });
    ++recent_steps_;
    recent_loss_ += (record.loss - recent_loss_) / static_cast<double>(std::min(recent_steps_, kSpikeWarmup));
  }
  record.step = ++step_;
  record.tokens = static_cast<uint64_t>(step_ * run_.options.accumulate * run_.options.batch * run_.options.context);
  seconds_ += watch.seconds();
  record.seconds = seconds_;
  curve_.steps.push_back(record);
  listener_.OnStep(record);
}

Measurement Trainer::Measure(int64_t batches) {
  Measurement result;
  result.step = step_;
  if (!held_out_) return result;
  const auto size = static_cast<uint64_t>(run_.options.batch);
  uint64_t left = held_out_->sequences_per_epoch();
  if (batches > 0) left = std::min(left, static_cast<uint64_t>(batches) * size);
  double sum = 0;
  size_t trained = 0;
  for (uint64_t first = 0; left > 0;) {
    const uint64_t count = std::min(left, size);
    const Batch batch = held_out_->Sequences(first, count);
    sum += network_->Loss(batch);
    trained += batch.trained();
    first += count;
    left -= count;
  }
  result.loss = sum / static_cast<double>(std::max<size_t>(1, trained));
  const double tokens_per_byte = static_cast<double>(held_out_->learned()) /
                                 static_cast<double>(std::max<uint64_t>(1, run_.held_out->text_bytes()));
  result.bits_per_byte = result.loss / std::numbers::ln2 * tokens_per_byte;
  return result;
}

// False when the run has gone on too long without a new best.
bool Trainer::MeasureAndKeepBest() {
  if (!held_out_) return true;
  const Measurement now = Measure(run_.options.eval_batches);
  const auto best = std::ranges::min_element(curve_.measurements, {}, &Measurement::loss);
  const bool better = best == curve_.measurements.end() || now.loss < best->loss;
  const auto since = better ? 0 : std::distance(best, curve_.measurements.end());
  curve_.measurements.push_back(now);
  if (better && !run_.folder.empty()) WriteModel(run_.folder / "best.gguf");
  if (!run_.folder.empty()) WriteRecords();
  listener_.OnMeasurement(now);
  return run_.options.patience == 0 || since < run_.options.patience;
}

TrainEnd Trainer::Run() {
  // Where another model is continued, what it could do before tells what training changes.
  if (step_ == 0 && run_.continued) MeasureAndKeepBest();
  const auto due = [&](int64_t every) { return every > 0 && step_ % every == 0; };
  while (step_ < run_.options.steps) {
    TakeStep();
    const bool last = step_ == run_.options.steps;
    bool go_on = true;
    if (last || due(run_.options.eval_every)) go_on = MeasureAndKeepBest();
    const bool stop = listener_.StopRequested();
    if (last || stop || !go_on || due(run_.options.checkpoint_every)) {
      if (!run_.folder.empty()) listener_.OnCheckpoint(WriteCheckpoint());
    }
    if (!go_on) {
      listener_.OnNotice(
          fmt::format("no better measurement in the last {}: stopped at step {}", run_.options.patience, step_));
      return TrainEnd::kNoLongerBetter;
    }
    if (stop && !last) return TrainEnd::kStopped;
  }
  if (!curve_.steps.empty() && std::ranges::all_of(curve_.steps, &StepRecord::skipped)) {
    throw Error(
        ErrorCategory::kLimit,
        "every one of the {} steps was skipped, so nothing was learned: --restart with a learning rate below {}, or "
        "other weights to start from",
        step_, run_.options.learning_rate);
  }
  return TrainEnd::kDone;
}

double Trainer::GflopPerToken() const {
  double products = 0;  // parameters that multiply each token; the embedding does only as the output
  for (const ParameterStore::Entry& entry : parameters_.entries()) {
    const bool lookup = entry.parameter.role == Role::kPositionEmbedding ||
                        (entry.parameter.role == Role::kTokenEmbedding && !run_.config.tied_embeddings);
    if (entry.parameter.is_matrix() && !lookup) products += static_cast<double>(entry.parameter.count());
  }
  const auto attention =
      static_cast<double>(run_.config.layers * run_.config.query_width()) * static_cast<double>(run_.options.context);
  return (6 * products + 6 * attention) * 1e-9;
}

double Trainer::PeakGflopsHere() {
  return PeakGflops(TrainKernels::For(run_.isa, PrecisionOf(run_.options, run_.isa)).gemm, pool_);
}

double Trainer::PeakTokensPerSecond() { return PeakGflopsHere() / GflopPerToken(); }

TrainPlan Trainer::Plan(int steps, bool peak) {
  std::vector<double> seconds;
  for (int i = 0; i < steps + 1; ++i) {
    const Stopwatch watch;
    TakeStep();
    if (i > 0) seconds.push_back(watch.seconds());  // the first step touches the memory
  }
  TrainPlan plan;
  plan.parameters = parameters_.size();
  plan.bytes = PeakResidentBytes();
  plan.seconds_per_step = std::ranges::min(seconds);  // the one that others on the machine disturbed least
  plan.seconds = plan.seconds_per_step * static_cast<double>(run_.options.steps);
  const auto sequences = static_cast<double>(run_.options.batch * run_.options.accumulate);
  const double tokens = sequences * static_cast<double>(run_.options.context);
  plan.tokens_per_second = tokens / plan.seconds_per_step;
  plan.epochs =
      sequences * static_cast<double>(run_.options.steps) / static_cast<double>(sampler_.sequences_per_epoch());
  plan.gflops = GflopPerToken() * plan.tokens_per_second;
  if (peak) plan.peak_gflops = PeakGflopsHere();
  return plan;
}

}  // namespace sheepop
