#include "checkpoint/tensor_source.h"

namespace sheepop {

TensorInfo TensorInfo::Part(size_t begin, size_t size) const {
  TensorInfo out = *this;
  if (form) {
    out.form_begin += begin;
    out.form_size = size;
  } else {
    out.bytes = bytes.subspan(begin, size);
  }
  return out;
}

std::span<const std::byte> TensorInfo::Read(size_t begin, size_t size, std::vector<std::byte>& buffer) const {
  if (!form) return bytes.subspan(begin, size);
  buffer.resize(size);
  form->Read(form_begin + begin, buffer);
  return buffer;
}

}  // namespace sheepop
