// File tensors into the layout of kernel/packed.h, and back. Nothing is rounded: an unpacked row has exactly the values
// that Dequantise gives for the source.
#pragma once

#include <cstddef>
#include <span>

#include "kernel/matmul.h"
#include "kernel/packed.h"
#include "tensor/dtype.h"

namespace sheepop {

// The packed form of a file type; several may share one.
kernel::PackedType PackedTypeOf(DType type);

// Bytes of the packed matrix: a multiple of 64.
size_t PackedBytes(DType type, size_t rows, size_t cols);

// Packs the given tiles of a matrix. `source` is the whole matrix [rows, cols] as in the file, row after row, need not be
// aligned, and cols is a multiple of the type's block size; `packed` is the whole packed matrix, 64-byte aligned. Tiles
// may be packed from several threads. Writes every byte of its tiles.
void PackTiles(DType type, const std::byte* source, size_t rows, size_t cols, kernel::TileRange tiles,
               std::byte* packed);

// The values of one row -> out [cols].
void UnpackRow(const kernel::PackedView& matrix, size_t row, float* out);

}  // namespace sheepop
