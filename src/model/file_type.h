// `general.file_type` of GGUF files: llama.cpp's numbers (llama_ftype) for the type that most matrices have.
#pragma once

#include <cstdint>
#include <optional>

#include "tensor/dtype.h"

namespace sheepop {

uint64_t FileTypeOf(DType type);

// None for numbers that stand for a type which is not known here.
std::optional<DType> TypeOfFileType(int64_t file_type);

}  // namespace sheepop
