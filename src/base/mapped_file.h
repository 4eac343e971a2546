// A read-only memory map of a whole file. Move-only; unmapped when destroyed. Reading is safe from any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace sheepop {

class MappedFile {
 public:
  // Throws kNotFound or kIo; kInvalidArgument for a directory. An empty file maps to an empty span.
  static MappedFile Open(const std::filesystem::path& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // Lets the system drop the pages that lie wholly inside `part` of bytes() from this process's memory. They come back
  // when read again; called once a tensor has been repacked, so that a model is not resident twice.
  void Release(std::span<const std::byte> part) const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace sheepop
