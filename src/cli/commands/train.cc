// sheepop train: a corpus to a model.
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/file_writer.h"
#include "base/mapped_file.h"
#include "base/output_path.h"
#include "base/shell_word.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/naming.h"
#include "cli/command.h"
#include "cli/commands/train_choice.h"
#include "cli/commands/train_input.h"
#include "cli/commands/train_reporter.h"
#include "cli/commands/train_resume.h"
#include "cli/commands/train_tokenizer.h"
#include "cli/flags/corpus_flags.h"
#include "cli/flags/machine_flags.h"
#include "cli/flags/model_flags.h"
#include "cli/flags/option_flags.h"
#include "hub/models.h"
#include "train/model_file.h"
#include "train/trainer.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

class TrainCommand final : public Command {
 public:
  void Register(FlagSet flags) override;
  int Run(Console& console) override;

 private:
  void CheckTogether() const;
  void CheckOutput() const;
  void WarnOfIdle(const Console& console, const TrainOptions& options) const;
  TrainOptions Options() const;
  void Prepare(const CorpusTokens& tokens, TrainRun& run, ThreadPool& pool);
  void RequireRoom(const Trainer& trainer) const;
  void TellNothingHeldOut(const Console& console) const;
  std::string CommandText() const;
  ModelConfig ReadSourceModel(TrainRun& run, size_t vocab) const;
  int PrintPlan(const Console& console, Trainer& trainer) const;
  std::filesystem::path Folder() const;
  RunNames Names() const { return {input_, output_, Folder(), CommandText()}; }
  std::vector<NamedCurve> Beside() const;
  bool GivesBest(TrainEnd end) const;
  void WriteOptions(const TrainOptions& options, const CorpusTokens& tokens) const;
  void WriteSplit(const std::string& split) const;
  int Train(const Console& console, const CorpusTokens& tokens, TrainReport report, Trainer& trainer,
            TrainReporter& reporter);
  size_t ContextBound(const TrainOptions& options) const;
  void WriteResult(const Console& console, const Trainer& trainer, TrainEnd end, uint64_t left_out) const;

  std::string config_, input_, output_, folder_, from_, prompt_ = "Once upon a time";
  CorpusFlags tokens_;
  std::vector<std::string> beside_;
  TokenizerTrainer tokenizer_trainer_;
  bool plan_ = false, restart_ = false, best_ = false;
  size_t sample_tokens_ = 60;
  MachineFlags machine_;
  GivenOptions<TrainOptions> given_{kTrainTable};
  RunChooser chooser_{given_};
  std::optional<FlagSet> flags_;
};

void TrainCommand::Register(FlagSet flags) {
  flags_ = flags;
  flags
      .Positional("input", input_,
                  "a corpus folder (from sheepop ingest), token shards (from sheepop corpus shards), a text file, or "
                  "conversations: JSON lines with `messages`, of which the assistant's words are learned")
      .As("INPUT");
  flags.Value("-o,--output", output_, "the model to write").As("MODEL.gguf");
  flags
      .Value("--run", folder_,
             "folder of checkpoints, metrics, plots of the loss, split.json and options.toml (default MODEL.run)")
      .As("FOLDER");
  flags
      .Value("--from", from_,
             "go on training this GGUF model, of whatever weight type, with its tokenizer, shape and chat template; "
             "the default learning rate is then a fifth")
      .As("MODEL");
  chooser_.Register(flags);
  tokens_.Register(flags);
  flags.Switch("--plan", plan_,
               "only say what the run will take: memory, disk, hours, epochs, from a few real steps; and which sizes "
               "there are");
  flags.Switch(
      "--best", best_,
      "write the model of the best measurement, not that of the last step; so it is where the steps are chosen "
      "for a time");
  flags.Switch("--restart", restart_, "begin anew although the run's folder holds a checkpoint");
  flags.Values("--beside", beside_, "folders of other runs whose held-out loss the plot shows too").As("FOLDER");
  flags.Value("--sample-prompt", prompt_, "continued in a note of each measurement (default \"Once upon a time\")")
      .As("TEXT");
  flags.Value("--sample-tokens", sample_tokens_, AtLeast(0), "of that note; 0: no such notes (default 60)").As("N");
  machine_.Register(flags);
  tokenizer_trainer_.Register(flags);
  flags.Value("--config", config_, "a TOML file with the same options; the command line wins over it").As("FILE");
  given_.Register(flags, "Training", false);
}

// Flags of a model and of a tokenizer alone have no use for each other.
void TrainCommand::CheckTogether() const {
  if (!tokenizer_trainer_.asked_for()) return;
  std::vector<std::string> others;
  for (const char* flag : {"--run", "--from", "--tokenizer", "--template", "--skip-long", "--plan", "--restart",
                           "--beside", "--sample-prompt", "--sample-tokens", "--isa", "--time", "--best"}) {
    if (flags_->Given(flag)) others.emplace_back(flag);
  }
  for (const std::string_view flag : given_.Flags()) others.emplace_back(flag);
  if (others.empty()) return;
  throw Error(ErrorCategory::kInvalidArgument, "--tokenizer-only makes no model and has no use for {}; leave it out",
              fmt::format("{}", fmt::join(others, ", ")));
}

// What was given and changes nothing; options.toml gives every option its default.
void TrainCommand::WarnOfIdle(const Console& console, const TrainOptions& options) const {
  constexpr std::string_view kOfNewModels[] = {"size",       "style",         "layers",       "hidden",
                                               "heads",      "kv_heads",      "feed_forward", "tied_embeddings",
                                               "rope_theta", "init_deviation"};
  for (const OptionRow* row : given_.Rows()) {
    const std::string value = kTrainTable.Get(options, *row);
    if (value == kTrainTable.Default(*row)) continue;
    std::string reason = kTrainTable.Idle(&options, *row, true);
    if (!from_.empty() && std::ranges::count(kOfNewModels, row->name) > 0) reason = "--from keeps the model's shape";
    if (reason.empty()) continue;
    console.Warn({"no_effect", std::string(row->long_flag()), value,
                  fmt::format("{} is {} and changes nothing, for {}", row->long_flag(), value, reason)});
  }
}

// Of a run that goes on the options that are not given are those that it has.
TrainOptions TrainCommand::Options() const {
  const auto then = plan_ || restart_ ? std::nullopt : Trainer::OptionsOfRun(Folder());
  TrainOptions options = given_.Over(then.value_or(TrainOptions()));
  Validate(options);
  return options;
}

std::filesystem::path TrainCommand::Folder() const {
  if (!folder_.empty()) return folder_;
  std::filesystem::path folder(output_);
  return folder.replace_extension("run");
}

std::vector<NamedCurve> TrainCommand::Beside() const {
  std::vector<NamedCurve> curves;
  for (const std::string& folder : beside_) {
    const auto latest = Trainer::LatestCheckpoint(folder);
    if (!latest) throw Error(ErrorCategory::kNotFound, "{} holds no checkpoint of a run", folder);
    std::filesystem::path name = std::filesystem::path(folder).lexically_normal();
    name = name.has_filename() ? name.filename() : name.parent_path().filename();
    const Checkpoint checkpoint = Checkpoint::Open(*latest);
    curves.push_back({name.stem().string(), Curve::Load(checkpoint.gguf()->metadata())});
  }
  return curves;
}

// What --config reads back: the flags as they were given, then every training option that was not, with its value, and
// what was chosen for this corpus.
void TrainCommand::WriteOptions(const TrainOptions& options, const CorpusTokens& tokens) const {
  constexpr std::string_view kOfOneSitting[] = {"restart", "config", "force", "plan", "time", "best"};
  const std::filesystem::path path = Folder() / "options.toml";
  FileWriter file(path);
  file.Write(fmt::format("# This run, in {}:\n# sheepop train --config {}\n",
                         ShellWord(std::filesystem::current_path().string()), ShellWord(path.string())));
  std::istringstream given(flags_->GivenToml());
  bool vocab_size = false;
  for (std::string line; std::getline(given, line);) {
    const std::string key = line.substr(0, line.find('='));
    vocab_size = vocab_size || key == "vocab-size";
    if (std::ranges::count(kOfOneSitting, key) == 0) file.Write(line + "\n");
  }
  if (GivesBest(TrainEnd::kDone)) file.Write("best=true\n");
  if (tokens.own && !vocab_size) file.Write(fmt::format("vocab-size={}\n", tokens.vocab_asked));
  for (const OptionRow& row : kTrainRows) {
    const std::string_view quote = row.field.type().shape() == OptionType::Shape::kText ? "\"" : "";
    if (!given_.Given(row)) {
      file.Write(fmt::format("{}={}{}{}\n", row.toml(), quote, kTrainTable.Get(options, row), quote));
    }
  }
  file.Commit();
}

void TrainCommand::WriteSplit(const std::string& split) const {
  FileWriter file(Folder() / kSplitFile);
  file.Write(split);
  file.Commit();
}

void RequireWritable(const std::filesystem::path& output) {
  std::error_code none;
  if (std::filesystem::is_directory(output, none)) {
    throw Error(ErrorCategory::kIo, "{} is a folder; name the model's file", output.string());
  }
  if (output.has_parent_path()) {
    std::filesystem::create_directories(output.parent_path(), none);
    if (none) {
      throw Error(ErrorCategory::kIo, "cannot make the folder {} of --output: {}; name another",
                  output.parent_path().string(), none.message());
    }
  }
  if (std::filesystem::exists(output, none) && !std::filesystem::is_regular_file(output, none)) return;
  const FileWriter tried(output);
}

// Files in a folder where no run began.
bool HoldsOther(const std::filesystem::path& folder) {
  std::error_code none;
  if (std::filesystem::exists(folder / "options.toml", none)) return false;
  return std::ranges::any_of(std::filesystem::directory_iterator(folder, none), [](const auto& entry) {
    return entry.path().filename().string().find(".partial-") == std::string::npos;
  });
}

// Nothing that is read is written, and what no run made stays.
void TrainCommand::CheckOutput() const {
  for (const std::filesystem::path& input : {std::filesystem::path(input_), from_.empty() ? "" : FindModel(from_)}) {
    RefuseInput(output_, input);
    RefuseInput(Folder(), input);
  }
  const bool run = Trainer::LatestCheckpoint(Folder()).has_value();
  RefuseExisting(output_, tokenizer_trainer_.force() || restart_ || run);
  if (!run && HoldsOther(Folder())) {
    throw Error(ErrorCategory::kIo, "the folder {} holds other files and no run; name another with --run",
                Folder().string());
  }
  RequireWritable(output_);
}

void WarnOfWarmup(const Console& console, const TrainOptions& options) {
  if (options.warmup < options.steps) return;
  console.Warn(
      {"warmup", "warmup", std::to_string(options.warmup),
       fmt::format("the warm-up is {} steps, the run {}: the learning rate rises to {:.0f}% of its highest and "
                   "never falls; a shorter --warmup lets it",
                   options.warmup, options.steps,
                   100 * static_cast<double>(options.steps) / static_cast<double>(options.warmup + 1))});
}

int TrainCommand::PrintPlan(const Console& console, Trainer& trainer) const {
  const TrainPlan plan = trainer.Plan();
  const uint64_t disk = DiskPlanFor(plan.parameters, trainer.options()).total();
  if (console.json) {
    console.PrintJson({{"parameters", plan.parameters},
                       {"bytes", plan.bytes},
                       {"seconds", plan.seconds},
                       {"tokens_per_s", plan.tokens_per_second},
                       {"epochs", plan.epochs},
                       {"gflops", plan.gflops},
                       {"peak_gflops", plan.peak_gflops},
                       {"steps", trainer.options().steps},
                       {"disk_bytes", disk},
                       {"sizes", chooser_.SizesJson()}});
    return 0;
  }
  console.PrintWords(fmt::format(
      "{:.2f} million parameters, {:.0f} MB of memory, {} on disk\n{:.0f} tokens a second, {:.0f} of {:.0f} GFLOP/s\n",
      static_cast<double>(plan.parameters) / 1e6, static_cast<double>(plan.bytes) / 1e6, RoughBytesText(disk),
      plan.tokens_per_second, plan.gflops, plan.peak_gflops));
  console.PrintWords(chooser_.chose()
                         ? chooser_.Text(CommandText())
                         : fmt::format("{} for the run, {:.2f} epochs\n", DurationText(plan.seconds), plan.epochs));
  return 0;
}

// Of a conversation, where nobody said how long the sequences are.
size_t TrainCommand::ContextBound(const TrainOptions& options) const {
  constexpr size_t kMost = 1024;
  if (given_.Given(kTrainTable.Named("context")) || !chooser_.Chooses()) return static_cast<size_t>(options.context);
  if (from_.empty()) return kMost;
  const Checkpoint checkpoint = Checkpoint::Open(FindModel(from_));
  return std::min(kMost, NamingFile(checkpoint.path(), [&] { return ReadConfig(checkpoint); }).context);
}

bool TrainCommand::GivesBest(TrainEnd end) const {
  return end == TrainEnd::kNoLongerBetter || best_ || chooser_.Chooses();
}

void TrainCommand::WriteResult(const Console& console, const Trainer& trainer, TrainEnd end, uint64_t left_out) const {
  const auto& measurements = trainer.curve().measurements;
  const auto best = std::ranges::min_element(measurements, {}, &Measurement::loss);
  const auto best_file = Folder() / "best.gguf";
  const bool gives_best = GivesBest(end) && best != measurements.end();
  if (gives_best) {
    const MappedFile best_model = MappedFile::Open(best_file);
    FileWriter file(output_);
    file.Expect(best_model.bytes().size());
    file.Write(best_model.bytes());
    file.Commit();
  } else {
    trainer.WriteModel(output_);
    if (best != measurements.end() && best->loss < measurements.back().loss) {
      console.Note(
          fmt::format("the best measurement was at step {}: {} holds that model", best->step, best_file.string()));
    }
  }
  if (console.json) {
    json::object out{{"model", output_}, {"run", Folder().string()}, {"steps", trainer.step()}};
    if (left_out > 0) out["left_out"] = left_out;  // conversations, too long for the context
    if (!measurements.empty()) {
      const Measurement& last = gives_best ? *best : measurements.back();
      out["held_out_loss"] = last.loss;
      out["bits_per_byte"] = last.bits_per_byte;
      if (measurements.front().step == 0) out["held_out_loss_before"] = measurements.front().loss;
    }
    console.PrintJson(out);
  } else {
    if (!measurements.empty()) {
      const Measurement& last = gives_best ? *best : measurements.back();
      console.PrintWords(
          fmt::format("{:.3f} bits a byte on what is held out, at step {}\n", last.bits_per_byte, last.step));
    }
    console.PrintText(
        fmt::format("{} is written; try: sheepop generate -m {} -p \"{}\"\n", output_, ShellWord(output_), prompt_));
  }
}

ModelConfig TrainCommand::ReadSourceModel(TrainRun& run, size_t vocab) const {
  const Checkpoint checkpoint = Checkpoint::Open(FindModel(from_));
  run.source = ReadSource(checkpoint);
  ModelConfig config = NamingFile(checkpoint.path(), [&] { return ReadConfig(checkpoint); });
  if (vocab > config.vocab) {
    throw Error(ErrorCategory::kCorrupt, "{}: the tokenizer has {} tokens, the model only {}", from_, vocab,
                config.vocab);
  }
  return config;
}

std::string TrainCommand::CommandText() const {
  const std::string from = from_.empty() ? "" : " --from " + ShellWord(from_);
  return fmt::format("sheepop train {}{}{} -o {}", ShellWord(input_), from, tokens_.Text(), ShellWord(output_));
}

// Free bytes for what is written into a folder that may not be there yet.
uint64_t FreeBytes(const std::filesystem::path& folder) {
  std::error_code none;
  std::filesystem::path there = std::filesystem::absolute(folder, none);
  while (!std::filesystem::exists(there, none) && there.has_relative_path()) there = there.parent_path();
  const std::filesystem::space_info space = std::filesystem::space(there, none);
  return none ? UINT64_MAX : space.available;
}

// What the run's folder holds makes room when it is replaced.
void TrainCommand::RequireRoom(const Trainer& trainer) const {
  const DiskPlan plan = DiskPlanFor(trainer.parameters().size(), trainer.options());
  uint64_t free = FreeBytes(Folder());
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(Folder(), none)) {
    if (entry.path().extension() == ".gguf") free += entry.file_size(none);
  }
  RequireDisk(plan, plan.total(), free, Folder().string());
}

void TrainCommand::TellNothingHeldOut(const Console& console) const {
  const std::string told = "nothing is held out, so no measurement says how good the model is";
  if (tokens_.held_out().share == 0) return console.Note(told);
  console.Warn(
      {"nothing_held_out", input_, "", fmt::format("{}: {}; more text, or --held-out NAME, would", input_, told)});
}

// The configuration, and the options that nobody gave.
void TrainCommand::Prepare(const CorpusTokens& tokens, TrainRun& run, ThreadPool& pool) {
  if (run.continued) run.config = ReadSourceModel(run, tokens.vocab);
  const bool resumes = !plan_ && !restart_ && Trainer::OptionsOfRun(Folder()).has_value();
  if (chooser_.Chooses() && !resumes) return chooser_.Choose(tokens, run, pool);
  if (!run.continued) run.config = ModelConfigFor(run.options, tokens.vocab);
}

int TrainCommand::Run(Console& console) {
  if (!config_.empty()) flags_->ReadToml(config_);
  for (const auto& [name, value] : {std::pair("INPUT", &input_), std::pair("--output", &output_)}) {
    if (value->empty()) throw Error(ErrorCategory::kInvalidArgument, "{} is required (see sheepop train --help)", name);
  }
  ThreadPool& pool = machine_.pool();
  CheckTogether();
  const OwnTokenizer own = tokenizer_trainer_.Own(*flags_, input_);
  RequireLearnable(console, input_, output_);
  if (tokenizer_trainer_.asked_for()) return tokenizer_trainer_.Run(console, input_, tokens_.held_out(), output_, pool);
  TrainRun run;
  run.options = Options();
  if (!plan_) CheckOutput();
  run.isa = machine_.isa();
  const CorpusTokens tokens = tokens_.Read(console, input_, from_, ContextBound(run.options), own, pool);
  run.name = std::filesystem::path(output_).filename().string();
  run.documents = tokens.train.get();
  run.held_out = tokens.held_out->count() > 0 ? tokens.held_out.get() : nullptr;
  run.end = tokens.end;
  run.whole_documents = tokens.whole;
  run.vocabulary = tokens.vocabulary;
  run.continued = !from_.empty();
  run.beside = Beside();
  for (const Warning& warning : tokens.warnings) console.Warn(warning);
  Prepare(tokens, run, pool);
  WarnOfIdle(console, run.options);
  run.folder = plan_ ? std::filesystem::path() : Folder();
  for (const Warning& warning : run.config.warnings) console.Warn(warning);
  if (!run.held_out) TellNothingHeldOut(console);
  TrainReport report{run.folder, run.options.steps, prompt_, sample_tokens_, run.documents, run.held_out != nullptr, 0};
  TrainReporter reporter(console, pool);
  Trainer trainer(std::move(run), pool, reporter);
  if (tokens.left_out > 0) {
    const int64_t context = trainer.options().context;
    const std::string told =
        fmt::format("{} conversations longer than {} tokens are left out", tokens.left_out, context);
    console.json ? console.Note(told) : console.PrintText(told + "\n");
  }
  if (!from_.empty())
    console.Note(fmt::format("learning rate {:.3g}, falling to {:.3g}", trainer.options().learning_rate,
                             trainer.options().min_learning_rate));
  if (!from_.empty()) trainer.LoadWeights(Checkpoint::Open(FindModel(from_)));
  if (plan_) {
    WarnOfWarmup(console, trainer.options());
    return PrintPlan(console, trainer);
  }
  return Train(console, tokens, std::move(report), trainer, reporter);
}

int TrainCommand::Train(const Console& console, const CorpusTokens& tokens, TrainReport report, Trainer& trainer,
                        TrainReporter& reporter) {
  const std::filesystem::path output(output_);
  RemoveAbandonedPartials(output.parent_path(), output.filename().string());
  if (!restart_) ResumeRun(console, Names(), tokens.split, trainer);
  const bool finished = trainer.step() > 0 && trainer.step() == trainer.options().steps;
  if (finished && !console.json) console.PrintText(FinishedText(Names(), trainer));
  if (chooser_.chose()) {
    console.json ? console.Note(chooser_.Text()) : console.PrintWords(chooser_.Text());
  }
  WarnOfWarmup(console, trainer.options());
  if (!finished) RequireRoom(trainer);
  WriteOptions(trainer.options(), tokens);
  if (!tokens.split.empty()) WriteSplit(tokens.split);
  if (console.StderrIsTerminal()) report.peak_tokens_per_second = trainer.PeakTokensPerSecond();
  reporter.Begin(std::move(report));
  const Stopwatch watch;
  const TrainEnd end = trainer.Run();
  console.Progress("");
  const std::string left = end == TrainEnd::kDone ? chooser_.TimeLeftText(watch.seconds()) : "";
  if (!left.empty()) console.Note(left);
  if (end == TrainEnd::kStopped) {
    console.Print(fmt::format("stopped after step {}; the same command{} goes on from there\n", trainer.step(),
                              restart_ ? " without --restart" : ""));
    return reporter.exit_code();
  }
  WriteResult(console, trainer, end, tokens.left_out);
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeTrain() { return std::make_unique<TrainCommand>(); }

}  // namespace sheepop::cli
