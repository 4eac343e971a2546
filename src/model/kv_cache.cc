#include "model/kv_cache.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/memory.h"

namespace sheepop {
namespace {

using kernel::kKvBlock;

constexpr uint64_t kRoot = 0x9E3779B97F4A7C15;

// What snapshots may take, and how many there may be whatever they take.
constexpr size_t kSnapshotBytes = size_t{1} << 29, kLeastSnapshots = 4, kMostSnapshots = 4096;

// Content is compared as well, so the hash only has to spread.
uint64_t HashBlock(uint64_t parent, std::span<const Token> tokens) {
  uint64_t hash = parent;
  for (Token token : tokens) {
    hash = (hash ^ static_cast<uint32_t>(token)) * 0xFF51AFD7ED558CCD;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

KvShape KvShapeOf(const ModelConfig& config, kernel::KvType type) {
  KvShape shape{{}, type, config.StateFloats(config.layers), config.latent.rank};
  for (size_t layer = 0; layer < config.layers; ++layer) {
    if (config.HasKeys(layer)) shape.layers.push_back({config.KvHeads(layer), config.HeadDim(layer)});
  }
  return shape;
}

size_t KvShape::BytesPerPosition() const {
  size_t keys = 0;
  for (const KvHeads& layer : layers) keys += layer.heads * layer.dim;
  return (value_dim > 0 ? 1 : 2) * keys * kernel::KvTypeBytes(type);
}

void RequireCacheMemory(const KvShape& shape, size_t capacity, std::string_view remedy, size_t free) {
  // In double: what is asked for may be beyond 64 bits.
  const double needed = static_cast<double>(capacity) * static_cast<double>(shape.BytesPerPosition());
  if (free == 0 || needed <= static_cast<double>(free)) return;
  const size_t fit = free / shape.BytesPerPosition() / kKvBlock * kKvBlock;
  throw Error(ErrorCategory::kLimit,
              "keys and values of {} positions take {}, {} of memory are free, enough for {} positions: {}", capacity,
              MemoryText(static_cast<size_t>(std::min(needed, 9e18))), MemoryText(free), fit, remedy);
}

KvCache::KvCache(const KvShape& shape, size_t capacity) : shape_(shape) {
  const size_t blocks = (capacity + kKvBlock - 1) / kKvBlock;
  if (blocks == 0 || blocks > UINT32_MAX / 2) {
    throw Error(ErrorCategory::kInvalidArgument, "the context holds {} positions, it must be between 1 and {}",
                capacity, (UINT32_MAX / 2) * kKvBlock);
  }
  if (blocks > SIZE_MAX / 4 / kKvBlock / std::max<size_t>(1, shape.BytesPerPosition())) {
    throw Error(ErrorCategory::kLimit, "a context of {} positions is larger than the memory; ask for a smaller one",
                capacity);
  }
  RequireCacheMemory(shape, capacity, "take a smaller --context, or fewer sequences side by side", AvailableMemory());
  layer_begin_ = {0};
  for (size_t layer = 0; layer < shape.layers.size(); ++layer) {
    layer_begin_.push_back(layer_begin_.back() + shape.layers[layer].heads * blocks * HeadBytes(layer));
  }
  keys_ = HugeBuffer(layer_begin_.back());
  if (shape.value_dim == 0) values_ = HugeBuffer(layer_begin_.back());
  if (shape.state_floats > 0) {
    most_snapshots_ =
        std::clamp(kSnapshotBytes / (shape.state_floats * sizeof(float)), kLeastSnapshots, kMostSnapshots);
  }
  blocks_.resize(blocks);
  free_.resize(blocks);
  for (size_t i = 0; i < blocks; ++i) free_[i] = static_cast<uint32_t>(blocks - 1 - i);
}

const KvCache::Sequence& KvCache::Find(SequenceId id) const {
  const auto index = static_cast<size_t>(id);
  assert(index < sequences_.size() && sequences_[index].open);
  return sequences_[index];
}

KvCache::Sequence& KvCache::Find(SequenceId id) { return const_cast<Sequence&>(std::as_const(*this).Find(id)); }

SequenceId KvCache::Open() {
  const auto free = std::ranges::find(sequences_, false, &Sequence::open);
  const auto index = static_cast<uint32_t>(free - sequences_.begin());
  if (free == sequences_.end()) sequences_.emplace_back();
  sequences_[index] = Sequence{};
  sequences_[index].open = true;
  sequences_[index].state.resize(shape_.state_floats);
  return SequenceId{index};
}

size_t KvCache::Reuse(SequenceId id, std::span<const Token> tokens) {
  Sequence& sequence = Find(id);
  assert(sequence.tokens.empty());
  uint64_t parent = kRoot;
  while (sequence.tokens.size() + kKvBlock < tokens.size()) {
    const auto next = tokens.subspan(sequence.tokens.size(), kKvBlock);
    const uint64_t hash = HashBlock(parent, next);
    const auto found = index_.find(hash);
    if (found == index_.end()) break;
    const Block& block = blocks_[found->second];
    if (block.parent != parent || !std::ranges::equal(block.tokens, next)) break;
    Hold(found->second);
    sequence.blocks.push_back(found->second);
    sequence.hashes.push_back(hash);
    sequence.tokens.insert(sequence.tokens.end(), next.begin(), next.end());
    parent = hash;
  }
  if (shape_.state_floats == 0) return sequence.tokens.size();
  const size_t found = sequence.tokens.size();
  Truncate(id, found);
  if (sequence.tokens.size() < found) sequence.parts_at = found;
  return sequence.tokens.size();
}

// The block with the last positions of the first `positions` of a sequence, as others find it: its own, where no other with
// the same content came first. Null when another content has its hash.
KvCache::Block* KvCache::IndexedBlock(const Sequence& sequence, size_t positions) {
  const uint32_t own = sequence.blocks[positions / kKvBlock - 1];
  const auto [found, first] = index_.emplace(blocks_[own].hash, own);
  if (first) blocks_[own].indexed = true;
  Block& block = blocks_[found->second];
  return block.parent == blocks_[own].parent && std::ranges::equal(block.tokens, blocks_[own].tokens) ? &block
                                                                                                      : nullptr;
}

void KvCache::ForgetSnapshot(Block& block) {
  if (!block.has_snapshot) return;
  snapshots_.erase(block.snapshot);
  block.has_snapshot = false;
}

std::shared_ptr<float[]> KvCache::TakeSnapshot(Block& block) {
  ForgetSnapshot(block);
  if (snapshots_.size() >= most_snapshots_) ForgetSnapshot(blocks_[snapshots_.front().block]);
  const auto number = static_cast<uint32_t>(&block - blocks_.data());
  block.snapshot = snapshots_.insert(snapshots_.end(), {number, std::make_shared<float[]>(shape_.state_floats)});
  block.has_snapshot = true;
  return block.snapshot->state;
}

std::vector<KvCache::Capture> KvCache::Captures(SequenceId id, size_t rows) {
  std::vector<Capture> out;
  if (shape_.state_floats == 0) return out;
  Sequence& sequence = Find(id);
  const size_t end = sequence.tokens.size(), begin = end - rows;
  const auto capture = [&](size_t positions) {
    if (Block* block = IndexedBlock(sequence, positions)) out.push_back({positions - begin, TakeSnapshot(*block)});
  };
  if (sequence.parts_at > begin && sequence.parts_at <= end) capture(std::exchange(sequence.parts_at, 0));
  const size_t last = end / kKvBlock * kKvBlock;
  if (last <= begin || (!out.empty() && out.back().rows == last - begin)) return out;
  size_t& before = rows < kKvBlock ? sequence.written_snapshot : sequence.prompt_snapshot;
  if (Block* block = before > 0 ? IndexedBlock(sequence, before) : nullptr) ForgetSnapshot(*block);
  before = last;
  capture(last);
  return out;
}

// To the last snapshot at `most` positions or before.
void KvCache::RestoreState(Sequence& sequence, size_t most) {
  size_t blocks = most / kKvBlock;
  const Block* block = nullptr;
  for (; blocks > 0; --blocks) {
    block = IndexedBlock(sequence, blocks * kKvBlock);
    if (block && block->has_snapshot) break;
  }
  if (blocks == 0) {
    std::ranges::fill(sequence.state, 0.0F);
  } else {
    std::copy_n(block->snapshot->state.get(), shape_.state_floats, sequence.state.begin());
    snapshots_.splice(snapshots_.end(), snapshots_, block->snapshot);
  }
  sequence.tokens.resize(blocks * kKvBlock);
}

SequenceId KvCache::Fork(SequenceId id) {
  const SequenceId copy = Open();
  Sequence& to = Find(copy);
  to = Find(id);
  for (uint32_t block : to.blocks) Hold(block);
  return copy;
}

void KvCache::Truncate(SequenceId id, size_t size) {
  Sequence& sequence = Find(id);
  assert(size <= sequence.tokens.size());
  if (shape_.state_floats > 0) {
    RestoreState(sequence, size);
    size = sequence.tokens.size();
  }
  sequence.tokens.resize(size);
  sequence.hashes.resize(std::min(sequence.hashes.size(), size / kKvBlock));
  const size_t blocks = (size + kKvBlock - 1) / kKvBlock;
  while (sequence.blocks.size() > blocks) {
    Drop(sequence.blocks.back());
    sequence.blocks.pop_back();
  }
}

void KvCache::Close(SequenceId id) {
  Truncate(id, 0);
  Find(id).open = false;
}

bool KvCache::NeedsCopy(const Sequence& sequence) const {
  return sequence.tokens.size() % kKvBlock != 0 && blocks_[sequence.blocks.back()].references > 1;
}

size_t KvCache::BlocksNeeded(std::span<const Count> counts) const {
  size_t needed = 0;
  std::vector<uint32_t> written;  // the shared blocks, once for each sequence that writes to them
  for (const Count& count : counts) {
    const Sequence& sequence = Find(count.sequence);
    const size_t after = (sequence.tokens.size() + count.positions + kKvBlock - 1) / kKvBlock;
    needed += after - sequence.blocks.size();
    if (count.positions > 0 && NeedsCopy(sequence)) written.push_back(sequence.blocks.back());
  }
  std::ranges::sort(written);
  for (auto it = written.begin(); it != written.end();) {
    const auto next = std::find_if(it, written.end(), [&](uint32_t block) { return block != *it; });
    needed += std::min<size_t>(static_cast<size_t>(next - it), blocks_[*it].references - 1);
    it = next;
  }
  return needed;
}

void KvCache::CheckRoom(std::span<const Count> counts) const {
  const size_t needed = BlocksNeeded(counts), available = available_blocks();
  if (needed > available) {
    throw Error(
        ErrorCategory::kLimit,
        "the context is full: it holds {} positions, {} are free and {} more are needed; use a larger --context",
        capacity(), available * kKvBlock, needed * kKvBlock);
  }
}

size_t KvCache::Append(SequenceId id, Token token) {
  Sequence& sequence = Find(id);
  const size_t position = sequence.tokens.size();
  if (position % kKvBlock == 0) {
    sequence.blocks.push_back(TakeBlock());
  } else {
    MakeWritable(sequence);
  }
  blocks_[sequence.blocks.back()].tokens[position % kKvBlock] = token;
  sequence.tokens.push_back(token);
  if (sequence.tokens.size() % kKvBlock == 0) IndexLastBlock(sequence);
  return position;
}

kernel::KvLayer KvCache::Layer(size_t layer) {
  HugeBuffer& values = shape_.value_dim > 0 ? keys_ : values_;
  return {keys_.data() + layer_begin_[layer], values.data() + layer_begin_[layer], blocks_.size()};
}

// Of the keys, or of the values, that a block holds of one head.
size_t KvCache::HeadBytes(size_t layer) const {
  return kKvBlock * shape_.layers[layer].dim * kernel::KvTypeBytes(shape_.type);
}

uint32_t KvCache::TakeBlock() {
  if (free_.empty()) {
    assert(!idle_.empty() && "CheckRoom comes first");
    Unindex(idle_.front());
  }
  const uint32_t block = free_.back();
  free_.pop_back();
  blocks_[block].references = 1;
  return block;
}

void KvCache::Hold(uint32_t number) {
  Block& block = blocks_[number];
  if (block.references++ == 0) idle_.erase(block.idle);
}

void KvCache::Drop(uint32_t number) {
  Block& block = blocks_[number];
  if (--block.references > 0) return;
  if (block.indexed) {
    block.idle = idle_.insert(idle_.end(), number);
  } else {
    free_.push_back(number);
  }
}

// Takes the block out of the index; one without references becomes free.
void KvCache::Unindex(uint32_t number) {
  Block& block = blocks_[number];
  index_.erase(block.hash);
  block.indexed = false;
  ForgetSnapshot(block);
  if (block.references == 0) {
    idle_.erase(block.idle);
    free_.push_back(number);
  }
}

void KvCache::MakeWritable(Sequence& sequence) {
  const uint32_t shared = sequence.blocks.back();
  if (blocks_[shared].references == 1) {
    if (blocks_[shared].indexed) Unindex(shared);
    return;
  }
  const uint32_t own = TakeBlock();
  for (size_t layer = 0; layer < shape_.layers.size(); ++layer) {
    const size_t bytes = HeadBytes(layer);
    for (size_t head = 0; head < shape_.layers[layer].heads; ++head) {
      const size_t first = layer_begin_[layer] + head * blocks_.size() * bytes;
      std::memcpy(keys_.data() + first + own * bytes, keys_.data() + first + shared * bytes, bytes);
      if (shape_.value_dim > 0) continue;
      std::memcpy(values_.data() + first + own * bytes, values_.data() + first + shared * bytes, bytes);
    }
  }
  std::ranges::copy(blocks_[shared].tokens, blocks_[own].tokens);
  Drop(shared);
  sequence.blocks.back() = own;
}

void KvCache::IndexLastBlock(Sequence& sequence) {
  const uint32_t number = sequence.blocks.back();
  Block& block = blocks_[number];
  block.parent = sequence.hashes.empty() ? kRoot : sequence.hashes.back();
  block.hash = HashBlock(block.parent, block.tokens);
  sequence.hashes.push_back(block.hash);
  // The first block with some content stays the one that is found.
  block.indexed = index_.emplace(block.hash, number).second;
}

}  // namespace sheepop
