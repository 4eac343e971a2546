// The programs that read what no library here reads: poppler's pdfinfo, pdftotext, pdfimages and pdftoppm, Tesseract
// and pandoc. Each call is a limited child process.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/child_process.h"
#include "ingest/options.h"

namespace sheepop {

class Converters {
 public:
  // Asks each program for its version; one that is missing is found out here and named when it is needed.
  explicit Converters(const IngestOptions& options);

  // Runs `arguments[0]` with the limits of the options. Returns what it wrote to stdout. Throws Error: kNotFound naming
  // the Debian package when the program is missing, kIo when the wall clock ended it, kLimit or kCorrupt otherwise, with
  // the program's own words. `output_bytes` bounds stdout and every file written.
  std::string Run(const std::vector<std::string>& arguments, uint64_t output_bytes,
                  const std::filesystem::path& folder = {}) const;

  // The same, for callers that look at failures themselves; still throws when the program is missing or the clock ran out.
  ChildResult TryRun(const std::vector<std::string>& arguments, uint64_t output_bytes,
                     const std::filesystem::path& folder = {}) const;

  // stdout of a call that TryRun made, or what Run throws.
  std::string OutputOf(const std::string& program, ChildResult result, uint64_t output_bytes) const;

  // Versions of all programs and languages: part of what a cached result depends on.
  const std::string& versions() const { return versions_; }

  // Tesseract's installed languages, without osd.
  const std::vector<std::string>& ocr_languages() const { return ocr_languages_; }
  bool has_orientation() const { return has_orientation_; }  // osd.traineddata is there

 private:
  // Throws kNotFound naming the package when a call of Tesseract asks for a language that is not there.
  void NeedLanguages(const std::vector<std::string>& arguments) const;

  ChildLimits limits_;
  std::string versions_;
  std::vector<std::string> ocr_languages_;
  bool has_tesseract_ = false, has_orientation_ = false;
};

}  // namespace sheepop
