#include "model/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <exception>
#include <iterator>
#include <map>
#include <mutex>
#include <tuple>

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
    case DType::kQ5_1:
    case DType::kMXFP4:
    case DType::kQ1_0:
    case DType::kQ2_0:
    case DType::kTQ2_0: return DType::kQ8_0;
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
      case DType::kQ1_0:
      case DType::kTQ2_0: type = DType::kQ2_0; break;
      case DType::kQ2_0: type = DType::kMXFP4; break;
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
  require(near(wanted.residual_scale, written.residual_scale), "residual scale");
  require(near(wanted.logit_scale, written.logit_scale), "logit scale");
  require(near(wanted.query_temperature.scale, written.query_temperature.scale) &&
              wanted.query_temperature.length == written.query_temperature.length,
          "query temperature");
  require(wanted.attention_bias == written.attention_bias && wanted.projection_bias == written.projection_bias,
          "biases");
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
  require(wanted.experts == written.experts, "mixture of experts");
  DeltaNetConfig delta_net = wanted.delta_net;
  delta_net.alternating = written.delta_net.alternating;  // heads are reordered
  require(wanted.convolution == written.convolution && delta_net == written.delta_net, "recurrent layers");
  require(wanted.latent == written.latent, "latents");
  require(wanted.attention_gate == written.attention_gate, "gate of attention");
  require(wanted.value_norm == written.value_norm && wanted.layer_scale == written.layer_scale &&
              wanted.layer_input == written.layer_input,
          "norms of values, scales of layers and what they read of tokens");
  require(wanted.shapes == written.shapes, "rotary layers, layers with experts or without attention");
}

size_t CountNotFinite(std::span<const float> values) {
  return static_cast<size_t>(std::ranges::count_if(values, [](float value) { return !std::isfinite(value); }));
}

// The rows of a head of values, and how many rows stand before the first.
struct HeadRows {
  size_t size, before;
};
std::optional<HeadRows> ValueRows(const ModelConfig& config, Role role) {
  const DeltaNetConfig& delta = config.delta_net;
  switch (role) {
    case Role::kDeltaInput: return HeadRows{delta.value_dim, 2 * delta.keys()};
    case Role::kDeltaConvolution:
      return HeadRows{delta.value_dim * config.convolution, 2 * delta.keys() * config.convolution};
    case Role::kDeltaGate: return HeadRows{delta.value_dim, 0};
    case Role::kDeltaBeta:
    case Role::kDeltaAlpha:
    case Role::kDeltaTimeBias:
    case Role::kDeltaDecay: return HeadRows{1, 0};
    default: return std::nullopt;
  }
}

}  // namespace

// The type that most values of matrices have.
DType Conversion::CommonType() const {
  std::map<DType, uint64_t> values;
  for (const Target& target : targets_) {
    if (!target.pieces[0].parameter.is_matrix()) continue;
    for (const Piece& piece : target.pieces) values[target.spec.type] += piece.parameter.count();
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
  const std::vector<Parameter> parameters = ParametersOf(config_);
  for (const Parameter& parameter : parameters) source_tensors_.insert(From(parameter).tensor);
  for (const Parameter& parameter : parameters) {
    AddTarget(parameter, (folder ? architecture_->locate_hf : architecture_->locate_gguf)(config_, parameter, names));
  }
  for (Target& target : targets_) {
    std::ranges::sort(target.pieces, {}, [](const Piece& piece) {
      return std::tuple(piece.to.entry, piece.to.part_begin, piece.to.row_begin);
    });
    ChooseType(target);
  }
  if (!folder) {
    AddScales();
    AddGguf();
  }
  CheckResult();
}

boost::json::object Conversion::hf_config() const { return architecture_->to_hf(config_); }

Location Conversion::From(const Parameter& parameter) const {
  const Locate locate = checkpoint_.gguf() ? architecture_->locate_gguf : architecture_->locate_hf;
  return locate(config_, parameter, checkpoint_.tensors());
}

void Conversion::AddTarget(const Parameter& parameter, Location to) {
  Location from = From(parameter);
  const TensorInfo* tensor = checkpoint_.tensors().Find(from.tensor);
  if (!tensor) throw Error(ErrorCategory::kCorrupt, "{}: no tensor {}", checkpoint_.path().string(), from.tensor);
  TensorInfo source = EntryOf(from, *tensor);
  float scale = 1;
  if (const std::string name = ScaleName(from); MayBeScaled(parameter) && !source_tensors_.contains(name)) {
    scale = ScaleOf(from, checkpoint_.tensors().Find(name));
  }
  const Piece piece{parameter, std::move(from), std::move(to), std::move(source), scale};
  CheckSource(piece);
  std::vector<uint64_t> own(parameter.shape.begin(), parameter.shape.end());
  if (piece.to.part_rows > 0 && piece.to.transposed) std::ranges::reverse(own);
  const auto [found, first] = target_of_.try_emplace(piece.to.tensor, targets_.size());
  if (first) {
    targets_.push_back({{piece.to.tensor, DType::kF32, own}, {}, {}});
    if (!piece.to.shape.empty()) targets_.back().spec.shape = piece.to.shape;
    if (piece.to.entries > 0) {
      std::vector<uint64_t>& shape = targets_.back().spec.shape;
      shape.insert(shape.begin(), piece.to.entries);
    }
  } else if (piece.to.entries == 0) {
    targets_[found->second].spec.shape[0] += own[0];
  } else if (piece.to.entry == 0) {
    targets_[found->second].spec.shape[1] += parameter.shape[0];
  }
  targets_[found->second].pieces.push_back(piece);
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

// Blocks that stay as they are keep their scale beside them.
void Conversion::AddScales() {
  std::vector<Target> scales;
  for (Target& target : targets_) {
    const Location& to = target.pieces[0].to;
    std::vector<float> values(std::max<size_t>(1, to.entries), 1);
    bool kept = Info(target.spec.type).quantised && !ScaleName(to).empty();
    for (const Piece& piece : target.pieces) {
      kept &= piece.source.type == target.spec.type;
      values[piece.to.entry] = piece.scale;
    }
    // Parts of a tensor that were scaled otherwise have one scale here.
    kept &= std::ranges::all_of(target.pieces, [&](const Piece& p) { return p.scale == values[p.to.entry]; });
    if (!kept || std::ranges::all_of(values, [](float value) { return value == 1; })) continue;
    target.scaled = true;
    scales.push_back({{ScaleName(to), DType::kF32, {values.size()}}, {}, std::move(values)});
  }
  std::ranges::move(scales, std::back_inserter(targets_));
}

void Conversion::CheckSource(const Piece& piece) const {
  const TensorInfo& tensor = piece.source;
  std::vector<uint64_t> shape = tensor.shape;
  if (piece.from.transposed) std::ranges::reverse(shape);
  const std::vector<size_t>& wanted = piece.parameter.shape;
  bool good = shape.size() == wanted.size();
  if (good && wanted.size() == 2) good = shape[1] == wanted[1];
  if (good) {
    good = piece.from.slice ? shape[0] > piece.from.row(wanted[0] - 1) : shape[0] == wanted[0];
  }
  if (good) return;
  throw Error(ErrorCategory::kCorrupt, "{}: tensor {} has type {} and shape {}, the model needs [{}]",
              checkpoint_.path().string(), tensor.name, Info(tensor.type).name, ShapeText(tensor.shape),
              fmt::join(wanted, ", "));
}

DType Conversion::Wanted(const Target& target) {
  const Parameter& first = target.pieces[0].parameter;
  const DType source = target.pieces[0].source.type;
  if (form_ == Form::kFolder) return type_ ? *type_ : Info(source).quantised ? DType::kF32 : source;
  if (!first.is_matrix() || first.role == Role::kPositionEmbedding) return DType::kF32;
  if (!type_) return CanQuantise(source) ? source : DType::kF32;
  return IsOutput(config_, first.role) ? ForOutput(*type_) : *type_;
}

void Conversion::ChooseType(Target& target) {
  const DType wanted = Wanted(target), source = target.pieces[0].source.type;
  const uint64_t columns = target.pieces[0].parameter.is_matrix() ? target.spec.shape.back() : 1;
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
  if (const Location& to = target.pieces[0].to; to.transposed && to.part_rows == 0)
    std::swap(target.spec.shape.back(), target.spec.shape.end()[-2]);
}

void Conversion::CheckResult() {
  Planned planned;
  for (const Target& target : targets_) {
    planned.Add({target.spec.name, target.spec.type, target.spec.shape, std::as_bytes(std::span(target.values))});
  }
  const ModelConfig written = form_ == Form::kGguf ? architecture_->from_gguf(metadata_, planned, {})
                                                   : architecture_->from_hf(hf_config(), planned, {});
  RequireSameModel(config_, written);
  reordered_ = config_.delta_net.alternating != written.delta_net.alternating;
  if (reordered_) TellOfSplitBlocks();
  repaired_ = !config_.ropes.empty() && config_.ropes[0].interleaved != written.ropes[0].interleaved;
}

// Where the value head that is to stand at `head` stands in the source.
size_t Conversion::SourceHead(size_t head) const {
  const DeltaNetConfig& delta = config_.delta_net;
  const size_t shared = delta.value_heads / delta.key_heads;
  return delta.alternating ? head % shared * delta.key_heads + head / shared
                           : head % delta.key_heads * shared + head / delta.key_heads;
}

void Conversion::ReorderHeads(std::span<std::byte> row, size_t head_bytes) const {
  const std::vector<std::byte> source(row.begin(), row.end());
  for (size_t head = 0; head < config_.delta_net.value_heads; ++head) {
    std::ranges::copy(std::span(source).subspan(SourceHead(head) * head_bytes, head_bytes),
                      row.begin() + static_cast<ptrdiff_t>(head * head_bytes));
  }
}

// The columns of a head are whole blocks.
bool Conversion::MovesBlocks(const Target& target) const {
  return config_.delta_net.value_dim % Info(target.spec.type).block_size == 0;
}

void Conversion::TellOfSplitBlocks() {
  for (const Target& target : targets_) {
    if (target.pieces.empty() || target.pieces[0].parameter.role != Role::kDeltaOutput || MovesBlocks(target)) continue;
    if (target.pieces[0].source.type != target.spec.type) continue;
    notes_.push_back(
        fmt::format("{}: heads of {} columns stand otherwise there, and blocks of {} hold parts of several: they are "
                    "quantised anew",
                    target.spec.name, config_.delta_net.value_dim, Info(target.spec.type).block_size));
  }
}

size_t Conversion::SourceRow(const Piece& piece, size_t row) const {
  if (const auto heads = reordered_ ? ValueRows(config_, piece.parameter.role) : std::nullopt) {
    if (row < heads->before) return row;
    const size_t head = (row - heads->before) / heads->size, in = (row - heads->before) % heads->size;
    return heads->before + SourceHead(head) * heads->size + in;
  }
  if (!repaired_ || !Rotated(piece.parameter.role)) return row;
  const size_t pairs = config_.ropes[0].pairs(), dim = config_.HeadDim(piece.parameter.layer), head = row / dim,
               in = row % dim;
  if (in >= 2 * pairs) return row;
  const size_t from = config_.ropes[0].interleaved ? in % pairs * 2 + in / pairs : in / 2 + in % 2 * pairs;
  return head * dim + from;
}

void Conversion::Rows(const Piece& piece, bool scaled, size_t begin, size_t rows, float* out) const {
  const TensorInfo& tensor = piece.source;
  const size_t columns = piece.parameter.is_matrix() ? piece.parameter.shape[1] : 1;
  std::vector<float> whole;  // of what is stored in blocks the other way round
  std::vector<std::byte> buffer;
  for (size_t i = 0; i < rows; ++i) {
    const size_t row = piece.from.row(SourceRow(piece, begin + i));
    const std::span<float> values(out + i * columns, columns);
    if (piece.from.transposed && Info(tensor.type).quantised) {
      if (whole.empty()) {
        whole.resize(piece.parameter.count());
        Dequantise(tensor.type, tensor.Read(0, tensor.size(), buffer), whole);
      }
      for (size_t c = 0; c < columns; ++c) values[c] = whole[c * tensor.shape[1] + row];
    } else if (piece.from.transposed) {
      const size_t size = RowBytes(tensor.type, 1), stride = tensor.shape[1];
      for (size_t c = 0; c < columns; ++c) {
        Dequantise(tensor.type, tensor.Read((c * stride + row) * size, size, buffer), values.subspan(c, 1));
      }
    } else {
      const size_t size = RowBytes(tensor.type, columns);
      Dequantise(tensor.type, tensor.Read(row * size, size, buffer), values);
    }
    if (reordered_ && piece.parameter.role == Role::kDeltaOutput) {
      ReorderHeads(std::as_writable_bytes(values), config_.delta_net.value_dim * sizeof(float));
    }
    if (piece.from.logarithm) std::ranges::for_each(values, [](float& value) { value = -std::exp(value); });
    if (piece.to.logarithm) std::ranges::for_each(values, [](float& value) { value = std::log(-value); });
    const float offset = piece.from.offset - piece.to.offset;
    if (offset != 0) std::ranges::for_each(values, [&](float& value) { value += offset; });
    if (piece.scale != 1 && !scaled) std::ranges::for_each(values, [&](float& value) { value *= piece.scale; });
  }
}

// One entry of a tensor whose rows do not follow each other as the pieces' do.
std::vector<float> Conversion::Entry(const Target& target, size_t entry) const {
  const size_t columns = target.pieces[0].parameter.count() / target.pieces[0].parameter.shape[0];
  size_t rows = 0;
  for (const Piece& piece : target.pieces) rows += piece.to.entry == entry ? piece.parameter.shape[0] : 0;
  std::vector<float> out(rows * columns);
  for (const Piece& piece : target.pieces) {
    if (piece.to.entry != entry) continue;
    std::vector<float> plain(piece.parameter.count());
    Rows(piece, target.scaled, 0, piece.parameter.shape[0], plain.data());
    for (size_t i = 0; i < plain.size(); ++i) {
      const size_t row = piece.to.row(i / columns), column = i % columns;
      out[piece.to.transposed ? column * rows + row : row * columns + column] = plain[i];
    }
  }
  return out;
}

// What a value's type cannot hold is of the file, not of somebody's flags.
void Conversion::QuantiseNamed(const TensorSpec& spec, std::span<const float> values, std::span<std::byte> out) const {
  try {
    Quantise(spec.type, values, out);
  } catch (const Error& error) {
    throw Error(ErrorCategory::kUnsupported, "{}: tensor {}: {}; f32 and bf16 hold it", checkpoint_.path().string(),
                spec.name, error.what());
  }
}

// A piece as the part of its target that it is.
std::vector<float> Conversion::Part(const Target& target, const Piece& piece) const {
  const size_t rows = piece.parameter.shape[0], columns = piece.parameter.shape[1];
  std::vector<float> plain(rows * columns);
  Rows(piece, target.scaled, 0, rows, plain.data());
  if (!piece.to.transposed) return plain;
  std::vector<float> out(plain.size());
  for (size_t i = 0; i < plain.size(); ++i) out[i % columns * rows + i / columns] = plain[i];
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
    QuantiseNamed(target.spec, values, bytes);
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
  if (!target.values.empty()) {
    put(target.values);
    return tell();
  }
  if (target.pieces[0].to.part_rows > 0) {
    for (const Piece& piece : target.pieces) put(Part(target, piece));
    return tell();
  }
  if (const Location& to = target.pieces[0].to; to.transposed || to.row_step > 1) {
    for (size_t entry = 0; entry < std::max<size_t>(1, to.entries); ++entry) put(Entry(target, entry));
    return tell();
  }
  for (const Piece& piece : target.pieces) {
    const size_t rows = piece.parameter.shape[0], columns = piece.parameter.count() / rows;
    const size_t chunk = std::max<size_t>(1, kChunkValues / columns);
    const bool vector = !piece.parameter.is_matrix();
    const bool columns_move = reordered_ && piece.parameter.role == Role::kDeltaOutput;
    const bool whole = piece.scale == 1 || target.scaled;
    const bool moves = !columns_move || MovesBlocks(target);
    const bool copy = piece.source.type == type && !piece.from.transposed && !vector && moves && whole;
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
          std::vector<std::byte> buffer;
          if (copy) {
            for (size_t i = 0; i < size; ++i) {
              const size_t row = piece.from.row(SourceRow(piece, begin + first + i));
              std::ranges::copy(piece.source.Read(row * row_bytes, row_bytes, buffer),
                                out.begin() + static_cast<ptrdiff_t>(i * row_bytes));
              if (columns_move) {
                ReorderHeads(out.subspan(i * row_bytes, row_bytes), RowBytes(type, config_.delta_net.value_dim));
              }
            }
          }
          std::vector<float> values(size * columns);
          if (copy) {
            Dequantise(type, out, values);
            not_finite += CountNotFinite(values);
            return;
          }
          Rows(piece, target.scaled, begin + first, size, values.data());
          not_finite += CountNotFinite(values);
          QuantiseNamed(target.spec, values, out);
        } catch (...) {
          const std::lock_guard lock(mutex);
          failure = std::current_exception();
        }
      });
      if (failure) std::rethrow_exception(failure);
      writer.Append(target.spec.name, bytes);
    }
    checkpoint_.tensors().Release(piece.source);
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
