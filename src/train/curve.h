// A run's record: what each step and each measurement gave. Kept in checkpoints, written as metrics.jsonl and drawn as
// loss.svg and loss.png.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/metadata.h"
#include "train/plot.h"

namespace sheepop {

struct StepRecord {
  int64_t step = 0;  // finished steps, from 1
  double loss = 0;   // mean over the step's trained positions, nats
  double learning_rate = 0;
  double gradient_norm = 0;  // before clipping
  uint64_t tokens = 0;       // read so far
  double seconds = 0;        // of training so far
  bool skipped = false;      // its gradient was dropped
};

struct Measurement {
  int64_t step = 0;
  double loss = 0;           // mean over held-out positions, nats
  double bits_per_byte = 0;  // of held-out text
};

struct Curve {
  std::vector<StepRecord> steps;
  std::vector<Measurement> measurements;

  // Bit for bit, through the metadata of a checkpoint.
  void Save(Metadata& metadata) const;
  static Curve Load(const Metadata& metadata);

  // One JSON object a line, in the order of the run. {"step":..,"loss":..} or {"step":..,"held_out_loss":..}
  void WriteJsonLines(const std::filesystem::path& path) const;
};

// One line of it, with its end.
std::string JsonLine(const StepRecord& record);
std::string JsonLine(const Measurement& measurement);

struct NamedCurve {
  std::string name;
  Curve curve;
};

// Training loss (each step, and smoothed) and held-out loss over steps; of the runs beside it, the held-out loss.
Plot DrawLoss(const Curve& curve, const std::string& title, std::span<const NamedCurve> beside = {});

}  // namespace sheepop
