// Where models lie: by path, or by name among those that were pulled and those that come with the program.
#pragma once

#include <filesystem>
#include <string>

namespace sheepop {

// A path, a folder, or the name of a model: $SHEEPOP_HOME/models/NAME[.gguf], then those that come with the program.
// Throws kNotFound saying where it looked and how to get a model.
std::filesystem::path FindModel(const std::string& name);

// $SHEEPOP_HOME, by default ~/.cache/sheepop.
std::filesystem::path SheepopHome();

}  // namespace sheepop
