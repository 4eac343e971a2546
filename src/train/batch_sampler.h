// Documents to batches. An epoch joins all documents, each closed by the end token, in an order drawn from the seed;
// cuts the stream into sequences at a drawn phase; and draws the order of the sequences. Or, for conversations, no
// document is cut: each sequence takes whole ones and is padded. Sequence n of a run is a function of (seed, documents,
// length) alone: neither batch size nor threads shift it, and a run resumes at any n.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "train/batch.h"
#include "train/documents.h"

namespace sheepop {

struct SamplerOptions {
  size_t length = 0;  // tokens of a sequence
  uint64_t seed = 0;
  std::optional<Token> end;  // closes each document; without one, documents are joined directly
  bool restart = true;       // positions and attention begin anew at each document, and its last token predicts nothing
  bool shuffle = true;       // false: in the order of the documents from the first token, the last sequence padded
  // Each sequence holds whole documents, next fit in a drawn order, and is padded; what is padded is never learned.
  // Implies `restart`, and nothing closes a document.
  bool whole = false;
};

// Not thread-safe: it keeps the epoch in use. `documents` outlives it.
class BatchSampler {
 public:
  // Throws kInvalidArgument when the documents hold fewer than two tokens or, shuffled, less than a sequence; of whole
  // ones, when one is longer than a sequence.
  BatchSampler(const TokenDocuments& documents, const SamplerOptions& options);

  uint64_t tokens() const { return tokens_; }    // of an epoch, end tokens included
  uint64_t learned() const { return learned_; }  // those of them that are marked as something to learn
  uint64_t sequences_per_epoch() const { return sequences_; }

  // Sequences first, first + 1, ... of the run, counted through all epochs.
  Batch Sequences(uint64_t first, size_t count);

 private:
  void CountTokens();
  void Pack();
  void UseEpoch(uint64_t epoch);
  std::vector<uint32_t> Permutation(size_t count, uint32_t stream) const;
  void Fill(uint64_t start, uint64_t end, Batch& batch, size_t row) const;

  const TokenDocuments& documents_;
  SamplerOptions options_;
  uint64_t tokens_ = 0, learned_ = 0, sequences_ = 0;
  uint64_t epoch_ = 0;
  uint64_t phase_ = 0;
  std::vector<uint32_t> document_order_, sequence_order_;
  std::vector<uint64_t> begins_;  // [documents + 1], of each in the epoch's stream
  std::vector<uint64_t> packs_;   // whole documents only: [sequences + 1], of each in the stream of all epochs
};

}  // namespace sheepop
