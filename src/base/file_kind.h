// What a file is by its first bytes, so that the wrong file is refused with its name and the way out.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/error.h"

namespace sheepop {

enum class FileKind {
  kEmpty,
  kGguf,
  kGgufBigEndian,
  kOldGgml,  // GGML, GGMF, GGJT or GGLA, from before August 2023
  kSafetensors,
  kZip,         // PyTorch's pickled weights since 1.6 (.bin, .pt, .pth)
  kPickle,      // older PyTorch files
  kLfsPointer,  // what `git clone` leaves without git-lfs
  kHtml,        // a web page saved in place of the file
  kJson,
  kHdf5,  // Keras and TensorFlow weights
  kGzip,
  kTar,
  kText,  // printable UTF-8 that is nothing of the above, such as a server's error message
  kUnknown,
};

// Looks at no more than the first 512 bytes (and the length).
FileKind Sniff(std::span<const std::byte> file);

// The error for a file that is not `wanted` ("a GGUF model"): `name`, what it is instead and what to do. kCorrupt or
// kUnsupported.
Error WrongFile(std::string_view name, std::span<const std::byte> file, std::string_view wanted);

}  // namespace sheepop
