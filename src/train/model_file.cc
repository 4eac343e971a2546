#include "train/model_file.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "checkpoint/gguf_writer.h"
#include "model/architecture.h"
#include "model/config_writing.h"
#include "tensor/dequantise.h"
#include "train/network.h"

namespace sheepop {
namespace {

// theta of theta^(-2i / dims).
double RopeTheta(const RopeConfig& rope, size_t head_dim) {
  const size_t pairs = rope.frequencies.size();
  if (pairs < 2) return 10000;
  const double theta = std::pow(rope.frequencies[1], -static_cast<double>(2 * pairs) / 2.0);
  const std::vector<double> plain = RopeFrequencies(theta, 2 * pairs);
  for (size_t i = 0; i < pairs; ++i) {
    if (2 * pairs != head_dim || rope.factor != 1 || std::fabs(plain[i] / rope.frequencies[i] - 1) > 1e-6) {
      throw Error(ErrorCategory::kUnsupported, "models with scaled rotary frequencies cannot be written yet");
    }
  }
  return theta;
}

// GPT-2's files hold q, k and v as one tensor, as the store does.
bool Fused(const ModelConfig& config) { return config.architecture == "gpt2"; }

struct Written {
  TensorSpec spec;
  std::span<const float> values;
};

std::vector<Written> TensorsOf(const ModelConfig& config, const ParameterStore& parameters) {
  std::vector<Written> out;
  for (const ParameterStore::Entry& entry : parameters.entries()) {
    const Parameter& parameter = entry.parameter;
    const std::span<const float> values = parameters.weights().subspan(entry.offset, parameter.count());
    TensorSpec spec{parameter.name, DType::kF32, {parameter.shape.begin(), parameter.shape.end()}};
    if (Fused(config)) {
      const bool query = parameter.role == Role::kQuery || parameter.role == Role::kQueryBias;
      const bool rest = parameter.role == Role::kKey || parameter.role == Role::kKeyBias ||
                        parameter.role == Role::kValue || parameter.role == Role::kValueBias;
      if (rest) continue;
      if (query) {
        spec.name.replace(spec.name.find("attn_q"), 6, "attn_qkv");
        spec.shape[0] *= 3;
        out.push_back({spec, parameters.weights().subspan(entry.offset, 3 * parameter.count())});
        continue;
      }
    }
    out.push_back({spec, values});
  }
  return out;
}

const Architecture& ArchitectureOf(const Checkpoint& checkpoint) {
  if (checkpoint.gguf()) return ArchitectureByName(checkpoint.gguf()->metadata().RequireString("general.architecture"));
  throw Error(ErrorCategory::kUnsupported, "{} is a Hugging Face folder: convert it to GGUF first",
              checkpoint.path().string());
}

const TensorInfo& Require(const Checkpoint& checkpoint, const std::string& name) {
  const TensorInfo* tensor = checkpoint.tensors().Find(name);
  if (!tensor) throw Error(ErrorCategory::kCorrupt, "{}: no tensor {}", checkpoint.path().string(), name);
  return *tensor;
}

}  // namespace

void SetConfig(const ModelConfig& config, Metadata& metadata) {
  RopeSettings rope;
  if (!config.ropes.empty() && !config.ropes[0].frequencies.empty())
    rope.theta = RopeTheta(config.ropes[0], config.head_dim);
  SetGgufConfig(config, rope, metadata);
}

SourceModel ReadSource(const Checkpoint& checkpoint) {
  ArchitectureOf(checkpoint);
  SourceModel source;
  for (const Metadata::Entry& entry : checkpoint.gguf()->metadata().entries()) {
    const bool old_weights = entry.key == "general.file_type" || entry.key == "general.quantization_version" ||
                             entry.key == "general.alignment" || entry.key.starts_with("quantize.") ||
                             entry.key.starts_with("split.");
    if (entry.key == "general.file_type") source.metadata.Set(entry.key, entry.type, uint64_t{0});  // all in fp32
    if (entry.key.starts_with("tokenizer.") || entry.key.starts_with("sheepop.") || old_weights) continue;
    source.metadata.Set(entry.key, entry.type, entry.value);
  }
  for (const char* name : {"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"}) {
    const TensorInfo* tensor = checkpoint.tensors().Find(name);
    if (!tensor) continue;
    uint64_t count = 1;
    for (const uint64_t size : tensor->shape) count *= size;
    std::vector<float> values(count);
    Dequantise(tensor->type, tensor->bytes, values);
    source.tensors.push_back({name, std::move(values)});
  }
  return source;
}

void WriteModelFile(const std::filesystem::path& path, const ModelConfig& config, const ParameterStore& parameters,
                    const Metadata& metadata, std::span<const ExtraTensor> extra) {
  std::vector<Written> tensors = TensorsOf(config, parameters);
  for (const ExtraTensor& tensor : extra) {
    tensors.push_back({{tensor.name, DType::kF32, {tensor.values.size()}}, tensor.values});
  }
  std::vector<TensorSpec> specs;
  for (const Written& tensor : tensors) specs.push_back(tensor.spec);
  GgufWriter writer(path, metadata, specs);
  for (const Written& tensor : tensors) writer.Append(tensor.spec.name, std::as_bytes(tensor.values));
  writer.Commit();
}

ModelConfig ReadConfig(const Checkpoint& checkpoint) {
  const Architecture& architecture = ArchitectureOf(checkpoint);
  ModelConfig config = architecture.from_gguf(checkpoint.gguf()->metadata(), checkpoint.tensors(), {});
  Validate(config);
  RequireTrainable(config);
  return config;
}

void ReadWeights(const Checkpoint& checkpoint, const ModelConfig& config, ParameterStore& parameters) {
  const Architecture& architecture = ArchitectureOf(checkpoint);
  for (const ParameterStore::Entry& entry : parameters.entries()) {
    const Parameter& parameter = entry.parameter;
    const Location location = architecture.locate_gguf(config, parameter, checkpoint.tensors());
    const TensorInfo& tensor = Require(checkpoint, location.tensor);
    const size_t rows = parameter.shape[0], columns = parameter.is_matrix() ? parameter.shape[1] : 1;
    const uint64_t have_rows = tensor.shape[0], have_columns = tensor.shape.size() > 1 ? tensor.shape[1] : 1;
    if (have_columns != columns || (location.slice ? have_rows < location.row_begin + rows : have_rows != rows)) {
      throw Error(ErrorCategory::kCorrupt, "{}: tensor {} has shape {}, the model needs [{}, {}]",
                  checkpoint.path().string(), tensor.name, ShapeText(tensor.shape), rows, columns);
    }
    const size_t row_bytes = parameter.is_matrix() ? RowBytes(tensor.type, columns) : Info(tensor.type).block_bytes;
    const auto bytes = tensor.bytes.subspan(location.row_begin * row_bytes,
                                            parameter.is_matrix() ? rows * row_bytes : RowBytes(tensor.type, rows));
    Dequantise(tensor.type, bytes, parameters.weights().subspan(entry.offset, parameter.count()));
    checkpoint.tensors().Release(tensor);
  }
}

void ReadExtra(const Checkpoint& checkpoint, const std::string& name, std::span<float> out) {
  const TensorInfo& tensor = Require(checkpoint, name);
  if (tensor.type != DType::kF32 || tensor.bytes.size() != out.size_bytes()) {
    throw Error(ErrorCategory::kCorrupt, "{}: tensor {} has {} bytes, the checkpoint's model needs {}",
                checkpoint.path().string(), name, tensor.bytes.size(), out.size_bytes());
  }
  Dequantise(tensor.type, tensor.bytes, out);
}

}  // namespace sheepop
