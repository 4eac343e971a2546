// The `normalizer` and `pre_tokenizer` of a tokenizer.json
// (https://huggingface.co/docs/tokenizers/components), as the parts of a Tokenizer.
#pragma once

#include <boost/json/fwd.hpp>
#include <vector>

#include "tokenize/normalizer.h"
#include "tokenize/splitter.h"
#include "tokenize/tokenizer_parts.h"

namespace sheepop {

struct JsonPipeline {
  Normalizer normalizer;
  Splitter splitter;
  std::vector<SplitStep> steps;  // what the splitter was made from
  PrefixSpace prefix_space = PrefixSpace::kNever;
  bool prefix_only_if_missing = false;
  bool byte_level = false;  // pieces are written in the byte alphabet
  // Spaces are written as U+2581 in pieces. Here it is the other way round: pieces and text are read with spaces.
  bool space_symbol = false;
};

// Throws kUnsupported, naming the type, for components or combinations not known here; kCorrupt for malformed ones.
JsonPipeline ReadPipeline(const boost::json::object& tokenizer);

}  // namespace sheepop
