#include "cli/flags/model_flags.h"

#include <map>

#include "hub/models.h"

namespace sheepop::cli {
void ModelFlags::Register(CLI::App& app, bool positional) {
  app.add_option(
         positional ? "-m,--model,model" : "-m,--model", model_,
         fmt::format("a .gguf file, a Hugging Face folder, or the name of a pulled model (default {})", default_))
      ->type_name("MODEL");
  machine_.Register(app);
}

std::filesystem::path ModelFlags::Path(const Console& console) const {
  if (!model_.empty()) return FindModel(model_);
  std::filesystem::path path = FindModel(default_);
  console.Note(fmt::format("model: {} (no --model given)", path.string()));
  return path;
}

LoadedModel ModelFlags::Open(const Console& console, size_t context) {
  return LoadedModel::Open(Path(console), {.context = context, .isa = machine_.isa()}, machine_.pool());
}

void EngineFlags::Register(CLI::App& app) {
  app.add_option(
         "-c,--context", options.context,
         "positions of the context, prompt and answer together, 1 to 16777216 (default: the model's own, at most 4096)")
      ->check(CLI::Range(size_t{1}, size_t{1} << 24))
      ->type_name("N");
  app.add_option("--prefill-chunk", options.prefill_chunk, "most prompt tokens of one pass, 1 to 65536 (default 256)")
      ->check(CLI::Range(size_t{1}, size_t{65536}))
      ->type_name("N");
  const std::map<std::string, kernel::KvType> types = {
      {"f32", kernel::KvType::kF32}, {"f16", kernel::KvType::kF16}, {"bf16", kernel::KvType::kBf16}};
  app.add_option("--kv-type", options.kv_type, "type of cached keys and values: f16, bf16 or f32 (default f16)")
      ->transform(CLI::CheckedTransformer(types))
      ->type_name("TYPE");
}

}  // namespace sheepop::cli
