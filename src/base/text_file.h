// Small text files that stand beside the weights.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sheepop {

// The whole file. Throws what MappedFile::Open does; WrongFile when it is no text but a Git LFS pointer, a web page,
// empty or binary (`wanted`: "a tokenizer.json"); kLimit past `max_bytes`.
std::string ReadTextFile(const std::filesystem::path& path, std::string_view wanted, size_t max_bytes = 256 << 20);

// The whole of a file of any kind, or of standard input for "-". Throws kNotFound, kIo.
std::string ReadFileOrStdin(const std::string& path);

}  // namespace sheepop
