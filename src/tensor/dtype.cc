#include "tensor/dtype.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

#include "tensor/type_row.h"

namespace sheepop {
namespace {

// Indexed by GGUF type number; empty where the number was never used or is retired.
// clang-format off
constexpr std::array<std::string_view, 43> kGgufNames = {
    "F32",     "F16",    "Q4_0",  "Q4_1",  "Q4_2 (retired)", "Q4_3 (retired)", "Q5_0",    "Q5_1",   "Q8_0",  "Q8_1",
    "Q2_K",    "Q3_K",   "Q4_K",  "Q5_K",  "Q6_K",           "Q8_K",           "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S",
    "IQ4_NL",  "IQ3_S",  "IQ2_S", "IQ4_XS", "I8",            "I16",            "I32",     "I64",    "F64",   "IQ1_M",
    "BF16",    "Q4_0_4_4 (retired)", "Q4_0_4_8 (retired)", "Q4_0_8_8 (retired)", "TQ1_0", "TQ2_0",
    "IQ4_NL_4_4 (retired)", "IQ4_NL_4_8 (retired)", "IQ4_NL_8_8 (retired)", "MXFP4",
    "NVFP4",   "Q1_0",   "Q2_0"};
// clang-format on

// Indexed by GGUF type number; null for a type that is not read.
const std::array<const TypeRow*, kGgufNames.size()>& Rows() {
  static const auto rows = [] {
    std::array<const TypeRow*, kGgufNames.size()> all{};
    for (std::span<const TypeRow> kin : {FloatTypes(), Block32Types(), KTypes(), CodeTypes(), FewBitTypes()}) {
      for (const TypeRow& row : kin) all[static_cast<size_t>(row.info.type)] = &row;
    }
    return all;
  }();
  return rows;
}

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::optional<DType> DTypeFromGguf(uint32_t number) {
  return number < kGgufNames.size() && Rows()[number] ? std::optional(static_cast<DType>(number)) : std::nullopt;
}

std::optional<DType> DTypeFromName(std::string_view name) {
  for (DType type : DTypes()) {
    if (std::ranges::equal(Info(type).name, name, {}, {}, Upper)) return type;
  }
  return std::nullopt;
}

std::span<const DType> DTypes() {
  static const std::vector<DType> types = [] {
    std::vector<DType> found;
    for (const TypeRow* row : Rows()) {
      if (row) found.push_back(row->info.type);
    }
    return found;
  }();
  return types;
}

std::string DTypeNames() {
  std::string names;
  for (DType type : DTypes()) {
    if (!names.empty()) names += ", ";
    names += Info(type).name;
  }
  return names;
}

const TypeRow& RowOf(DType type) {
  const TypeRow* row = Rows()[static_cast<size_t>(type)];
  assert(row);
  return *row;
}

const DTypeInfo& Info(DType type) { return RowOf(type).info; }

std::string_view GgufTypeName(uint32_t number) { return number < kGgufNames.size() ? kGgufNames[number] : "unknown"; }

}  // namespace sheepop
