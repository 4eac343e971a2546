// What a mistyped name was probably meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sheepop {

// ", did you mean top_k?" for the known name that is nearest to `name` when it is near; else "".
std::string DidYouMean(std::string_view name, std::span<const std::string_view> known);

}  // namespace sheepop
