#include "model/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <exception>
#include <map>
#include <mutex>

#include "base/error.h"
#include "checkpoint/gguf_writer.h"
#include "checkpoint/safetensors.h"
#include "model/checkpoint_config.h"
#include "model/file_type.h"
#include "tensor/dequantise.h"
#include "tensor/quantise.h"

namespace sheepop {
namespace {

constexpr size_t kChunkValues = 1 << 22;  // in memory at a time

// The tensors of a plan, for the readers of configurations: names and shapes, bytes only of small ones.
class Planned final : public TensorSource {
 public:
  void Add(TensorInfo tensor) { tensors_.push_back(std::move(tensor)); }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  const TensorInfo* Find(std::string_view name) const override {
    const auto found = std::ranges::find(tensors_, name, &TensorInfo::name);
    return found == tensors_.end() ? nullptr : &*found;
  }
  void Release(const TensorInfo&) const override {}

 private:
  std::vector<TensorInfo> tensors_;
};

bool IsOutput(const ModelConfig& config, Role role) {
  return role == Role::kOutput || (config.tied_embeddings && role == Role::kTokenEmbedding);
}

DType ForOutput(DType type) {
  switch (type) {
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ5_0:
    case DType::kQ5_1: return DType::kQ8_0;
    case DType::kQ4_K:
    case DType::kQ5_K: return DType::kQ6_K;
    default: return type;
  }
}

DType Fitting(DType type, uint64_t columns) {
  while (columns % Info(type).block_size != 0) {
    switch (type) {
      case DType::kQ4_K: type = DType::kQ5_0; break;
      case DType::kQ5_K: type = DType::kQ5_1; break;
      case DType::kQ6_K: type = DType::kQ8_0; break;
      default: type = DType::kF16;
    }
  }
  return type;
}

bool Rotated(Role role) { return role == Role::kQuery || role == Role::kKey; }

// What was written would otherwise compute something else.
void RequireSameModel(const ModelConfig& wanted, const ModelConfig& written) {
  const auto require = [](bool same, const char* what) {
    if (!same) throw Error(ErrorCategory::kUnsupported, "the output's format cannot state this model's {}", what);
  };
  const auto near = [](float a, float b) { return std::abs(a - b) <= 1e-6f * std::abs(a); };
  require(wanted.layers == written.layers && wanted.hidden == written.hidden && wanted.heads == written.heads &&
              wanted.kv_heads == written.kv_heads && wanted.head_dim == written.head_dim &&
              wanted.feed_forward == written.feed_forward && wanted.vocab == written.vocab &&
              wanted.context == written.context && wanted.tied_embeddings == written.tied_embeddings,
          "sizes");
  require(wanted.norm == written.norm && near(wanted.norm_epsilon, written.norm_epsilon), "norm epsilon");
  require(wanted.activation == written.activation && wanted.gated == written.gated, "activation");
  require(near(wanted.embedding_scale, written.embedding_scale), "embedding scale");
  require(near(wanted.attention_scale, written.attention_scale), "attention scale");
  require(
      near(wanted.attention_softcap, written.attention_softcap) && near(wanted.final_softcap, written.final_softcap),
      "soft caps");
  require(wanted.ropes.size() == written.ropes.size(), "rotary layers");
  for (size_t i = 0; i < wanted.ropes.size(); ++i) {
    require(NearlyEqual(Frequencies(wanted.ropes[i]), Frequencies(written.ropes[i])) &&
                near(wanted.ropes[i].factor, written.ropes[i].factor),
            "rotary frequencies");
  }
  const auto windows = [](const ModelConfig& config) {
    std::vector<size_t> out;
    for (const LayerShape& shape : config.shapes) out.push_back(shape.window);
    return out;
  };
  require(windows(wanted) == windows(written), "sliding windows");
  require(wanted.shapes == written.shapes, "rotary layers");
}

size_t CountNotFinite(std::span<const float> values) {
  return static_cast<size_t>(std::ranges::count_if(values, [](float value) { return !std::isfinite(value); }));
}

}  // namespace

// The type that most values of matrices have.
DType Conversion::CommonType() const {
  std::map<DType, uint64_t> values;
  for (const Target& target : targets_) {
    if (target.spec.shape.size() > 1) values[target.spec.type] += target.spec.shape[0] * target.spec.shape[1];
  }
  const auto most = std::ranges::max_element(values, {}, [](const auto& entry) { return entry.second; });
  return most == values.end() ? DType::kF32 : most->first;
}

Conversion::Conversion(const Checkpoint& checkpoint, Form form, std::optional<DType> type)
    : checkpoint_(checkpoint), form_(form), type_(type) {
  if (form == Form::kFolder && type && Info(*type).quantised) {
    throw Error(ErrorCategory::kInvalidArgument,
                "a Hugging Face folder cannot hold {}: f32, f16 and bf16 can be written", Info(*type).name);
  }
  architecture_ = &ArchitectureOf(checkpoint);
  config_ = ConfigOf(checkpoint);
  const Planned names;
  const bool folder = form == Form::kFolder;
  for (const Parameter& parameter : ParametersOf(config_)) {
    AddTarget(parameter, (folder ? architecture_->locate_hf : architecture_->locate_gguf)(config_, parameter, names));
  }
  for (Target& target : targets_) {
    std::ranges::sort(target.pieces, {}, [](const Piece& piece) { return piece.to.row_begin; });
    ChooseType(target);
  }
  if (!folder) AddGguf();
  CheckResult();
}

boost::json::object Conversion::hf_config() const { return architecture_->to_hf(config_); }

void Conversion::AddTarget(const Parameter& parameter, Location to) {
  const Piece piece{parameter,
                    (checkpoint_.gguf() ? architecture_->locate_gguf : architecture_->locate_hf)(config_, parameter,
                                                                                                 checkpoint_.tensors()),
                    std::move(to)};
  CheckSource(piece);
  auto found = std::ranges::find(targets_, piece.to.tensor, [](const Target& target) { return target.spec.name; });
  if (found == targets_.end()) {
    targets_.push_back({{piece.to.tensor, DType::kF32, {parameter.shape.begin(), parameter.shape.end()}}, {}, {}});
    found = targets_.end() - 1;
  } else {
    found->spec.shape[0] += parameter.shape[0];
  }
  found->pieces.push_back(piece);
}

void Conversion::AddGguf() {
  GgufConfig stated = architecture_->to_gguf(config_);
  metadata_ = std::move(stated.metadata);
  metadata_.Set("general.quantization_version", Metadata::GgufType::kUint32, uint64_t{2});
  if (type_) metadata_.Set("general.file_type", Metadata::GgufType::kUint32, FileTypeOf(CommonType()));
  for (auto& [name, values] : stated.tensors) {
    targets_.push_back({{name, DType::kF32, {values.size()}}, {}, std::move(values)});
  }
}

const TensorInfo& Conversion::Source(const Piece& piece) const {
  const TensorInfo* tensor = checkpoint_.tensors().Find(piece.from.tensor);
  if (!tensor) {
    throw Error(ErrorCategory::kCorrupt, "{}: no tensor {}", checkpoint_.path().string(), piece.from.tensor);
  }
  return *tensor;
}

void Conversion::CheckSource(const Piece& piece) const {
  const TensorInfo& tensor = Source(piece);
  std::vector<uint64_t> shape = tensor.shape;
  if (piece.from.transposed) std::ranges::reverse(shape);
  const std::vector<size_t>& wanted = piece.parameter.shape;
  bool good = shape.size() == wanted.size();
  if (good && wanted.size() == 2) good = shape[1] == wanted[1];
  if (good) {
    good = piece.from.slice ? shape[0] >= piece.from.row_begin + wanted[0] : shape[0] == wanted[0];
  }
  if (good && !(piece.from.transposed && Info(tensor.type).quantised)) return;
  throw Error(ErrorCategory::kCorrupt, "{}: tensor {} has type {} and shape {}, the model needs [{}]",
              checkpoint_.path().string(), tensor.name, Info(tensor.type).name, ShapeText(tensor.shape),
              fmt::join(wanted, ", "));
}

DType Conversion::Wanted(const Target& target) {
  const Parameter& first = target.pieces[0].parameter;
  const DType source = Source(target.pieces[0]).type;
  if (form_ == Form::kFolder) return type_ ? *type_ : Info(source).quantised ? DType::kF32 : source;
  if (!first.is_matrix() || first.role == Role::kPositionEmbedding) return DType::kF32;
  if (!type_) return CanQuantise(source) ? source : DType::kF32;
  return IsOutput(config_, first.role) ? ForOutput(*type_) : *type_;
}

void Conversion::ChooseType(Target& target) {
  const DType wanted = Wanted(target), source = Source(target.pieces[0]).type;
  const uint64_t columns = target.pieces[0].parameter.is_matrix() ? target.spec.shape[1] : 1;
  target.spec.type = Fitting(wanted, columns);
  if (target.spec.type != wanted) {
    notes_.push_back(fmt::format("{}: rows of {} are not whole blocks of {}: {} instead", target.spec.name, columns,
                                 Info(wanted).name, Info(target.spec.type).name));
  }
  if (Info(source).quantised && Info(target.spec.type).quantised && source != target.spec.type) {
    notes_.push_back(fmt::format("{}: from {} to {}: errors of both add up", target.spec.name, Info(source).name,
                                 Info(target.spec.type).name));
  }
  // GPT-2's folders store matrices the other way round.
  if (target.pieces[0].to.transposed) std::ranges::reverse(target.spec.shape);
}

void Conversion::CheckResult() {
  Planned planned;
  for (const Target& target : targets_) {
    planned.Add({target.spec.name, target.spec.type, target.spec.shape, std::as_bytes(std::span(target.values))});
  }
  const ModelConfig written = form_ == Form::kGguf ? architecture_->from_gguf(metadata_, planned, {})
                                                   : architecture_->from_hf(hf_config(), planned, {});
  RequireSameModel(config_, written);
  repaired_ = !config_.ropes.empty() && config_.ropes[0].interleaved != written.ropes[0].interleaved;
}

size_t Conversion::SourceRow(const Piece& piece, size_t row) const {
  if (!repaired_ || !Rotated(piece.parameter.role)) return row;
  const size_t pairs = config_.ropes[0].pairs(), head = row / config_.head_dim, in = row % config_.head_dim;
  if (in >= 2 * pairs) return row;
  const size_t from = config_.ropes[0].interleaved ? in % pairs * 2 + in / pairs : in / 2 + in % 2 * pairs;
  return head * config_.head_dim + from;
}

void Conversion::Rows(const Piece& piece, size_t begin, size_t rows, float* out) const {
  const TensorInfo& tensor = Source(piece);
  const size_t columns = piece.parameter.is_matrix() ? piece.parameter.shape[1] : 1;
  for (size_t i = 0; i < rows; ++i) {
    const size_t row = piece.from.row_begin + SourceRow(piece, begin + i);
    const std::span<float> values(out + i * columns, columns);
    if (piece.from.transposed) {
      const size_t size = RowBytes(tensor.type, 1), stride = tensor.shape[1];
      for (size_t c = 0; c < columns; ++c) {
        Dequantise(tensor.type, tensor.bytes.subspan((c * stride + row) * size, size), values.subspan(c, 1));
      }
    } else {
      const size_t size = RowBytes(tensor.type, columns);
      Dequantise(tensor.type, tensor.bytes.subspan(row * size, size), values);
    }
    const float offset = piece.from.offset - piece.to.offset;
    if (offset != 0) std::ranges::for_each(values, [&](float& value) { value += offset; });
  }
}

std::vector<float> Conversion::Whole(const Target& target) const {
  const size_t rows = target.spec.shape[1], columns = target.spec.shape[0];
  std::vector<float> plain(rows * columns), out(rows * columns);
  size_t at = 0;
  for (const Piece& piece : target.pieces) {
    Rows(piece, 0, piece.parameter.shape[0], plain.data() + at);
    at += piece.parameter.count();
  }
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) out[c * rows + r] = plain[r * columns + c];
  }
  return out;
}

template <typename Writer>
void Conversion::Write(const Target& target, Writer& writer, ThreadPool& pool) const {
  const DType type = target.spec.type;
  std::vector<std::byte> bytes;
  std::atomic<uint64_t> not_finite = 0;
  const auto put = [&](std::span<const float> values) {
    not_finite += CountNotFinite(values);
    bytes.resize(RowBytes(type, values.size()));
    Quantise(type, values, bytes);
    writer.Append(target.spec.name, bytes);
  };
  const auto tell = [&] {
    if (not_finite == 0) return;
    warnings_.push_back(
        {"not_finite", target.spec.name, std::to_string(not_finite),
         fmt::format("{}: tensor {} holds {} values that are NaN or infinite, and so does what is written: "
                     "the model's results may be none",
                     checkpoint_.path().string(), target.spec.name, not_finite.load())});
  };
  if (!target.values.empty() || target.pieces[0].to.transposed) {
    target.values.empty() ? put(Whole(target)) : put(target.values);
    return tell();
  }
  for (const Piece& piece : target.pieces) {
    const size_t rows = piece.parameter.shape[0], columns = piece.parameter.count() / rows;
    const size_t chunk = std::max<size_t>(1, kChunkValues / columns);
    const bool vector = !piece.parameter.is_matrix();
    const bool copy = Source(piece).type == type && !piece.from.transposed && !vector;
    const size_t row_bytes = vector ? RowBytes(type, 1) : RowBytes(type, columns);
    for (size_t begin = 0; begin < rows; begin += chunk) {
      const size_t count = std::min(chunk, rows - begin);
      bytes.resize(count * row_bytes);
      std::mutex mutex;
      std::exception_ptr failure;
      const size_t step = std::max<size_t>(1, 65536 / columns);
      pool.ParallelFor((count + step - 1) / step, [&](size_t part, size_t) {
        try {
          const size_t first = part * step, size = std::min(step, count - first);
          const std::span<std::byte> out(bytes.data() + first * row_bytes, size * row_bytes);
          if (copy) {
            for (size_t i = 0; i < size; ++i) {
              const size_t row = piece.from.row_begin + SourceRow(piece, begin + first + i);
              std::ranges::copy(Source(piece).bytes.subspan(row * row_bytes, row_bytes),
                                out.begin() + static_cast<ptrdiff_t>(i * row_bytes));
            }
          }
          std::vector<float> values(size * columns);
          if (copy) {
            Dequantise(type, out, values);
            not_finite += CountNotFinite(values);
            return;
          }
          Rows(piece, begin + first, size, values.data());
          not_finite += CountNotFinite(values);
          Quantise(type, values, out);
        } catch (...) {
          const std::lock_guard lock(mutex);
          failure = std::current_exception();
        }
      });
      if (failure) std::rethrow_exception(failure);
      writer.Append(target.spec.name, bytes);
    }
    checkpoint_.tensors().Release(Source(piece));
  }
  tell();
}

void Conversion::WriteGguf(const std::filesystem::path& path, const Metadata& metadata, ThreadPool& pool,
                           const ConvertProgress& progress) const {
  std::vector<TensorSpec> specs;
  for (const Target& target : targets_) specs.push_back(target.spec);
  GgufWriter writer(path, metadata, std::move(specs));
  for (size_t i = 0; i < targets_.size(); ++i) {
    progress(targets_[i].spec.name, i, targets_.size());
    Write(targets_[i], writer, pool);
  }
  writer.Commit();
}

std::vector<std::string> Conversion::WriteSafetensors(const std::filesystem::path& folder, uint64_t shard_bytes,
                                                      ThreadPool& pool, const ConvertProgress& progress) const {
  std::vector<std::vector<const Target*>> shards(1);
  uint64_t filled = 0, total = 0;
  for (const Target& target : targets_) {
    const uint64_t size = ByteCount(target.spec.type, target.spec.shape).value_or(0);
    if (filled > 0 && filled + size > shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(&target);
    filled += size;
    total += size;
  }
  std::vector<std::string> names;
  boost::json::object map;
  size_t done = 0;
  for (size_t s = 0; s < shards.size(); ++s) {
    names.push_back(shards.size() == 1 ? "model.safetensors"
                                       : fmt::format("model-{:05}-of-{:05}.safetensors", s + 1, shards.size()));
    std::vector<TensorSpec> specs;
    for (const Target* target : shards[s]) specs.push_back(target->spec);
    SafetensorsWriter writer(folder / names.back(), std::move(specs));
    for (const Target* target : shards[s]) {
      progress(target->spec.name, done++, targets_.size());
      map[target->spec.name] = names.back();
      Write(*target, writer, pool);
    }
    writer.Commit();
  }
  if (shards.size() > 1) {
    const boost::json::object index{{"metadata", boost::json::object{{"total_size", total}}},
                                    {"weight_map", std::move(map)}};
    names.push_back("model.safetensors.index.json");
    FileWriter file(folder / names.back());
    file.Write(boost::json::serialize(index) + "\n");
    file.Commit();
  }
  return names;
}

}  // namespace sheepop
