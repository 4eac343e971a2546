#include "ingest/converters.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "ingest/converter_programs.h"

namespace sheepop {
namespace {

constexpr std::pair<std::string_view, std::string_view> kPackages[] = {
    {"pdfinfo", "poppler-utils"},   {"pdftotext", "poppler-utils"}, {"pdftoppm", "poppler-utils"},
    {"pdffonts", "poppler-utils"},  {"pdftops", "poppler-utils"},   {"pdfdetach", "poppler-utils"},
    {"pdfimages", "poppler-utils"}, {"tesseract", "tesseract-ocr"}, {"pandoc", "pandoc"},
};

std::string_view PackageOf(std::string_view program) {
  for (const auto& [name, package] : kPackages) {
    if (name == program) return package;
  }
  return program;
}

// Debian's package of a Tesseract language: chi_sim lies in tesseract-ocr-chi-sim, scripts in packages of four letters.
std::string LanguagePackage(std::string_view language) {
  if (language.starts_with("script/")) return "tesseract-ocr-all";
  std::string package = fmt::format("tesseract-ocr-{}", language);
  std::ranges::replace(package, '_', '-');
  return package;
}

std::string FirstLine(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  text.remove_prefix(begin);
  return std::string(text.substr(0, std::min<size_t>(text.find('\n'), 300)));
}

std::string FailureOf(const std::string& program, const ChildResult& result, const ChildLimits& limits) {
  switch (result.outcome) {
    case ChildOutcome::kCpuLimit:
      return fmt::format("{} used more than {} s of processor time", program, limits.cpu_seconds);
    case ChildOutcome::kOutputLimit: return fmt::format("{} wrote more than {} bytes", program, limits.output_bytes);
    case ChildOutcome::kSignal:
      return fmt::format("{} was ended by signal {} (it crashed, or needed more than {} bytes of memory)", program,
                         result.code, limits.memory_bytes);
    default: {
      const std::string words = FirstLine(result.errors);
      return words.empty() ? fmt::format("{} failed with exit code {}", program, result.code)
                           : fmt::format("{}: {}", program, words);
    }
  }
}

}  // namespace

Converters::Converters(const IngestOptions& options) {
  limits_.cpu_seconds = options.converter_cpu_seconds;
  limits_.wall_seconds = 60 + 10 * options.converter_cpu_seconds;
  limits_.memory_bytes = options.converter_memory_bytes;
  ChildLimits quick = limits_;
  quick.output_bytes = 1 << 20;
  const auto version = [&](std::vector<std::string> arguments) {
    const ChildResult result = RunChild({.arguments = std::move(arguments), .folder = {}, .environment = {}}, quick);
    return FirstLine(result.output.empty() ? result.errors : result.output);
  };
  versions_ = version({"pdftotext", "-v"}) + "; " + version({"tesseract", "--version"}) + "; " +
              version({"pandoc", "--version"});
  const ChildResult listed =
      RunChild({.arguments = {"tesseract", "--list-langs"}, .folder = {}, .environment = {}}, quick);
  has_tesseract_ = listed.outcome != ChildOutcome::kMissing;
  std::istringstream languages(listed.output);
  std::string line;
  std::getline(languages, line);  // a heading
  while (std::getline(languages, line)) {
    if (line == "osd") {
      has_orientation_ = true;
    } else if (!line.empty()) {
      ocr_languages_.push_back(line);
    }
  }
  for (const std::string& language : ocr_languages_) versions_ += "; " + language;
}

std::vector<ConverterProgram> ConverterPrograms() {
  const char* path = std::getenv("PATH");
  std::vector<ConverterProgram> out;
  for (const auto& [name, package] : kPackages) {
    ConverterProgram program{std::string(name), std::string(package), false};
    std::istringstream folders(path ? path : "");
    for (std::string folder; !program.found && std::getline(folders, folder, ':');) {
      program.found = ::access((std::filesystem::path(folder) / name).c_str(), X_OK) == 0;
    }
    out.push_back(std::move(program));
  }
  return out;
}

void Converters::NeedLanguages(const std::vector<std::string>& arguments) const {
  const auto flag = std::find(arguments.begin(), arguments.end(), "-l");
  if (arguments[0] != "tesseract" || flag == arguments.end() || !has_tesseract_) return;
  std::istringstream names(*(flag + 1));
  for (std::string name; std::getline(names, name, '+');) {
    if (std::ranges::find(ocr_languages_, name) != ocr_languages_.end()) continue;
    throw Error(ErrorCategory::kNotFound,
                "needs Tesseract's data for the language `{}`, which is not installed: apt install {}", name,
                LanguagePackage(name));
  }
}

ChildResult Converters::TryRun(const std::vector<std::string>& arguments, uint64_t output_bytes,
                               const std::filesystem::path& folder) const {
  NeedLanguages(arguments);
  ChildLimits limits = limits_;
  limits.output_bytes = output_bytes;
  // Threads inside Tesseract fight those of this program, and make its run times depend on them.
  ChildResult result =
      RunChild({.arguments = arguments, .folder = folder, .environment = {"OMP_THREAD_LIMIT=1"}}, limits);
  if (result.outcome == ChildOutcome::kMissing) {
    throw Error(ErrorCategory::kNotFound, "needs {}, which is not installed: apt install {}", arguments[0],
                PackageOf(arguments[0]));
  }
  if (result.outcome == ChildOutcome::kWallLimit) {
    throw Error(ErrorCategory::kIo, "{} took longer than {} s", arguments[0], limits.wall_seconds);
  }
  return result;
}

std::string Converters::Run(const std::vector<std::string>& arguments, uint64_t output_bytes,
                            const std::filesystem::path& folder) const {
  return OutputOf(arguments[0], TryRun(arguments, output_bytes, folder), output_bytes);
}

std::string Converters::OutputOf(const std::string& program, ChildResult result, uint64_t output_bytes) const {
  if (result.ok()) return std::move(result.output);
  ChildLimits limits = limits_;
  limits.output_bytes = output_bytes;
  const bool limit = result.outcome != ChildOutcome::kExited;
  throw Error(limit ? ErrorCategory::kLimit : ErrorCategory::kCorrupt, FailureOf(program, result, limits));
}

}  // namespace sheepop
