#include "tensor/dequantise.h"

#include <cassert>

#include "tensor/type_row.h"

namespace sheepop {

void Dequantise(DType type, std::span<const std::byte> bytes, std::span<float> out) {
  const TypeRow& row = RowOf(type);
  assert(out.size() % row.info.block_size == 0);
  assert(bytes.size() == RowBytes(type, out.size()));
  row.dequantise(reinterpret_cast<const uint8_t*>(bytes.data()), out.size() / row.info.block_size, out.data());
}

}  // namespace sheepop
