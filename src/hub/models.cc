#include "hub/models.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <cstdlib>

#include "base/error.h"

namespace sheepop {
namespace {

// The models that come with the program: in share/sheepop where it is installed, or beside it in a build tree; where this
// code is part of a shared library, in share/sheepop beside that.
std::filesystem::path BundledModels() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  Dl_info here{};
  const bool known = dladdr(reinterpret_cast<const void*>(&SheepopHome), &here) != 0 && here.dli_fname;
  const fs::path library = known ? fs::absolute(here.dli_fname, ignored).parent_path() : program;
  const fs::path below = fs::path("share") / "sheepop" / "models";
  for (const fs::path& folder : {program.parent_path() / below, library / below}) {
    if (fs::exists(folder, ignored)) return folder;
  }
  return program / "models";
}

}  // namespace

std::filesystem::path SheepopHome() {
  const char* home = std::getenv("SHEEPOP_HOME");
  if (home && *home) return home;
  const char* user = std::getenv("HOME");
  return std::filesystem::path(user && *user ? user : ".") / ".cache" / "sheepop";
}

std::optional<std::filesystem::path> ModelOfRun(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(folder / "best.gguf", ignored)) return folder / "best.gguf";
  std::optional<std::filesystem::path> latest;
  for (std::filesystem::directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with("checkpoint-") || !name.ends_with(".gguf")) continue;
    if (!latest || *latest < it->path()) latest = it->path();
  }
  return latest;
}

std::filesystem::path FindModel(const std::string& name) {
  const std::filesystem::path path(name);
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return ModelOfRun(path).value_or(path);
  const std::filesystem::path models = SheepopHome() / "models";
  const bool plain = path.filename() == path && !name.empty();
  for (const auto& folder : {models, BundledModels()}) {
    for (const auto& candidate : {folder / name, folder / (name + ".gguf")}) {
      if (plain && std::filesystem::exists(candidate, ignored)) return candidate;
    }
  }
  const std::filesystem::path run = std::filesystem::path(path).replace_extension(".run");
  if (path.extension() == ".gguf" && ModelOfRun(run)) {
    throw Error(ErrorCategory::kNotFound,
                "there is no model {}: its training is not finished; -m {} is the model that it has so far", name,
                run.string());
  }
  throw Error(
      ErrorCategory::kNotFound,
      "there is no model {}: no such file or folder{}; give the path of a .gguf file or a Hugging Face folder, or "
      "fetch a model with: sheepop pull NAME",
      name, plain ? fmt::format(", and nothing of that name in {}", models.string()) : "");
}

}  // namespace sheepop
