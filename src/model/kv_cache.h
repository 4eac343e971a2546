// Keys and values of many sequences in blocks of 16 positions. The cache knows which tokens it holds, owns every
// position, and shares equal prefixes: a full block is immutable once written and is found again by the tokens before it,
// by other sequences or by the same conversation later. Capacity is fixed when the cache is made.
//
// Recurrent layers keep a state of a sequence, a fixed number of floats, which holds all positions so far and cannot be cut
// back. Snapshots of it stand at ends of full blocks: at the last one of a prompt, at the last one of what was written, and
// where a prompt parts from one that was seen before. A prefix is then found up to a snapshot alone.
//
// Not thread-safe: one caller at a time. Kernels write and read the layers through KvLayer while Forward runs.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/huge_buffer.h"
#include "base/token.h"
#include "kernel/attention.h"
#include "model/config.h"

namespace sheepop {

enum class SequenceId : uint32_t {};

// Of one layer.
struct KvHeads {
  size_t heads, dim;
};

struct KvShape {
  std::vector<KvHeads> layers;  // those with keys and values of their own
  kernel::KvType type;
  size_t state_floats = 0;  // of a sequence
  size_t value_dim = 0;     // 0: values are stored; else they are so many of the first elements of keys

  size_t BytesPerPosition() const;
};
KvShape KvShapeOf(const ModelConfig& config, kernel::KvType type);

// kLimit, naming what keys and values of so many positions take, the memory that is `free` and the positions that would
// fit, when they do not; `remedy` is what to do. A system that does not say what is free gives 0, which is enough for
// anything.
void RequireCacheMemory(const KvShape& shape, size_t capacity, std::string_view remedy, size_t free);

class KvCache {
 public:
  // `capacity` counts positions of all sequences together, rounded up to whole blocks. Memory is taken as it is touched;
  // still, what RequireCacheMemory refuses is refused.
  KvCache(const KvShape& shape, size_t capacity);

  SequenceId Open();

  // For a sequence that is still empty: attaches the longest cached prefix of `tokens` in whole blocks, shorter than
  // `tokens` so that one token is left to compute, and returns its length.
  size_t Reuse(SequenceId sequence, std::span<const Token> tokens);

  // A second sequence with the same content; blocks are shared and copied when either writes to them.
  SequenceId Fork(SequenceId sequence);

  // Forgets all but the first `size` positions; where there is a state, all behind the last snapshot before them.
  void Truncate(SequenceId sequence, size_t size);

  // The sequence ends. Its full blocks stay findable until their room is needed, least recently used first.
  void Close(SequenceId sequence);

  size_t size(SequenceId sequence) const { return Find(sequence).tokens.size(); }
  std::span<const Token> tokens(SequenceId sequence) const { return Find(sequence).tokens; }
  size_t capacity() const { return blocks_.size() * kernel::kKvBlock; }

  // Positions that can still be appended, all sequences together, when each fills whole blocks of its own.
  size_t room() const { return available_blocks() * kernel::kKvBlock; }
  size_t available_blocks() const { return free_.size() + idle_.size(); }

  // Forward's part: appends one position, or throws kLimit naming the numbers, before anything has changed, when the
  // tokens of `counts` do not fit.
  struct Count {
    SequenceId sequence;
    size_t positions;
  };
  void CheckRoom(std::span<const Count> counts) const;
  // Blocks that appending `counts`, each sequence named once, takes: new ones and copies of shared ones.
  size_t BlocksNeeded(std::span<const Count> counts) const;
  size_t Append(SequenceId sequence, Token token);  // returns the position
  std::span<const uint32_t> block_table(SequenceId sequence) const { return Find(sequence).blocks; }
  kernel::KvLayer Layer(size_t layer);  // counts those with keys and values alone

  // The state of a sequence, [state_floats].
  float* State(SequenceId sequence) { return Find(sequence).state.data(); }
  // Forward's part, once the last `rows` positions of a sequence have been appended: where the state is to be copied to
  // when so many of them have gone in. At most two, in rising order.
  struct Capture {
    size_t rows;
    std::shared_ptr<float[]> to;  // [state_floats]
  };
  std::vector<Capture> Captures(SequenceId sequence, size_t rows);
  size_t snapshots() const { return snapshots_.size(); }

  // Forward's part, from any thread: a key or a value was beyond what the type holds, and was cut.
  void NoteClipped() { std::atomic_ref(clipped_).store(true, std::memory_order_relaxed); }
  bool clipped() const { return clipped_; }
  const KvShape& shape() const { return shape_; }

 private:
  struct Snapshot {
    uint32_t block;
    std::shared_ptr<float[]> state;
  };
  struct Block {
    uint32_t references = 0;
    bool indexed = false;
    uint64_t hash = 0;    // of all tokens up to and including this block, when indexed
    uint64_t parent = 0;  // of all tokens before it
    Token tokens[kernel::kKvBlock];
    std::list<uint32_t>::iterator idle;  // valid when indexed and without references
    bool has_snapshot = false;           // of the state behind its last position
    std::list<Snapshot>::iterator snapshot;
  };
  struct Sequence {
    bool open = false;
    std::vector<Token> tokens;
    std::vector<uint32_t> blocks;
    std::vector<uint64_t> hashes;  // of each full block
    std::vector<float> state;
    size_t parts_at = 0;  // where it parted from a prefix that had no snapshot; 0: nowhere
    // The positions of the last snapshots that its prompt and what it wrote left behind; 0: none.
    size_t prompt_snapshot = 0, written_snapshot = 0;
  };

  const Sequence& Find(SequenceId sequence) const;
  Sequence& Find(SequenceId sequence);
  uint32_t TakeBlock();
  void Hold(uint32_t block);
  void Drop(uint32_t block);
  void Unindex(uint32_t block);
  size_t HeadBytes(size_t layer) const;
  void MakeWritable(Sequence& sequence);
  void IndexLastBlock(Sequence& sequence);
  bool NeedsCopy(const Sequence& sequence) const;
  Block* IndexedBlock(const Sequence& sequence, size_t positions);
  void ForgetSnapshot(Block& block);
  std::shared_ptr<float[]> TakeSnapshot(Block& block);
  void RestoreState(Sequence& sequence, size_t most);

  KvShape shape_;
  bool clipped_ = false;
  std::vector<size_t> layer_begin_;  // in either memory, of each layer and behind the last
  HugeBuffer keys_, values_;         // no values where they are in the keys
  std::vector<Block> blocks_;
  std::vector<uint32_t> free_;  // never used or unindexed; the lowest number last
  std::list<uint32_t> idle_;    // indexed, without references; the least recently used first
  std::unordered_map<uint64_t, uint32_t> index_;
  size_t most_snapshots_ = 0;
  std::list<Snapshot> snapshots_;  // the least recently used first
  std::vector<Sequence> sequences_;
};

}  // namespace sheepop
