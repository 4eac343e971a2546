// What a model's makers say of drawing from it: generation_config.json of a Hugging Face folder.
#pragma once

#include <filesystem>
#include <utility>
#include <vector>

#include "sample/options.h"

namespace sheepop {

struct SuggestedOption {
  const OptionRow* row;  // of kSamplingTable
  double value;
};

// In the order of the file's usual writers; none where there is no such file. Throws what ReadTextFile and ParseJson throw,
// and kCorrupt for what is no number. Values are as they stand there: not checked.
std::vector<SuggestedOption> SuggestedSampling(const std::filesystem::path& model);

}  // namespace sheepop
