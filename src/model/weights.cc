#include "model/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/memory.h"
#include "kernel/attention.h"
#include "kernel/packed.h"
#include "kernel/vector.h"
#include "model/weight_bytes.h"
#include "tensor/dequantise.h"
#include "tensor/pack.h"

namespace sheepop {
namespace {

constexpr size_t kAlignment = 64;

// Tensors that some writers add and that carry nothing the configuration does not: rotary tables, masks.
constexpr std::array<std::string_view, 7> kCarryNothing = {"rope_freqs.weight",        "rope_factors_short.weight",
                                                           "rope_factors_long.weight", ".attn_rot_embd",
                                                           ".rotary_emb.inv_freq",     ".attn.bias",
                                                           ".attn.masked_bias"};

// What training goes on with: moments of its optimiser. No part of the model.
constexpr std::string_view kTrainingState = "sheepop.";

struct Placed {
  const Parameter* parameter;
  TensorInfo tensor;  // or its entry
  Location location;
  std::byte* out;
  float scale = 1;
};

std::string ShapeText(std::span<const uint64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

void CheckShape(const Parameter& parameter, const Location& location, const TensorInfo& tensor) {
  std::vector<uint64_t> want(parameter.shape.begin(), parameter.shape.end());
  if (location.transposed) std::ranges::reverse(want);
  std::vector<uint64_t> have = tensor.shape;
  // A vector may be written as [1, n].
  if (want.size() == 1 && have.size() == 2 && have[0] == 1) have.erase(have.begin());
  const size_t row_axis = location.transposed ? 1 : 0;
  const bool same_rank = want.size() == have.size();
  const bool rows_fit = same_rank && location.row(parameter.shape[0] - 1) < have[row_axis];
  const bool whole = location.row_begin == 0 && same_rank && have == want;
  const bool cols_fit = same_rank && (have.size() == 1 || have[1 - row_axis] == want[1 - row_axis]);
  if (!parameter.is_matrix() && Info(tensor.type).quantised) {
    throw Error(ErrorCategory::kUnsupported, "tensor {} is a vector of type {}, vectors are F32, F16 or BF16",
                tensor.name, Info(tensor.type).name);
  }
  if (whole || (location.slice && rows_fit && cols_fit)) return;
  throw Error(ErrorCategory::kCorrupt, "tensor {} has shape {}, {} needs {} from row {}", tensor.name, ShapeText(have),
              parameter.name, ShapeText(want), location.row_begin);
}

size_t PackedBytesOf(const Placed& placed) {
  const Parameter& p = *placed.parameter;
  if (StaysInFile(p.role)) return 0;
  if (!p.is_matrix()) return p.shape[0] * sizeof(float);
  return PackedBytes(placed.location.transposed ? DType::kF32 : placed.tensor.type, p.shape[0], p.shape[1]);
}

size_t BytesOfRow(const Placed& placed) {
  return RowBytes(placed.tensor.type, placed.parameter->is_matrix() ? placed.parameter->shape[1] : 1);
}

// The file's rows from the one where row `begin` lies to the one where `end` - 1 does.
TensorInfo StretchOf(const Placed& placed, size_t begin, size_t end) {
  const size_t first = placed.location.row(begin), last = placed.location.row(end - 1);
  return placed.tensor.Part(first * BytesOfRow(placed), (last - first + 1) * BytesOfRow(placed));
}

// Rows [begin, end), one behind the other.
std::span<const std::byte> RowsOf(const Placed& placed, size_t begin, size_t end, std::vector<std::byte>& buffer) {
  const TensorInfo stretch = StretchOf(placed, begin, end);
  const size_t step = placed.location.row_step, row_bytes = BytesOfRow(placed);
  if (step == 1) return stretch.Read(0, stretch.size(), buffer);
  std::vector<std::byte> one;
  std::vector<std::byte> rows((end - begin) * row_bytes);
  for (size_t r = 0; r < end - begin; ++r) {
    std::ranges::copy(stretch.Read(r * step * row_bytes, row_bytes, one),
                      rows.begin() + static_cast<ptrdiff_t>(r * row_bytes));
  }
  buffer = std::move(rows);
  return buffer;
}

void LoadVector(const Placed& placed) {
  const std::span<float> out(reinterpret_cast<float*>(placed.out), placed.parameter->shape[0]);
  std::vector<std::byte> buffer;
  Dequantise(placed.tensor.type, RowsOf(placed, 0, out.size(), buffer), out);
  for (float& value : out) {
    value = placed.location.logarithm ? -static_cast<float>(kernel::Exp(static_cast<double>(value)))
                                      : value + placed.location.offset;
  }
}

void LoadTransposed(const Placed& placed) {
  const size_t rows = placed.parameter->shape[0], cols = placed.parameter->shape[1];
  const size_t stored = placed.tensor.shape[1];
  std::vector<float> file(cols * stored), matrix(rows * cols);
  std::vector<std::byte> buffer;
  Dequantise(placed.tensor.type, placed.tensor.Read(0, placed.tensor.size(), buffer), file);
  for (size_t c = 0; c < cols; ++c) {
    for (size_t r = 0; r < rows; ++r) matrix[r * cols + c] = file[c * stored + placed.location.row(r)];
  }
  PackTiles(DType::kF32, reinterpret_cast<const std::byte*>(matrix.data()), rows, cols,
            {0, (rows + kernel::kTileRows - 1) / kernel::kTileRows}, placed.out);
}

void LoadTiles(const Placed& placed, kernel::TileRange tiles, const TensorSource& source) {
  const DType type = placed.tensor.type;
  const size_t cols = placed.parameter->shape[1];
  const size_t begin = tiles.begin * kernel::kTileRows;
  const size_t end = std::min(placed.parameter->shape[0], tiles.end * kernel::kTileRows);
  std::vector<std::byte> buffer;
  PackTiles(type, RowsOf(placed, begin, end, buffer).data(), end - begin, cols, {0, tiles.end - tiles.begin},
            placed.out + tiles.begin * kernel::TileBytes(PackedTypeOf(type), cols));
  source.Release(StretchOf(placed, begin, end));
}

// What some writers of NVFP4 state of a weight's inputs, for arithmetic that quantises those with it.
bool IsInputScale(std::string_view name, const std::set<std::string, std::less<>>& used) {
  constexpr std::string_view kEnd = ".input_scale";
  return name.ends_with(kEnd) && used.contains(std::string(name.substr(0, name.size() - kEnd.size())) + ".weight");
}

void CheckAllUsed(const TensorSource& source, const std::set<std::string, std::less<>>& used,
                  const std::vector<std::string>& skipped) {
  for (const TensorInfo& tensor : source.tensors()) {
    if (used.contains(tensor.name)) continue;
    const bool known =
        std::ranges::any_of(kCarryNothing, [&](std::string_view end) { return tensor.name.ends_with(end); }) ||
        std::ranges::any_of(skipped, [&](const std::string& begin) { return tensor.name.starts_with(begin); }) ||
        IsInputScale(tensor.name, used);
    if (!known && !tensor.name.starts_with(kTrainingState)) {
      throw Error(ErrorCategory::kUnsupported, "the model holds a tensor {} {} that its architecture does not use",
                  tensor.name, ShapeText(tensor.shape));
    }
  }
}

}  // namespace

const Matrix& Weights::output() const {
  const Matrix& own = matrix(Role::kOutput);
  return own.data ? own : matrix(Role::kTokenEmbedding);
}

void Weights::KeepInFile(const TensorInfo& tensor, float scale, const TensorSource& source) {
  in_file_ = {tensor.type, tensor.bytes, scale, tensor.form ? nullptr : source.Hold(tensor)};
  if (in_file_.holder) return;
  std::vector<std::byte> buffer;
  const std::span<const std::byte> bytes = tensor.Read(0, tensor.size(), buffer);
  auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  in_file_.bytes = *copy;
  in_file_.holder = std::move(copy);
}

void Weights::ReadRow(size_t row, std::span<float> out) const {
  const size_t bytes = RowBytes(in_file_.type, out.size());
  Dequantise(in_file_.type, in_file_.bytes.subspan(row * bytes, bytes), out);
  for (float& value : out) value *= in_file_.scale;
}

double Weights::BytesRead(size_t rows) const {
  const kernel::PackedView& table = matrix(Role::kTokenEmbedding);
  const size_t unread = matrix(Role::kOutput).data ? table.tiles() * kernel::TileBytes(table.type, table.cols) : 0;
  const auto dense = static_cast<double>(bytes() - expert_bytes_ - unread);
  if (experts_ == 0) return dense;
  const double unchosen = 1 - static_cast<double>(experts_used_) / static_cast<double>(experts_);
  const double share = 1 - std::pow(unchosen, static_cast<double>(rows));
  return dense + share * static_cast<double>(expert_bytes_);
}

namespace {

// Where each parameter comes from and goes to: an offset into the arena, whose size is `bytes`.
struct Plan {
  std::vector<Placed> placed;
  std::vector<size_t> offsets;
  size_t bytes = 0;
};

Plan PlanOf(const std::vector<Parameter>& parameters, const ModelConfig& config, const TensorSource& source,
            Locate locate) {
  Plan out;
  std::set<std::string, std::less<>> used;
  for (const Parameter& parameter : parameters) {
    Location location = locate(config, parameter, source);
    const TensorInfo* tensor = source.Find(location.tensor);
    if (!tensor) {
      throw Error(ErrorCategory::kCorrupt,
                  "the model has no tensor {}, though its configuration states {} layers of {}; get the model again, "
                  "or correct "
                  "the configuration",
                  location.tensor, config.layers, config.architecture);
    }
    TensorInfo entry = EntryOf(location, *tensor);
    CheckShape(parameter, location, entry);
    used.insert(location.tensor);
    out.placed.push_back({&parameter, std::move(entry), std::move(location), nullptr, 1});
    out.offsets.push_back(out.bytes);
    out.bytes += (PackedBytesOf(out.placed.back()) + kAlignment - 1) / kAlignment * kAlignment;
  }
  const std::set<std::string, std::less<>> parameters_of = used;
  for (Placed& placed : out.placed) {
    if (!MayBeScaled(*placed.parameter)) continue;
    const std::string name = ScaleName(placed.location);
    if (name.empty() || parameters_of.contains(name)) continue;
    const TensorInfo* const scale = source.Find(name);
    placed.scale = ScaleOf(placed.location, scale);
    if (scale) used.insert(name);
  }
  CheckAllUsed(source, used, config.skipped_tensors);
  return out;
}

}  // namespace

size_t WeightBytes(const ModelConfig& config, const TensorSource& source, Locate locate) {
  return PlanOf(ParametersOf(config), config, source, locate).bytes;
}

void RequireMemory(const std::string& path, const MemoryNeeds& needs, size_t free) {
  const size_t per_position = needs.cache_per_position * needs.sequences, cache = per_position * needs.context;
  if (free == 0 || needs.weights + cache <= free) return;
  // What else a program takes is small, and what is free changes.
  const size_t usable = free - free / 32;
  const size_t left = needs.weights < usable ? usable - needs.weights : 0;
  const size_t positions = per_position > 0 ? left / per_position / kernel::kKvBlock * kernel::kKvBlock : 0;
  const std::string each = needs.sequences > 1 ? fmt::format(" for each of {} sequences", needs.sequences) : "";
  if (positions == 0) {
    throw Error(ErrorCategory::kLimit,
                "{} needs {} for its weights, {} of memory are free, which leaves no room for any context{}: take a "
                "smaller weight type or model, or end other programs",
                path, MemoryText(needs.weights), MemoryText(free), each);
  }
  throw Error(ErrorCategory::kLimit,
              "{} needs {} for its weights and {} for a context of {} positions{}, {} of memory are free: the largest "
              "--context that fits is about {}",
              path, MemoryText(needs.weights), MemoryText(cache), needs.context, each, MemoryText(free), positions);
}

Matrix& Weights::MatrixOf(const Parameter& p) {
  if (IsOfExpert(p.role)) return expert_matrices_[ExpertIndex(p.role, p.layer, p.expert)];
  if (IsOfHead(p.role)) return head_matrices_[HeadIndex(p.role, p.layer, p.head)];
  return matrices_[Index(p.role, p.layer)];
}

const float*& Weights::VectorOf(const Parameter& p) {
  return IsOfExpert(p.role) ? expert_vectors_[ExpertIndex(p.role, p.layer, p.expert)]
                            : vectors_[Index(p.role, p.layer)];
}

Weights Weights::Load(const ModelConfig& config, const TensorSource& source, Locate locate, ThreadPool& pool,
                      const LoadProgress& progress) {
  const std::vector<Parameter> parameters = ParametersOf(config);
  auto [placed, offsets, bytes] = PlanOf(parameters, config, source, locate);
  Weights weights;
  weights.arena_ = HugeBuffer(bytes);
  weights.matrices_.resize(config.layers * kRoles);
  weights.vectors_.resize(config.layers * kRoles);
  if (std::ranges::any_of(config.shapes, &LayerShape::experts)) {
    weights.experts_ = config.experts.count;
    weights.experts_used_ = config.experts.used;
  }
  weights.expert_matrices_.resize(config.layers * weights.experts_ * kExpertRoles);
  weights.expert_vectors_.resize(config.layers * weights.experts_ * kExpertRoles);
  if (config.latent.rank > 0) weights.heads_ = config.heads;
  weights.head_matrices_.resize(config.layers * weights.heads_ * kHeadRoles);
  // A tensor while chunks of it are to be read. Once none is, what the system mapped around each of them goes, too.
  struct Unread {
    const TensorInfo* tensor = nullptr;
    std::atomic<size_t> chunks = 0;
  };
  std::map<std::string_view, Unread> unread;
  struct Chunk {
    const Placed* placed;
    kernel::TileRange tiles;
    Unread* unread;
  };
  std::vector<Chunk> chunks;
  const auto add = [&](const Placed& p, kernel::TileRange tiles) {
    Unread& of = unread[p.location.tensor];
    of.tensor = source.Find(p.location.tensor);
    ++of.chunks;
    chunks.push_back({&p, tiles, &of});
  };
  for (size_t i = 0; i < placed.size(); ++i) {
    Placed& p = placed[i];
    const Parameter& parameter = *p.parameter;
    if (StaysInFile(parameter.role)) {
      weights.KeepInFile(p.tensor, p.scale, source);
      continue;
    }
    p.out = weights.arena_.data() + offsets[i];
    if (IsOfExpert(parameter.role)) weights.expert_bytes_ += PackedBytesOf(p);
    if (!parameter.is_matrix()) {
      weights.VectorOf(parameter) = reinterpret_cast<const float*>(p.out);
      add(p, {});
      continue;
    }
    const DType type = p.location.transposed ? DType::kF32 : p.tensor.type;
    Matrix& view = weights.MatrixOf(parameter);
    view = {{PackedTypeOf(type), parameter.shape[0], parameter.shape[1], p.out}, p.scale};
    const size_t tiles = view.tiles();
    const size_t step = p.location.transposed ? tiles : std::max<size_t>(1, (1 << 16) / parameter.shape[1]);
    for (size_t begin = 0; begin < tiles; begin += step) add(p, {begin, std::min(tiles, begin + step)});
  }
  std::atomic<size_t> done = 0;
  pool.ParallelFor(chunks.size(), [&](size_t i, size_t worker) {
    const Chunk& chunk = chunks[i];
    if (!chunk.placed->parameter->is_matrix()) {
      LoadVector(*chunk.placed);
    } else if (chunk.placed->location.transposed) {
      LoadTransposed(*chunk.placed);
    } else {
      LoadTiles(*chunk.placed, chunk.tiles, source);
    }
    if (--chunk.unread->chunks == 0) source.Release(*chunk.unread->tensor);
    const size_t loaded = ++done;
    if (worker == 0 && progress) progress(loaded, chunks.size());
  });
  return weights;
}

}  // namespace sheepop
