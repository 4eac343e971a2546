#include "cli/flags/model_flags.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "cli/flags/option_flags.h"
#include "hub/models.h"

namespace sheepop::cli {
namespace {

constexpr double kQuickLoad = 0.5;  // seconds; what loads sooner needs no line of progress

}  // namespace

void ModelFlags::Register(FlagSet flags, bool positional) {
  flags
      .Value(positional ? "-m,--model,model" : "-m,--model", model_,
             fmt::format("a .gguf file, a Hugging Face folder, or the name of a pulled model (default {})", default_))
      .As("MODEL");
  machine_.Register(flags);
}

std::filesystem::path ModelFlags::Path(const Console& console) const {
  if (!model_.empty()) return FindModel(model_);
  std::filesystem::path path = FindModel(default_);
  console.Note(fmt::format("model: {} (no --model given)", path.string()));
  return path;
}

LoadedModel ModelFlags::Open(const Console& console, LoadOptions options) {
  const std::filesystem::path path = Path(console);
  const Stopwatch watch;
  options.isa = machine_.isa();
  options.progress = [&](size_t done, size_t all) {
    if (watch.seconds() < kQuickLoad) return;
    console.Progress(fmt::format("loading {}: {}%", path.filename().string(), 100 * done / all));
  };
  LoadedModel loaded = LoadedModel::Open(path, options, machine_.pool());
  console.Progress("");
  for (const Warning& warning : loaded.Warnings()) console.Warn(warning);
  return loaded;
}

void EngineFlags::Register(FlagSet flags) { AddOptions(flags, kEngineTable, options); }

}  // namespace sheepop::cli
