// A share of a sum that is bounded: the bytes of one request's body among those of all. It counts until it goes.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace sheepop::http {

class KeptBytes {
 public:
  using Sum = std::shared_ptr<std::atomic<size_t>>;

  KeptBytes() = default;  // of no sum
  explicit KeptBytes(Sum sum) : sum_(std::move(sum)) {}
  KeptBytes(KeptBytes&& other) noexcept { swap(other); }
  KeptBytes& operator=(KeptBytes&& other) noexcept {
    KeptBytes(std::move(other)).swap(*this);
    return *this;
  }
  ~KeptBytes() {
    if (sum_) *sum_ -= bytes_;
  }

  // What the sum is with `bytes` more.
  size_t Add(size_t bytes) {
    bytes_ += bytes;
    return *sum_ += bytes;
  }

 private:
  void swap(KeptBytes& other) noexcept {
    std::swap(sum_, other.sum_);
    std::swap(bytes_, other.bytes_);
  }

  Sum sum_;
  size_t bytes_ = 0;
};

}  // namespace sheepop::http
