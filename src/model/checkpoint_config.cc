#include "model/checkpoint_config.h"

#include <boost/json.hpp>

#include "base/error.h"

namespace sheepop {

const Architecture& ArchitectureOf(const Checkpoint& checkpoint) {
  if (const GgufFile* gguf = checkpoint.gguf()) {
    return ArchitectureByName(gguf->metadata().RequireString("general.architecture"));
  }
  const boost::json::value* type = checkpoint.hf()->config.if_contains("model_type");
  if (!type || !type->is_string()) throw Error(ErrorCategory::kCorrupt, "config.json has no model_type");
  return ArchitectureByHfType(std::string_view(type->get_string()));
}

ModelConfig ConfigOf(const Checkpoint& checkpoint, size_t context) {
  const Architecture& architecture = ArchitectureOf(checkpoint);
  const GgufFile* gguf = checkpoint.gguf();
  ModelConfig config = gguf ? architecture.from_gguf(gguf->metadata(), checkpoint.tensors(), {context})
                            : architecture.from_hf(checkpoint.hf()->config, checkpoint.tensors(), {context});
  Validate(config);
  return config;
}

}  // namespace sheepop
