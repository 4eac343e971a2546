// The element types a checkpoint can hold, numbered and laid out as in GGUF files
// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Only types that SheepOp reads are listed;
// type_row.h says what each needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sheepop {

enum class DType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ4_NL = 20,
  kIQ4_XS = 23,
  kBF16 = 30,
  kTQ1_0 = 34,
  kTQ2_0 = 35,
  kMXFP4 = 39,
  kNVFP4 = 40,
  kQ1_0 = 41,
  kQ2_0 = 42,
};

struct DTypeInfo {
  DType type;
  std::string_view name;  // "F32", "Q4_K", ...
  size_t block_size;      // elements in a block; rows hold whole blocks
  size_t block_bytes;
  bool quantised;
};

// Nullopt for a number that is no type SheepOp reads.
std::optional<DType> DTypeFromGguf(uint32_t number);
std::optional<DType> DTypeFromName(std::string_view name);  // any case

// Every type, in the order of GGUF's numbers.
std::span<const DType> DTypes();

// Their names, for messages: "F32, F16, Q4_0, ...".
std::string DTypeNames();

const DTypeInfo& Info(DType type);

// The name of a GGUF type number, also of the ones that SheepOp cannot read ("IQ2_XXS"), for error messages.
std::string_view GgufTypeName(uint32_t number);

// Bytes of `elements` (a multiple of block_size) values.
inline size_t RowBytes(DType type, size_t elements) {
  const DTypeInfo& info = Info(type);
  return elements / info.block_size * info.block_bytes;
}

}  // namespace sheepop
