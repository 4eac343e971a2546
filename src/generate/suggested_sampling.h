// How a model's makers say it is to be drawn from: the one reading of it for every front.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/warning.h"
#include "checkpoint/checkpoint.h"
#include "sample/options.h"

namespace sheepop {

struct SuggestedOption {
  const OptionRow* row;  // of kSamplingTable; of a list, one for each element
  std::string value;     // as its flag takes it
  bool operator==(const SuggestedOption&) const = default;
};

// Plain data. The values are as they stand there: what is out of bounds is refused when they are used.
struct SuggestedSampling {
  std::string source;  // who says so, for people: "models/qwen/generation_config.json"
  std::vector<SuggestedOption> options;
  std::vector<Warning> warnings;  // what it names and no step here does

  bool empty() const { return options.empty(); }
  // Without the rows that are `given`: a list that is given stands in place of the suggested one. Throws kInvalidArgument
  // naming source, option, value and bound.
  void Apply(SamplingOptions& options, const std::function<bool(const OptionRow&)>& given = {}) const;
};

// generation_config.json of a folder, where it says do_sample false no more than the tokens that are never drawn;
// `general.sampling.*` and `tokenizer.ggml.suppress_tokens` of a GGUF file. Where these say nothing and `chat` (there is a chat
// template): what the makers of the models that `sheepop pull` knows advise, by `name`, what the file calls itself. `vocab`:
// rows of the embedding. Throws kCorrupt, naming the key, for a value of another type.
SuggestedSampling SuggestedSamplingOf(const Checkpoint& checkpoint, std::string_view name, bool chat, size_t vocab);

}  // namespace sheepop
