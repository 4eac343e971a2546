#include "train/curve.h"

#include <fmt/core.h>

#include <cmath>

#include "base/error.h"
#include "base/file_writer.h"

namespace sheepop {
namespace {

using Type = Metadata::GgufType;

constexpr const char* kPrefix = "sheepop.curve.";

// JSON has no word for what is not a number.
std::string Number(double value) { return std::isfinite(value) ? fmt::format("{}", value) : "null"; }

struct Column {
  const char* name;
  double (*get)(const StepRecord&);
  void (*set)(StepRecord&, double);
};

// Whole numbers below 2^53 pass through a double unchanged.
constexpr Column kColumns[] = {
    {"step", [](const StepRecord& r) { return static_cast<double>(r.step); },
     [](StepRecord& r, double v) { r.step = static_cast<int64_t>(v); }},
    {"loss", [](const StepRecord& r) { return r.loss; }, [](StepRecord& r, double v) { r.loss = v; }},
    {"learning_rate", [](const StepRecord& r) { return r.learning_rate; },
     [](StepRecord& r, double v) { r.learning_rate = v; }},
    {"gradient_norm", [](const StepRecord& r) { return r.gradient_norm; },
     [](StepRecord& r, double v) { r.gradient_norm = v; }},
    {"tokens", [](const StepRecord& r) { return static_cast<double>(r.tokens); },
     [](StepRecord& r, double v) { r.tokens = static_cast<uint64_t>(v); }},
    {"seconds", [](const StepRecord& r) { return r.seconds; }, [](StepRecord& r, double v) { r.seconds = v; }},
    {"skipped", [](const StepRecord& r) { return r.skipped ? 1.0 : 0.0; },
     [](StepRecord& r, double v) { r.skipped = v != 0; }},
};

std::vector<double> Require(const Metadata& metadata, const std::string& key, size_t size) {
  std::vector<double> values = metadata.Floats(key).value_or(std::vector<double>());
  if (values.size() != size) {
    throw Error(ErrorCategory::kCorrupt, "checkpoint: {} has {} entries, the curve has {}", key, values.size(), size);
  }
  return values;
}

}  // namespace

void Curve::Save(Metadata& metadata) const {
  for (const Column& column : kColumns) {
    std::vector<double> values;
    for (const StepRecord& record : steps) values.push_back(column.get(record));
    metadata.Set(fmt::format("{}{}", kPrefix, column.name), Type::kFloat64, values);
  }
  std::vector<double> flat;
  for (const Measurement& m : measurements)
    flat.insert(flat.end(), {static_cast<double>(m.step), m.loss, m.bits_per_byte});
  metadata.Set(fmt::format("{}measurements", kPrefix), Type::kFloat64, flat);
}

Curve Curve::Load(const Metadata& metadata) {
  Curve curve;
  const auto steps = metadata.Floats(fmt::format("{}step", kPrefix));
  if (!steps)
    throw Error(ErrorCategory::kCorrupt, "checkpoint: no {}step: this is a model, not a training checkpoint", kPrefix);
  curve.steps.resize(steps->size());
  for (const Column& column : kColumns) {
    const std::vector<double> values = Require(metadata, fmt::format("{}{}", kPrefix, column.name), steps->size());
    for (size_t i = 0; i < values.size(); ++i) column.set(curve.steps[i], values[i]);
  }
  const auto flat = metadata.Floats(fmt::format("{}measurements", kPrefix)).value_or(std::vector<double>());
  for (size_t i = 0; i + 2 < flat.size(); i += 3) {
    curve.measurements.push_back({static_cast<int64_t>(flat[i]), flat[i + 1], flat[i + 2]});
  }
  return curve;
}

std::string JsonLine(const StepRecord& r) {
  return fmt::format(
      "{{\"step\": {}, \"loss\": {}, \"learning_rate\": {}, \"gradient_norm\": {}, \"tokens\": {}, \"seconds\": "
      "{:.6f}{}}}\n",
      r.step, Number(r.loss), Number(r.learning_rate), Number(r.gradient_norm), r.tokens, r.seconds,
      r.skipped ? ", \"skipped\": true" : "");
}

std::string JsonLine(const Measurement& m) {
  return fmt::format("{{\"step\": {}, \"held_out_loss\": {}, \"bits_per_byte\": {}}}\n", m.step, Number(m.loss),
                     Number(m.bits_per_byte));
}

void Curve::WriteJsonLines(const std::filesystem::path& path) const {
  FileWriter writer(path);
  size_t next = 0;
  for (const StepRecord& record : steps) {
    for (; next < measurements.size() && measurements[next].step < record.step; ++next) {
      writer.Write(JsonLine(measurements[next]));
    }
    writer.Write(JsonLine(record));
  }
  for (; next < measurements.size(); ++next) writer.Write(JsonLine(measurements[next]));
  writer.Commit();
}

}  // namespace sheepop
