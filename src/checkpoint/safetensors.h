// safetensors (https://huggingface.co/docs/safetensors): a JSON header, then the tensors' bytes end to end.
//
// As with GGUF every byte is checked before use, and errors name the file, the tensor and the field. F32, F16 and BF16
// are read. A tensor of another type (a mask, an 8-bit weight) is kept out of tensors() and listed in unreadable();
// Find() on it throws kUnsupported, naming the type. A folder reads F8_E4M3 too, with its scales, as bf16 (f8_tensors.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file_writer.h"
#include "base/mapped_file.h"
#include "checkpoint/append_order.h"
#include "checkpoint/tensor_source.h"

namespace sheepop {

struct UnreadableTensor {
  std::string name;
  std::string type;  // as the file calls it: "I64", "F8_E4M3", ...
  std::vector<uint64_t> shape;
  std::span<const std::byte> bytes;  // into the map; as many as the file says, not as the type and shape want
};

// One file. Immutable once opened; any thread may read; bytes point into the memory map.
class SafetensorsFile final : public TensorSource {
 public:
  static SafetensorsFile Open(const std::filesystem::path& path);
  // Over bytes that the caller keeps alive and unchanged. `name` stands for the file in errors.
  static SafetensorsFile Parse(std::span<const std::byte> bytes, std::string_view name = "safetensors data");

  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::vector<UnreadableTensor>& unreadable() const { return unreadable_; }

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }  // in the order of their bytes
  const TensorInfo* Find(std::string_view name) const override;
  void Release(const TensorInfo& tensor) const override;
  void Release(std::span<const std::byte> part) const;  // of the file's bytes
  std::shared_ptr<const void> Hold(const TensorInfo& tensor) const override;

 private:
  SafetensorsFile() = default;

  std::shared_ptr<const MappedFile> map_;  // null when parsed from borrowed bytes
  std::map<std::string, std::string> metadata_;
  std::vector<TensorInfo> tensors_;
  std::vector<UnreadableTensor> unreadable_;
  std::unordered_map<std::string_view, size_t> by_name_;  // into tensors_
};

inline constexpr const char* kWeightIndex = "model.safetensors.index.json";

// The weights of a Hugging Face folder: model.safetensors, or else the files that kWeightIndex lists.
class SafetensorsFolder final : public TensorSource {
 public:
  // kNotFound or kUnsupported when the folder holds weights in another form only, saying which and what to do. kCorrupt
  // when the index and its files disagree.
  static SafetensorsFolder Open(const std::filesystem::path& folder);

  const std::vector<SafetensorsFile>& files() const { return files_; }

  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  const TensorInfo* Find(std::string_view name) const override;
  void Release(const TensorInfo& tensor) const override;
  std::shared_ptr<const void> Hold(const TensorInfo& tensor) const override;

 private:
  SafetensorsFolder() = default;

  static constexpr size_t kNoFile = SIZE_MAX;  // of tensors in another form than the file's

  struct Place {
    size_t file, tensor;  // into files_ and tensors_
  };

  std::vector<SafetensorsFile> files_;
  std::vector<std::unique_ptr<const TensorForm>> forms_;  // into files_
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string_view, Place> by_name_;
};

// Writes one file; used as GgufWriter is.
class SafetensorsWriter {
 public:
  // kInvalidArgument, naming the tensor: a type other than F32, F16 or BF16, a repeated or reserved name, a shape with
  // a zero or too large. `metadata` is free text for readers, such as {"format", "pt"}.
  SafetensorsWriter(std::filesystem::path path, std::vector<TensorSpec> tensors,
                    const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

  // The next bytes of `tensor`, which is the one in progress or, when that is complete, the next in order.
  void Append(std::string_view tensor, std::span<const std::byte> bytes);

  // Every tensor must be complete. Throws kIo as FileWriter does.
  void Commit();

 private:
  AppendOrder order_;
  FileWriter file_;
};

}  // namespace sheepop
