#include "cli/flags/model_flags.h"

#include <cstdlib>
#include <map>

namespace sheepop::cli {
namespace {

// The models that come with the program: beside it in a build tree, in share/sheepop where it is installed.
std::filesystem::path BundledModels() {
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  const std::filesystem::path installed = folder.parent_path() / "share" / "sheepop" / "models";
  return std::filesystem::exists(installed, ignored) ? installed : folder / "models";
}

}  // namespace

std::filesystem::path SheepopHome() {
  const char* home = std::getenv("SHEEPOP_HOME");
  if (home && *home) return home;
  const char* user = std::getenv("HOME");
  return std::filesystem::path(user && *user ? user : ".") / ".cache" / "sheepop";
}

std::filesystem::path FindModel(const std::string& name) {
  const std::filesystem::path path(name);
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return path;
  const std::filesystem::path models = SheepopHome() / "models";
  const bool plain = path.filename() == path && !name.empty();
  for (const auto& folder : {models, BundledModels()}) {
    for (const auto& candidate : {folder / name, folder / (name + ".gguf")}) {
      if (plain && std::filesystem::exists(candidate, ignored)) return candidate;
    }
  }
  throw Error(
      ErrorCategory::kNotFound,
      "there is no model {}: no such file or folder{}; give the path of a .gguf file or a Hugging Face folder, or "
      "fetch a model with: sheepop pull NAME",
      name, plain ? fmt::format(", and nothing of that name in {}", models.string()) : "");
}

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
