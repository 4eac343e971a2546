// Errors that name the model they are about.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheepop {

// What `work` gives; an Error of it that does not speak of `path` begins with it.
template <typename Work>
decltype(auto) NamingFile(const std::filesystem::path& path, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (std::string_view(error.what()).find(path.string()) != std::string_view::npos) throw;
    throw Error(error.category(), "{}: {}", path.string(), error.what());
  }
}

}  // namespace sheepop
