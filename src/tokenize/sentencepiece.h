// What the loaders of SentencePiece vocabularies share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tokenize/normalizer.h"

namespace sheepop {

inline constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581: how pieces write a space

// `<0xAB>` -> AB.
std::optional<uint8_t> ByteOfName(std::string_view name);

// `name` with U+2581 read as spaces.
std::string WithSpaces(std::string_view name);

// The `precompiled_charsmap` of a SentencePiece model: a Darts double array over strings of UTF-8, then their
// replacements, each ended by a NUL. At each place the longest string is replaced. Throws kCorrupt when the sizes in it do
// not fit.
std::unique_ptr<const NormalizerStep> MakeCharsMapStep(std::string_view map);

// Runs of U+0020 become one, those at both ends go.
std::unique_ptr<const NormalizerStep> MakeCollapseSpacesStep();

}  // namespace sheepop
