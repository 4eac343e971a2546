// A zeroed, 2 MiB aligned anonymous buffer that asks for huge pages: weights and the KV cache are read end to end, and
// huge pages gain 10 to 30% of memory bandwidth. Pages that are never touched cost no memory. Move-only.
#pragma once

#include <cstddef>
#include <span>

namespace sheepop {

class HugeBuffer {
 public:
  HugeBuffer() = default;
  explicit HugeBuffer(size_t bytes);  // throws kLimit, naming the size, when the system has no memory for it
  HugeBuffer(HugeBuffer&& other) noexcept;
  HugeBuffer& operator=(HugeBuffer&& other) noexcept;
  ~HugeBuffer();

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  std::span<std::byte> bytes() { return {data_, size_}; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t mapped_ = 0;
};

}  // namespace sheepop
