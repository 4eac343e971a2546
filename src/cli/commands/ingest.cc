// sheepop ingest: documents to a corpus.
#include "ingest/ingest.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>

#include "base/cpu.h"
#include "cli/command.h"
#include "data/training_plan.h"
#include "ingest/clean/clean_step.h"
#include "train/training_rate.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

std::string Duration(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.1f} h", seconds / 3600);
  return fmt::format("{:.0f} days", seconds / 86400);
}

class ProgressLine final : public ProgressSink {
 public:
  explicit ProgressLine(const Console& console) : console_(console) {}

  void OnProgress(const IngestProgress& p) override {
    const std::string eta = p.eta_seconds >= 0 ? fmt::format(", {} left", Duration(p.eta_seconds)) : "";
    console_.Progress(fmt::format("{}: {} of {} files, {:.1f} of {:.1f} MB{}", Name(p.stage), p.files_done,
                                  p.files_total, static_cast<double>(p.bytes_done) / 1e6,
                                  static_cast<double>(p.bytes_total) / 1e6, eta));
  }

 private:
  const Console& console_;
};

class IngestCommand final : public Command {
 public:
  void Register(CLI::App& app) override {
    app.add_option("inputs", options_.inputs, "files, folders and archives")->required()->type_name("PATH..");
    app.add_option("-o,--output", options_.output, "the corpus folder; made when absent")
        ->required()
        ->type_name("FOLDER");
    app.add_option("--workers", options_.workers, "documents read at once, 1 to 1024 (default: one a processor)")
        ->type_name("N");
    app.add_flag("--plan,!--no-plan", plan_, "say which models the corpus can feed on this machine (default on)");
    RegisterReading(app);
    RegisterCleaning(app);
  }

  int Run(Console& console) override;

 private:
  void RegisterReading(CLI::App& app);
  void RegisterCleaning(CLI::App& app);
  json::object Document(const IngestReport& report) const;
  std::string Plan(const IngestReport& report) const;

  IngestOptions options_;
  bool plan_ = true;
};

void IngestCommand::RegisterReading(CLI::App& app) {
  const auto add = [&](const char* flag, auto& value, const char* help) {
    app.add_option(flag, value, help)->group("Reading")->type_name("VALUE");
  };
  add("--field", options_.text_field,
      "field of JSONL objects and CSV rows that holds the text (default text, else content)");
  app.add_flag("--ocr,!--no-ocr", options_.ocr, "read images and scanned pages (default on)")->group("Reading");
  add("--ocr-languages", options_.ocr_languages, "Tesseract's names joined by + (default auto)");
  add("--ocr-dpi", options_.ocr_dpi, "resolution at which pages are read, 72 to 600 (default 300)");
  add("--max-pages", options_.max_pages, "pages of a PDF, 1 to 1000000; one with more fails (default 20000)");
  add("--archive-depth", options_.archive_depth, "archives in archives, 0 to 16 (default 4)");
  add("--max-expanded-bytes", options_.max_expanded_bytes, "of one archive, unpacked, at least 1 MiB (default 4 GiB)");
  add("--max-archive-members", options_.max_archive_members, "of one archive, at least 1 (default 1000000)");
  add("--max-line-bytes", options_.max_line_bytes, "of a line or record, 1 KiB to 256 MiB (default 16 MiB)");
  add("--part-bytes", options_.part_bytes, "longer texts become several documents, 64 KiB to 64 MiB (default 8 MiB)");
  add("--converter-seconds", options_.converter_cpu_seconds,
      "processor time of one converter call, 1 to 86400 (default 120)");
  add("--converter-memory", options_.converter_memory_bytes,
      "bytes of one converter call, 256 MiB to 64 GiB (default 2 GiB)");
}

void IngestCommand::RegisterCleaning(CLI::App& app) {
  CleanOptions& clean = options_.clean;
  const std::map<std::string_view, bool CleanOptions::*> switches = {
      {"control_characters", &CleanOptions::control_characters},
      {"unicode", &CleanOptions::unicode},
      {"ligatures", &CleanOptions::ligatures},
      {"page_furniture", &CleanOptions::page_furniture},
      {"hyphenation", &CleanOptions::hyphenation},
      {"paragraphs", &CleanOptions::paragraphs},
      {"boilerplate", &CleanOptions::boilerplate},
      {"mojibake", &CleanOptions::mojibake}};
  for (const CleanStepHelp& step : CleanStepsHelp()) {
    const auto found = switches.find(step.name);
    if (found == switches.end()) continue;
    std::string flag(step.name);
    std::ranges::replace(flag, '_', '-');
    app.add_flag(fmt::format("--{0},!--no-{0}", flag), clean.*found->second,
                 fmt::format("{} (default {})", step.does, clean.*found->second ? "on" : "off"))
        ->group("Cleaning");
  }
  const auto flag = [&](const char* name, bool& value, const char* help) {
    app.add_flag(name, value, help)->group("Cleaning");
  };
  flag("--replace-emails", clean.replace_emails, "write [email] for e-mail addresses");
  flag("--replace-phones", clean.replace_phones, "write [phone] for phone numbers");
  flag("--replace-keys", clean.replace_keys, "write [key] for API keys, private keys and tokens");
  flag("--exact-duplicates,!--no-exact-duplicates", options_.exact_duplicates, "drop equal documents (default on)");
  flag("--near-duplicates,!--no-near-duplicates", options_.near_duplicates,
       "drop documents about 80% alike (default on)");
  flag("--duplicate-paragraphs,!--no-duplicate-paragraphs", options_.duplicate_paragraphs,
       "remove paragraphs that an earlier document holds (default on)");
  app.add_option("--keep-language", clean.keep_languages,
                 "drop prose in other known languages; may be given several times")
      ->group("Cleaning")
      ->type_name("CODE");
  app.add_option("--keep-license", clean.keep_licenses, "drop documents with another known licence; several times")
      ->group("Cleaning")
      ->type_name("SPDX");
  app.add_option("--min-characters", clean.min_characters, "drop shorter documents, 1 to 1000000 (default 1)")
      ->group("Cleaning")
      ->type_name("N");
}

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

std::string Count(uint64_t parameters) {
  return parameters < 1'000'000 ? fmt::format("{:.3g} thousand", static_cast<double>(parameters) / 1e3)
                                : fmt::format("{:.3g} million", static_cast<double>(parameters) / 1e6);
}

std::string IngestCommand::Plan(const IngestReport& report) const {
  const double rate = MeasureTrainingRate(PhysicalCores());
  std::string text = fmt::format(
      "\nModels that this corpus can feed, at {:.0f} tokens a parameter, and how long training takes here\n"
      "(from a few real steps: {:.0f} GFLOP/s; sheepop train --plan measures a model of your choice)\n"
      "  {:>14}  {:>18}  {:>8}\n",
      kTokensPerParameter, rate / 1e9, "parameters", "times the corpus", "time");
  for (const TrainingChoice& choice : PlanTraining(report.estimated_tokens, rate)) {
    text += fmt::format("  {:>14}  {:>18.2g}  {:>8}\n", Count(choice.parameters), choice.epochs,
                        Duration(choice.hours * 3600));
  }
  return text;
}

int IngestCommand::Run(Console& console) {
  Validate(options_);
  ProgressLine progress(console);
  const IngestReport report = Ingest(options_, &progress);
  console.Progress("");
  if (console.json) {
    console.PrintJson(Document(report));
    return 0;
  }
  console.Print(AccountTable(report));
  if (plan_ && report.estimated_tokens > 0) console.Print(Plan(report));
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeIngest() { return std::make_unique<IngestCommand>(); }

}  // namespace sheepop::cli
