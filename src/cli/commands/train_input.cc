#include "cli/commands/train_input.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/file_kind.h"
#include "base/mapped_file.h"
#include "base/shell_word.h"
#include "data/token_shards.h"
#include "hub/models.h"
#include "ingest/ingest.h"
#include "train/corpus_tokens.h"

namespace sheepop::cli {
namespace {

namespace fs = std::filesystem;

// "A PDF": how a sentence names documents of a kind.
std::string_view Noun(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kHtml: return "a web page";
    case DocumentKind::kPdf: return "a PDF";
    case DocumentKind::kImage: return "a picture";
    case DocumentKind::kDocx: return "a Word document";
    case DocumentKind::kOdt: return "an OpenDocument text";
    case DocumentKind::kEpub: return "an EPUB book";
    case DocumentKind::kRtf: return "an RTF document";
    case DocumentKind::kLatex: return "a LaTeX document";
    case DocumentKind::kNotebook: return "a notebook";
    case DocumentKind::kCsv: return "a table";
    case DocumentKind::kArchive: return "an archive";
    case DocumentKind::kCompressed: return "a compressed file";
    default: return "a text";
  }
}

std::string IngestThenTrain(const std::string& input, const std::string& output) {
  return fmt::format("sheepop ingest {} -o corpus, then: sheepop train corpus -o {}", ShellWord(input),
                     ShellWord(output));
}

Error ModelInPlaceOfCorpus(const std::string& input, const std::string& output) {
  return {
      ErrorCategory::kUnsupported,
      "{} is a model, not a corpus. To let it learn from documents: sheepop train CORPUS --from {} -o {}; to let it "
      "write: sheepop generate -m {}",
      input,
      ShellWord(input),
      ShellWord(output),
      ShellWord(input)};
}

bool HoldsModel(const fs::path& folder) {
  std::error_code none;
  return fs::exists(folder / "config.json", none) &&
         (fs::exists(folder / "model.safetensors", none) || fs::exists(folder / "model.safetensors.index.json", none));
}

void RequireCorpusFolder(const std::string& input, const std::string& output) {
  const fs::path folder(input);
  std::error_code none;
  if (IsShardFolder(folder) || fs::exists(folder / "documents.jsonl.zst", none)) return;
  if (const std::optional<fs::path> model = ModelOfRun(folder)) {
    const std::string best = model->string();
    throw Error(
        ErrorCategory::kUnsupported,
        "{} is the folder of a run, not a corpus. To go on with that run: sheepop train --config {}; to learn on "
        "from its best model: sheepop train CORPUS --from {} -o {}; to let that write: sheepop generate -m {}",
        input, ShellWord((folder / "options.toml").string()), ShellWord(best), ShellWord(output), ShellWord(best));
  }
  if (HoldsModel(folder)) throw ModelInPlaceOfCorpus(input, output);
  IngestOptions options;
  options.inputs = {folder};
  const std::vector<PlannedInput> files = PlanIngest(options);
  const auto readable = std::ranges::count_if(files, [](const PlannedInput& file) { return !file.reader.empty(); });
  if (readable == 0) {
    throw Error(ErrorCategory::kUnsupported,
                "{} is a folder without a corpus in it, and none of its {} files can be read as a document; sheepop "
                "ingest {} --dry-run says why",
                input, files.size(), ShellWord(input));
  }
  throw Error(ErrorCategory::kUnsupported, "{} is a folder of {} document{}, not a corpus; make one of it: {}", input,
              readable, readable == 1 ? "" : "s", IngestThenTrain(input, output));
}

bool HoldsTextInMarks(DocumentKind kind) {
  return kind == DocumentKind::kHtml || kind == DocumentKind::kLatex || kind == DocumentKind::kRtf ||
         kind == DocumentKind::kCsv || kind == DocumentKind::kNotebook;
}

bool IsPlain(DocumentKind kind) {
  return kind == DocumentKind::kText || kind == DocumentKind::kMarkdown || kind == DocumentKind::kCode;
}

void RequireTextFile(const Console& console, const std::string& input, const std::string& output) {
  IngestOptions options;
  options.inputs = {input};
  const std::vector<PlannedInput> found = PlanIngest(options);
  if (found.empty()) return;
  const PlannedInput& file = found.front();
  if (file.bytes == 0) throw Error(ErrorCategory::kUnsupported, "{} is empty; there is nothing to learn", input);
  if (IsPlain(file.kind)) return;
  if (FirstRecordIsChat(input) == true || (input.ends_with(".jsonl") && !FirstRecordIsChat(input))) return;
  if (file.kind == DocumentKind::kJsonl) {
    throw Error(ErrorCategory::kUnsupported,
                "{} holds records without `messages`, so no conversations; their texts make a corpus: {}", input,
                IngestThenTrain(input, output));
  }
  if (HoldsTextInMarks(file.kind)) {
    console.Warn({"marked_up", input, std::string(Name(file.kind)),
                  fmt::format("{} is {} and learned as it stands, marks and all; its text alone makes a corpus: {}",
                              input, Noun(file.kind), IngestThenTrain(input, output))});
    return;
  }
  if (file.reader.empty()) {
    throw Error(ErrorCategory::kUnsupported, "{} holds no text to learn from: {}", input, file.reason);
  }
  throw Error(ErrorCategory::kUnsupported, "{} is {}, not text; make a corpus of it: {}", input, Noun(file.kind),
              IngestThenTrain(input, output));
}

}  // namespace

void RequireLearnable(const Console& console, const std::string& input, const std::string& output) {
  std::error_code none;
  if (fs::is_directory(input, none)) return RequireCorpusFolder(input, output);
  if (!fs::is_regular_file(input, none) || input.ends_with(".zst")) return;
  const MappedFile file = MappedFile::Open(input);
  const FileKind kind = Sniff(file.bytes());
  if (kind == FileKind::kGguf || kind == FileKind::kSafetensors) throw ModelInPlaceOfCorpus(input, output);
  RequireTextFile(console, input, output);
}

}  // namespace sheepop::cli
