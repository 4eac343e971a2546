// Errors that name the model they are about.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheepop {

// What `work` gives; an Error of it begins with `path`, where it did not before.
template <typename Work>
decltype(auto) NamingFile(const std::filesystem::path& path, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(path.string())) throw;
    throw Error(error.category(), "{}: {}", path.string(), error.what());
  }
}

}  // namespace sheepop
