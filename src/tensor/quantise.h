// fp32 to the element types that SheepOp writes. The reverse of dequantise.h.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace sheepop {

// True for the types whose row of *_types.cc has a quantiser.
bool CanQuantise(DType type);

// `values` are whole blocks of `type`; `out` has exactly RowBytes(type, values.size()). Block types search scales for
// the least squared error, the same bytes on every machine; about 0.1 us a value. Rows are independent: split a tensor
// at block boundaries to use several threads. Throws kUnsupported for a type that CanQuantise refuses,
// kInvalidArgument, naming value and index, for a NaN or infinity (block types) or a value past fp16's 65504.
void Quantise(DType type, std::span<const float> values, std::span<std::byte> out);

}  // namespace sheepop
