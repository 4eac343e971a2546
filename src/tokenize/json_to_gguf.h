// A tokenizer.json in the form of GGUF's metadata.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/metadata.h"

namespace sheepop {

// How a BPE vocabulary that is not byte-level is written.
enum class PieceForm {
  kScores,  // 'llama': by SentencePiece's scores
  kMerges,  // 'gemma4': by its merges, which few readers know
};

// The tokenizer.* keys of a byte-level BPE ('gpt2'), or of a BPE over pieces in the form that is wanted: what
// Tokenizer::FromGguf reads as what Tokenizer::FromJson reads from the file. `tokenizer_config_json` may be empty.
// Throws like FromJson; kUnsupported for other kinds, for a pre-tokenizer that GGUF has no name for, and for merges
// that are not those of scores.
// With `notes`, a Metaspace step is taken as the one rule that GGUF has for the space in front of a text, and a line
// about it added; without, it is kUnsupported.
Metadata TokenizerJsonMetadata(std::string_view tokenizer_json, std::string_view tokenizer_config_json,
                               std::vector<std::string>* notes = nullptr, PieceForm form = PieceForm::kScores);

// How GGUF files name an id that no token has.
std::string UnusedTokenName(size_t id);

}  // namespace sheepop
