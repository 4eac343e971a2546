// Jinja's grammar, with break and continue, and the {% generation %} block of chat templates. What would read other
// files (include, import, extends, block) is refused.
#pragma once

#include <string_view>

#include "jinja/ast.h"

namespace sheepop::jinja {

// Nested brackets and operators, and nested blocks.
inline constexpr uint32_t kMaxParseDepth = 240;

// Throws Error: kCorrupt for what breaks the grammar, kUnsupported, kLimit; each names the line.
Body Parse(std::string_view source);

}  // namespace sheepop::jinja
