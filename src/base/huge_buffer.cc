#include "base/huge_buffer.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/error.h"

namespace sheepop {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

HugeBuffer::HugeBuffer(size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  // Small buffers stay on ordinary pages, so that the last, partly used huge page is not charged to each of them.
  const size_t alignment = bytes >= kHugePage ? kHugePage : 4096;
  if (bytes > SIZE_MAX - 2 * kHugePage) throw Error(ErrorCategory::kLimit, "cannot allocate {} bytes", bytes);
  const size_t rounded = (bytes + 4095) / 4096 * 4096;
  const size_t reserved = rounded + alignment;
  void* raw = ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) throw Error(ErrorCategory::kLimit, "cannot allocate {} bytes of memory", bytes);
  const auto start = reinterpret_cast<uintptr_t>(raw);
  const uintptr_t aligned = (start + alignment - 1) / alignment * alignment;
  if (aligned > start) ::munmap(raw, aligned - start);
  const size_t tail = start + reserved - (aligned + rounded);
  if (tail > 0) ::munmap(reinterpret_cast<void*>(aligned + rounded), tail);
  data_ = reinterpret_cast<std::byte*>(aligned);
  mapped_ = rounded;
  if (bytes >= kHugePage) ::madvise(data_, mapped_, MADV_HUGEPAGE);
}

HugeBuffer::HugeBuffer(HugeBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

HugeBuffer& HugeBuffer::operator=(HugeBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

HugeBuffer::~HugeBuffer() {
  if (data_) ::munmap(data_, mapped_);
}

}  // namespace sheepop
