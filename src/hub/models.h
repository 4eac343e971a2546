// Where models lie: by path, or by name among those that were pulled and those that come with the program.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace sheepop {

// A path, a folder, or the name of a model: $SHEEPOP_HOME/models/NAME[.gguf], then those that come with the program. Of the
// folder of a training run its model.
// Throws kNotFound saying where it looked and how to get a model.
std::filesystem::path FindModel(const std::string& name);

// The best model of the training run whose folder this is; of a run that measured nothing the latest checkpoint; none
// where the folder holds no such file.
std::optional<std::filesystem::path> ModelOfRun(const std::filesystem::path& folder);

// $SHEEPOP_HOME, by default ~/.cache/sheepop.
std::filesystem::path SheepopHome();

}  // namespace sheepop
