// GGUF versions 2 and 3, little-endian (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
//
// Every byte is checked before it is used: an Error of category kCorrupt names the field, its value and the bound;
// kUnsupported names what is well-formed but not read here (a weight type, version 1, big-endian, one part of several).
// Memory stays within a small multiple of the header's own size, and time is linear in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mapped_file.h"
#include "checkpoint/metadata.h"
#include "checkpoint/tensor_source.h"

namespace sheepop {

inline constexpr std::string_view kGgufAlignmentKey = "general.alignment";
inline constexpr uint64_t kGgufDefaultAlignment = 32;

// Where tensors may begin, from `general.alignment` or the default. kCorrupt unless a power of two up to 1 MiB.
uint64_t GgufAlignment(const Metadata& metadata);

// Immutable once opened; any thread may read. Tensor bytes point into the memory map: nothing is copied.
class GgufFile final : public TensorSource {
 public:
  static GgufFile Open(const std::filesystem::path& path);
  // Over bytes that the caller keeps alive and unchanged. `name` stands for the file in errors.
  static GgufFile Parse(std::span<const std::byte> bytes, std::string_view name = "GGUF data");

  uint32_t version() const { return version_; }
  const Metadata& metadata() const { return metadata_; }

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  const TensorInfo* Find(std::string_view name) const override;
  void Release(const TensorInfo& tensor) const override;
  std::shared_ptr<const void> Hold(const TensorInfo& tensor) const override;

 private:
  GgufFile() = default;

  std::shared_ptr<const MappedFile> map_;  // null when parsed from borrowed bytes
  uint32_t version_ = 0;
  Metadata metadata_;
  std::vector<TensorInfo> tensors_;                       // in file order
  std::unordered_map<std::string_view, size_t> by_name_;  // into tensors_
};

}  // namespace sheepop
