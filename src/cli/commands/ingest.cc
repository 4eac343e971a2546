// sheepop ingest: documents to a corpus.
#include "ingest/ingest.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/cpu.h"
#include "base/output_path.h"
#include "base/shell_word.h"
#include "cli/command.h"
#include "cli/flags/option_flags.h"
#include "ingest/report_inputs.h"
#include "train/run_choice.h"
#include "train/training_rate.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

class ProgressLine final : public ProgressSink {
 public:
  explicit ProgressLine(const Console& console) : console_(console) {}

  void OnProgress(const IngestProgress& p) override {
    const std::string eta = p.eta_seconds >= 0 ? fmt::format(", {} left", DurationText(p.eta_seconds)) : "";
    // A narrow window shows the beginning.
    console_.Progress(fmt::format("{}: {} of {} files{}, {:.1f} of {:.1f} MB", Name(p.stage), p.files_done,
                                  p.files_total, eta, static_cast<double>(p.bytes_done) / 1e6,
                                  static_cast<double>(p.bytes_total) / 1e6));
  }

 private:
  const Console& console_;
};

class IngestCommand final : public Command {
 public:
  void Register(FlagSet flags) override {
    flags.Positional("inputs", options_.inputs, "files, folders and archives").As("PATH..").Required();
    flags.Value("-o,--output", options_.output, "the corpus folder; made when absent").As("FOLDER");
    flags.Switch("--force", force_, "replace what the corpus holds of other inputs");
    flags.Switch("--dry-run", dry_run_, "say for each file which reader would take it, and read none");
    flags.Switch("--plan,!--no-plan", plan_, "say which models the corpus can feed on this machine (default on)");
    AddOptions(flags, kIngestTable, options_);
  }

  int Run(Console& console) override;

 private:
  json::object Document(const IngestReport& report) const;
  int DryRun(const Console& console) const;
  void CheckOutput() const;
  void KeepOtherInputs() const;
  std::optional<Error> Failure(const IngestReport& report) const;
  void TellLosses(const Console& console, const IngestReport& report) const;
  void TellPages(const Console& console, const IngestReport& report) const;
  std::string Plan(const IngestReport& report) const;

  IngestOptions options_;
  bool plan_ = true, dry_run_ = false, force_ = false;
};

json::object IngestCommand::Document(const IngestReport& report) const {
  return {{"documents", report.documents_path.string()},
          {"documents_sha256", report.documents_sha256},
          {"report", report.report_path.string()},
          {"inputs", report.inputs},
          {"taken", report.taken},
          {"dropped", report.dropped},
          {"failed", report.failed},
          {"characters", report.characters},
          {"estimated_tokens", report.estimated_tokens}};
}

// A run that did not do what it was asked for, though it accounted for every input.
std::optional<Error> IngestCommand::Failure(const IngestReport& report) const {
  if (!options_.text_field.empty() && report.fieldless > 0 && report.with_field == 0) {
    return Error(ErrorCategory::kNotFound, "no record has a field `{}` (--field): {}: {}", options_.text_field,
                 report.first_fieldless.source, report.first_fieldless.reason);
  }
  if (report.taken > 0) return std::nullopt;
  if (report.inputs == 0) {
    const size_t others = options_.inputs.size() - 1;
    return Error(ErrorCategory::kNotFound, "there is no file in {}{}; name files, or folders that hold some",
                 options_.inputs.front().string(),
                 others == 0 ? "" : fmt::format(", nor in what else was named ({})", others));
  }
  std::string why;
  for (const std::vector<Mishap>* first : {&report.mishaps, &report.losses}) {
    if (why.empty() && !first->empty()) why = fmt::format("; {}: {}", first->front().source, first->front().reason);
  }
  for (const auto& [step, count] : report.dropped_by_step) why += fmt::format("; {} at the step \"{}\"", count, step);
  return Error(ErrorCategory::kNotFound, "nothing was taken of {} inputs: {} dropped, {} failed; {} says why{}",
               report.inputs, report.dropped, report.failed, report.report_path.string(), why);
}

std::string IngestCommand::Plan(const IngestReport& report) const {
  const CorpusSize corpus = EstimatedSize(report.text_bytes);
  const std::vector<SizeChoice> choices = SizeChoices(corpus, MeasureTrainingRate(PhysicalCores()));
  const SizeChoice& chosen = ChoiceForTime(choices, DefaultSeconds(corpus.text_bytes));
  return "\n" + SizeTable(corpus, choices, chosen.name,
                          fmt::format("sheepop train {} -o mine.gguf", ShellWord(options_.output.string())));
}

void IngestCommand::CheckOutput() const {
  const std::filesystem::path& output = options_.output;
  for (const std::filesystem::path& input : options_.inputs) {
    RefuseInput(output, input);
    RefuseInput(input, output);  // a corpus of itself
  }
  std::error_code none;
  if (!std::filesystem::is_directory(output, none) || std::filesystem::is_empty(output, none)) return;
  for (const char* part : {"documents.jsonl.zst", "report.json", ".cache"}) {
    if (std::filesystem::exists(output / part, none)) return;
  }
  throw Error(ErrorCategory::kIo, "the folder {} holds other files and no corpus; name another with -o",
              output.string());
}

// A run makes the corpus anew of its inputs: what others gave it would be gone.
void IngestCommand::KeepOtherInputs() const {
  const OtherInputs others = InputsNotNamed(options_.output, options_.inputs);
  if (others.documents == 0) return;
  const std::string output = ShellWord(options_.output.string());
  std::string again = "sheepop ingest " + ShellWord(others.where);
  for (const std::filesystem::path& input : options_.inputs) again += " " + ShellWord(input.string());
  throw Error(ErrorCategory::kIo,
              "{} holds {} of {}, which is not among the inputs, and this run would take {} out; name another folder "
              "with -o, or name all that it is to hold: {} -o {}; or replace them with --force",
              output, others.documents == 1 ? "a document" : fmt::format("{} documents", others.documents),
              others.where, others.documents == 1 ? "it" : "them", again, output);
}

int IngestCommand::DryRun(const Console& console) const {
  json::array files;
  std::string table;
  for (const PlannedInput& input : PlanIngest(options_)) {
    const bool read = !input.reader.empty();
    files.push_back(json::object{{"source", input.source},
                                 {"bytes", input.bytes},
                                 {"kind", Name(input.kind)},
                                 {"reader", read ? json::value(input.reader) : json::value()},
                                 {"reason", input.reason.empty() ? json::value() : json::value(input.reason)}});
    table += fmt::format("{:<12}{}: {}\n", read ? Name(input.kind) : "left out", input.source,
                         read ? input.reader : input.reason);
  }
  if (console.json) {
    console.PrintJson(json::object{{"files", std::move(files)}});
  } else {
    console.PrintText(table);
  }
  return 0;
}

void IngestCommand::TellLosses(const Console& console, const IngestReport& report) const {
  for (const LossyDocument& lossy : report.lossiest) {
    const Fidelity& f = lossy.fidelity;
    console.Warn({"words_missing", lossy.source, fmt::format("{} of {}", f.missing, f.words),
                  fmt::format("{}: {} of the {} words of its source are missing in the text: {}", lossy.source,
                              f.missing, f.words, fmt::join(f.missing_words, " "))});
  }
  if (const uint64_t more = report.lossy - report.lossiest.size()) {
    console.Warn(
        {"words_missing", report.report_path.string(), fmt::format("{} more documents", more),
         fmt::format("words are missing in {} more documents; {} names them", more, report.report_path.string())});
  }
}

void IngestCommand::TellPages(const Console& console, const IngestReport& report) const {
  for (const auto& [source, page] : report.differing) {
    const Fidelity& f = page.words;
    console.Warn({"page_differs", source, fmt::format("page {}", page.page + 1),
                  fmt::format("{}, page {}: of the {} words that OCR sees {} are missing in the text layer ({}), which "
                              "has {} others ({})",
                              source, page.page + 1, f.words, f.missing, fmt::join(f.missing_words, " "), f.added,
                              fmt::join(f.added_words, " "))});
  }
  if (const uint64_t more = report.differing_pages - report.differing.size()) {
    console.Warn({"page_differs", report.report_path.string(), fmt::format("{} more pages", more),
                  fmt::format("the pictures of {} more pages show other words; {} names them", more,
                              report.report_path.string())});
  }
}

int IngestCommand::Run(Console& console) {
  if (dry_run_) return DryRun(console);
  Validate(options_);
  CheckOutput();
  if (!force_) KeepOtherInputs();
  ProgressLine progress(console);
  const IngestReport report = Ingest(options_, &progress);
  console.Progress("");
  TellLosses(console, report);
  TellPages(console, report);
  if (const std::optional<Error> failure = Failure(report)) {
    if (!console.json) console.PrintWords(AccountTable(report));
    console.PrintError(*failure, Document(report));
    return 1;
  }
  if (console.json) {
    console.PrintJson(Document(report));
    return 0;
  }
  console.PrintWords(AccountTable(report));
  const std::string corpus = ShellWord(options_.output.string());
  console.Print(
      fmt::format("{0} is written; look into it:\n  sheepop corpus list {0}\n  sheepop corpus sample {0}\n", corpus));
  if (plan_ && report.text_bytes > 0) console.PrintWords(Plan(report));
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeIngest() { return std::make_unique<IngestCommand>(); }

}  // namespace sheepop::cli
