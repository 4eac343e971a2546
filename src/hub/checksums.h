// What the files of pulled models hash to: noted when they are fetched, so that they can be checked again at any time.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sheepop {

// Notes the SHA-256, lower-case hexadecimal, of a file in SheepopHome()/models, in SheepopHome()/checksums. Other
// files are not noted. Throws kIo.
void NoteChecksum(const std::filesystem::path& file, const std::string& sha256);

// What was noted of a file, else what the catalogue says of one of its name among the pulled models.
std::optional<std::string> KnownChecksum(const std::filesystem::path& file);

struct CheckedFile {
  std::filesystem::path path;
  std::string sha256;    // of its bytes now
  std::string expected;  // empty: nothing is known
};

// Hashes a model's file, or every file of its folder. Throws kCorrupt, naming the file and both checksums, for bytes that
// are not those that were pulled; kInterrupted; kIo.
std::vector<CheckedFile> VerifyFiles(const std::filesystem::path& model, const std::function<bool()>& interrupted);

}  // namespace sheepop
