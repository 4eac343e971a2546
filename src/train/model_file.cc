#include "train/model_file.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "checkpoint/gguf_writer.h"
#include "model/architecture.h"
#include "model/checkpoint_config.h"
#include "tensor/dequantise.h"
#include "train/network.h"

namespace sheepop {
namespace {

struct NoTensors final : TensorSource {
  std::vector<TensorInfo> none;
  const std::vector<TensorInfo>& tensors() const override { return none; }
  const TensorInfo* Find(std::string_view) const override { return nullptr; }
  void Release(const TensorInfo&) const override {}
};

struct Written {
  TensorSpec spec;
  std::span<const float> values;
};

// Whatever their files hold as one tensor lies in one piece in the store, too.
std::vector<Written> TensorsOf(const ModelConfig& config, const ParameterStore& parameters) {
  const Architecture& architecture = ArchitectureByName(config.architecture);
  const NoTensors none;
  std::vector<Written> out;
  for (const ParameterStore::Entry& entry : parameters.entries()) {
    const Parameter& parameter = entry.parameter;
    const std::span<const float> values = parameters.weights().subspan(entry.offset, parameter.count());
    const Location location = architecture.locate_gguf(config, parameter, none);
    const bool more = location.slice && location.row_begin > 0;
    if (more && !out.empty() && out.back().spec.name == location.tensor &&
        out.back().values.data() + out.back().values.size() == values.data()) {
      out.back().values = {out.back().values.data(), out.back().values.size() + values.size()};
      out.back().spec.shape[0] += parameter.shape[0];
      continue;
    }
    out.push_back({{location.tensor, DType::kF32, {parameter.shape.begin(), parameter.shape.end()}}, values});
  }
  return out;
}

Parameter UpOf(const ModelConfig& config) {
  return {Role::kUp, 0, GgufName(Role::kUp, 0), {config.feed_forward, config.hidden}};
}

void RequireGguf(const Checkpoint& checkpoint) {
  if (checkpoint.gguf()) return;
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
  const GgufConfig stated = ArchitectureByName(config.architecture).to_gguf(config);
  assert(stated.tensors.empty());
  for (const Metadata::Entry& entry : stated.metadata.entries()) metadata.Set(entry.key, entry.type, entry.value);
}

SourceModel ReadSource(const Checkpoint& checkpoint) {
  RequireGguf(checkpoint);
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
                    const Metadata& metadata, std::span<const ExtraTensor> extra, bool digest) {
  std::vector<Written> tensors = TensorsOf(config, parameters);
  for (const ExtraTensor& tensor : extra) {
    tensors.push_back({{tensor.name, DType::kF32, {tensor.values.size()}}, tensor.values});
  }
  std::vector<TensorSpec> specs;
  for (const Written& tensor : tensors) specs.push_back(tensor.spec);
  if (digest) specs.push_back({GgufWriter::kDigestTensor, DType::kF32, {GgufWriter::kDigestFloats}});
  GgufWriter writer(path, metadata, specs);
  for (const Written& tensor : tensors) writer.Append(tensor.spec.name, std::as_bytes(tensor.values));
  writer.Commit();
}

ModelConfig ReadConfig(const Checkpoint& checkpoint) {
  RequireGguf(checkpoint);
  ModelConfig config = ConfigOf(checkpoint);
  RequireTrainable(config);
  const Location up = ArchitectureOf(checkpoint).locate_gguf(config, UpOf(config), checkpoint.tensors());
  if (up.slice) {
    throw Error(ErrorCategory::kUnsupported, "training does not support gate and up in one tensor ({})", up.tensor);
  }
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
    const std::span<float> values = parameters.weights().subspan(entry.offset, parameter.count());
    Dequantise(tensor.type, bytes, values);
    const float scale = MayBeScaled(parameter) ? ScaleOf(location, checkpoint.tensors().Find(ScaleName(location))) : 1;
    if (scale != 1) std::ranges::for_each(values, [&](float& value) { value *= scale; });
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
