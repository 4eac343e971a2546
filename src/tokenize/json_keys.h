// What a tokenizer.json (https://huggingface.co/docs/tokenizers/components) says that changes nothing here.
#pragma once

#include <boost/json/fwd.hpp>
#include <vector>

#include "base/warning.h"
#include "tokenize/json_pipeline.h"

namespace sheepop {

// Keys that nothing here knows, wherever they stand; texts that would be cut, padded or merged at random; and a decoder other
// than the one that undoes the pipeline, which is how tokens are decoded whatever the file says. Throws kCorrupt for values
// of a wrong type.
std::vector<Warning> IdleTokenizerKeys(const boost::json::object& tokenizer, const JsonPipeline& pipeline);

}  // namespace sheepop
