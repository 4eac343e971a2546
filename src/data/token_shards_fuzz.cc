// Any bytes as a token shard. The checksum is made right, so that what lies behind it is reached.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/token_shards.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("sheepop-fuzz-" + std::to_string(::getpid()) + ".tokens");
  std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes += sheepop::Sha256Hex(bytes);
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  try {
    const sheepop::TokenShard shard = sheepop::TokenShard::Open(path);
    std::vector<sheepop::Token> tokens;
    for (size_t i = 0; i < shard.documents(); ++i) {
      tokens.resize(shard.size(i));
      shard.Copy(i, 0, tokens);
      for (const sheepop::Token token : tokens) {
        if (token < 0 || static_cast<size_t>(token) >= shard.vocab()) std::abort();
      }
    }
  } catch (const sheepop::Error&) {
  }
  return 0;
}
