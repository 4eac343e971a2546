#include "model/file_type.h"

#include <algorithm>
#include <iterator>

namespace sheepop {
namespace {

struct FileType {
  DType type;
  int64_t written;
  int64_t first, last;  // what stands for it, mixtures too
};

constexpr FileType kRows[] = {
    {DType::kF32, 0, 0, 0},       {DType::kF16, 1, 1, 1},       {DType::kQ4_0, 2, 2, 2},
    {DType::kQ4_1, 3, 3, 3},      {DType::kQ8_0, 7, 7, 7},      {DType::kQ5_0, 8, 8, 8},
    {DType::kQ5_1, 9, 9, 9},      {DType::kQ2_K, 10, 10, 10},   {DType::kQ3_K, 12, 11, 13},
    {DType::kQ4_K, 15, 14, 15},   {DType::kQ5_K, 17, 16, 17},   {DType::kQ6_K, 18, 18, 18},
    {DType::kIQ4_NL, 25, 25, 25}, {DType::kIQ4_XS, 30, 30, 30}, {DType::kBF16, 32, 32, 32},
    {DType::kTQ1_0, 36, 36, 36},  {DType::kTQ2_0, 37, 37, 37},  {DType::kMXFP4, 38, 38, 38},
    {DType::kNVFP4, 39, 39, 39},  {DType::kQ1_0, 40, 40, 40},   {DType::kQ2_0, 41, 41, 41},
};

}  // namespace

uint64_t FileTypeOf(DType type) {
  const FileType* row = std::ranges::find(kRows, type, &FileType::type);
  return static_cast<uint64_t>(row == std::end(kRows) ? 1 : row->written);
}

std::optional<DType> TypeOfFileType(int64_t file_type) {
  const FileType* row =
      std::ranges::find_if(kRows, [&](const FileType& one) { return one.first <= file_type && file_type <= one.last; });
  return row == std::end(kRows) ? std::nullopt : std::optional(row->type);
}

}  // namespace sheepop
