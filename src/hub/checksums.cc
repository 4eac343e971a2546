#include "hub/checksums.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/file_writer.h"
#include "base/sha256.h"
#include "base/text_file.h"
#include "hub/catalogue.h"
#include "hub/models.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;

// Where a file's note lies; none for files elsewhere than among the pulled models.
std::optional<fs::path> NoteOf(const fs::path& file) {
  std::error_code error;
  const fs::path models = fs::weakly_canonical(SheepopHome() / "models", error);
  const fs::path inside = fs::weakly_canonical(file, error).lexically_relative(models);
  if (error || inside.empty() || *inside.begin() == "..") return std::nullopt;
  fs::path note = SheepopHome() / "checksums" / inside;
  note += ".sha256";
  return note;
}

}  // namespace

void NoteChecksum(const fs::path& file, const std::string& sha256) {
  const std::optional<fs::path> note = NoteOf(file);
  if (!note) return;
  fs::create_directories(note->parent_path());
  FileWriter writer(*note);
  writer.Write(sha256 + "\n");
  writer.Commit();
}

std::optional<std::string> KnownChecksum(const fs::path& file) {
  const std::optional<fs::path> note = NoteOf(file);
  if (!note) return std::nullopt;
  std::error_code ignored;
  if (fs::exists(*note, ignored)) {
    std::string noted = ReadTextFile(*note, "a checksum");
    noted.resize(std::min(noted.find('\n'), noted.size()));
    return noted;
  }
  const CatalogueEntry* entry = file.extension() == ".gguf" ? FindInCatalogue(file.stem().string()) : nullptr;
  return entry ? std::optional(std::string(entry->sha256)) : std::nullopt;
}

std::vector<CheckedFile> VerifyFiles(const fs::path& model, const std::function<bool()>& interrupted) {
  std::vector<fs::path> files;
  if (fs::is_directory(model)) {
    for (const auto& entry : fs::directory_iterator(model)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
  } else {
    files.push_back(model);
  }
  std::vector<CheckedFile> out;
  for (const fs::path& file : files) {
    CheckedFile checked{file, Sha256OfFile(file, interrupted), KnownChecksum(file).value_or("")};
    if (!checked.expected.empty() && checked.sha256 != checked.expected) {
      throw Error(ErrorCategory::kCorrupt,
                  "{} has sha256 {}, it was pulled with {}: its bytes changed since; fetch it again with: sheepop pull "
                  "--force NAME",
                  file.string(), checked.sha256, checked.expected);
    }
    out.push_back(std::move(checked));
  }
  return out;
}

}  // namespace sheepop
