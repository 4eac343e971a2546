#pragma once

#include <string_view>

namespace sheepop {

// The one place that states them: CMake, the packages and the Python package read them here.
inline constexpr std::string_view kVersion = "1.0.0-rc1";
inline constexpr std::string_view kReleased = "2026-12-01";

}  // namespace sheepop
