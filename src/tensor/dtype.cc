#include "tensor/dtype.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace sheepop {
namespace {

constexpr std::array<DTypeInfo, 14> kTypes = {{
    {DType::kF32, "F32", 1, 4, false},
    {DType::kF16, "F16", 1, 2, false},
    {DType::kQ4_0, "Q4_0", 32, 18, true},
    {DType::kQ4_1, "Q4_1", 32, 20, true},
    {DType::kQ5_0, "Q5_0", 32, 22, true},
    {DType::kQ5_1, "Q5_1", 32, 24, true},
    {DType::kQ8_0, "Q8_0", 32, 34, true},
    {DType::kQ2_K, "Q2_K", 256, 84, true},
    {DType::kQ3_K, "Q3_K", 256, 110, true},
    {DType::kQ4_K, "Q4_K", 256, 144, true},
    {DType::kQ5_K, "Q5_K", 256, 176, true},
    {DType::kQ6_K, "Q6_K", 256, 210, true},
    {DType::kIQ4_NL, "IQ4_NL", 32, 18, true},
    {DType::kBF16, "BF16", 1, 2, false},
}};

// Indexed by GGUF type number; empty where the number was never used or is retired.
// clang-format off
constexpr std::array<std::string_view, 40> kGgufNames = {
    "F32",     "F16",    "Q4_0",  "Q4_1",  "Q4_2 (retired)", "Q4_3 (retired)", "Q5_0",    "Q5_1",   "Q8_0",  "Q8_1",
    "Q2_K",    "Q3_K",   "Q4_K",  "Q5_K",  "Q6_K",           "Q8_K",           "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S",
    "IQ4_NL",  "IQ3_S",  "IQ2_S", "IQ4_XS", "I8",            "I16",            "I32",     "I64",    "F64",   "IQ1_M",
    "BF16",    "Q4_0_4_4 (retired)", "Q4_0_4_8 (retired)", "Q4_0_8_8 (retired)", "TQ1_0", "TQ2_0",
    "IQ4_NL_4_4 (retired)", "IQ4_NL_4_8 (retired)", "IQ4_NL_8_8 (retired)", "MXFP4"};
// clang-format on

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::optional<DType> DTypeFromGguf(uint32_t number) {
  for (const DTypeInfo& info : kTypes) {
    if (static_cast<uint32_t>(info.type) == number) return info.type;
  }
  return std::nullopt;
}

std::optional<DType> DTypeFromName(std::string_view name) {
  for (const DTypeInfo& info : kTypes) {
    if (std::ranges::equal(info.name, name, {}, {}, Upper)) return info.type;
  }
  return std::nullopt;
}

const DTypeInfo& Info(DType type) {
  const auto found = std::ranges::find(kTypes, type, &DTypeInfo::type);
  assert(found != kTypes.end());
  return *found;
}

std::string_view GgufTypeName(uint32_t number) { return number < kGgufNames.size() ? kGgufNames[number] : "unknown"; }

}  // namespace sheepop
