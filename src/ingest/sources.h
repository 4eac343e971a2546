// Finds the files below the inputs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ingest/blob.h"
#include "ingest/document.h"

namespace sheepop {

struct FoundFile {
  std::string path;  // as the input was given, plus what is below it; raw bytes
  FileStamp stamp;
};

// A thing below the inputs that is not read, and why.
struct SkippedInput {
  std::string path;
  DocumentFate fate;
  std::string reason;
};

struct FoundSources {
  std::vector<FoundFile> files;       // by path, in the order of its bytes
  std::vector<SkippedInput> skipped;  // likewise
};

// Walks folders without following links, then reads what links lead to unless it was found already, so that neither a
// loop nor a farm of links makes it read anything twice. Folders of version control, and `exclude` (the corpus itself), are
// skipped and said to be. Throws kNotFound for an input that does not exist, kInvalidArgument when there is none.
FoundSources FindSources(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& exclude);

}  // namespace sheepop
