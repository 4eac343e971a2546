#include "cli/commands/train_resume.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/shell_word.h"
#include "base/text_file.h"
#include "data/text_split.h"
#include "hub/models.h"

namespace sheepop::cli {
namespace {

namespace fs = std::filesystem;

// "mine.gguf" -> "mine-2.gguf", "mine-2.gguf" -> "mine-3.gguf"; the first that is not there.
std::string NextName(const std::string& output) {
  const fs::path path(output);
  for (int number = 2;; ++number) {
    fs::path next = path;
    next.replace_filename(fmt::format("{}-{}{}", path.stem().string(), number, path.extension().string()));
    std::error_code none;
    if (!fs::exists(next, none)) return next.string();
  }
}

std::string GoOnFrom(const RunNames& names, const std::string& model) {
  return fmt::format("sheepop train {} --from {} -o {}", ShellWord(names.input), ShellWord(model),
                     ShellWord(NextName(names.output)));
}

std::string BeginAnew(const RunNames& names) { return names.command + " --restart"; }

// What is another in the corpus since the run wrote down what it learns from; "" when that is not known.
std::string CorpusChange(const RunNames& names, const std::string& split) {
  const fs::path kept = names.folder / kSplitFile;
  std::error_code none;
  if (split.empty() || !fs::exists(kept, none)) return "";
  return DifferenceOf(ReadSplitJson(ReadFileOrStdin(kept.string()), kept.string()), ReadSplitJson(split, "the corpus"));
}

}  // namespace

void ResumeRun(const Console& console, const RunNames& names, const std::string& split, Trainer& trainer) {
  std::optional<fs::path> latest;
  try {
    latest = trainer.ResumeLatest(names.folder);
  } catch (const Error& error) {
    const std::string change = error.category() == ErrorCategory::kUnsupported ? CorpusChange(names, split) : "";
    if (change.empty()) throw;
    const std::string model = ModelOfRun(names.folder).value_or(names.output).string();
    throw Error(
        ErrorCategory::kUnsupported,
        "{} began with another corpus: {}. To learn on from what it knows: {}; to begin anew with all of it: {}",
        names.folder.string(), change, GoOnFrom(names, model), BeginAnew(names));
  }
  if (latest && trainer.step() < trainer.options().steps) {
    console.Note(fmt::format("goes on from {}; --restart begins anew", latest->string()));
  }
}

std::string FinishedText(const RunNames& names, const Trainer& trainer) {
  return fmt::format(
      "the run in {} is finished after its {} steps. To train longer, from what it knows: {} --time 10m; with more "
      "time "
      "from the beginning: {} --time 30m\n",
      names.folder.string(), trainer.step(), GoOnFrom(names, names.output), BeginAnew(names));
}

}  // namespace sheepop::cli
