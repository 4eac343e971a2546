// A tokenizer.json in the form of GGUF's metadata.
#pragma once

#include <string_view>

#include "checkpoint/metadata.h"

namespace sheepop {

// The tokenizer.* keys of a byte-level BPE: what Tokenizer::FromGguf reads as what Tokenizer::FromJson reads from the
// file. `tokenizer_config_json` may be empty. Throws like FromJson; kUnsupported for other kinds, and for a
// pre-tokenizer that GGUF has no name for.
Metadata TokenizerJsonMetadata(std::string_view tokenizer_json, std::string_view tokenizer_config_json);

}  // namespace sheepop
