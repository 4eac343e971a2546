// sheepop train: a corpus to a model.
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/model_flags.h"
#include "cli/train_input.h"
#include "cli/train_tokenizer.h"
#include "generate/text_listener.h"
#include "train/byte_vocabulary.h"
#include "train/documents.h"
#include "train/trainer.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

struct Tokens {
  std::unique_ptr<MemoryDocuments> train, held_out;
  Metadata vocabulary;
  size_t vocab = 0;
  std::optional<Token> end;
};

std::string Duration(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

class TrainCommand final : public Command {
 public:
  void Register(CLI::App& app) override;
  int Run(Console& console) override;

 private:
  class Reporter;

  TrainOptions Options() const;
  Tokens Encode(const Console& console, std::vector<Text> texts) const;
  int PrintPlan(const Console& console, Trainer& trainer) const;
  std::filesystem::path Folder() const;

  std::string input_, output_, folder_, tokenizer_, from_, prompt_ = "Once upon a time";
  HeldOut held_out_;
  TokenizerTrainer tokenizer_trainer_;
  bool plan_ = false, restart_ = false;
  size_t threads_ = 0, sample_tokens_ = 60;
  std::vector<std::pair<const TrainField*, std::string>> given_;
};

// Prints what happens, and stops the run at Ctrl-C.
class TrainCommand::Reporter final : public TrainListener {
 public:
  Reporter(const Console& console, const TrainCommand& command, int64_t steps, ThreadPool& pool)
      : console_(console), command_(command), steps_(steps), pool_(pool) {}

  void OnStep(const StepRecord& record) override {
    if (first_tokens_ == 0 && first_seconds_ == 0) {
      first_tokens_ = record.tokens;
      first_seconds_ = record.seconds;
    }
    last_ = record;
    const double seconds = record.seconds - first_seconds_;
    if (seconds <= 0) return;
    const double rate = static_cast<double>(record.tokens - first_tokens_) / seconds;
    const double left = static_cast<double>(steps_ - record.step) * static_cast<double>(record.tokens) /
                        static_cast<double>(record.step) / rate;
    console_.Progress(fmt::format("step {} of {}, loss {:.3f}{}, {:.0f} tokens/s, {} left", record.step, steps_, record.loss,
                                  held_out_, rate, Duration(left)));
  }

  void OnMeasurement(const Measurement& m) override {
    held_out_ = fmt::format(", held out {:.3f} ({:.3f} bits a byte)", m.loss, m.bits_per_byte);
    console_.Progress("");
    console_.Note(fmt::format("step {}: loss {:.4f}, held out {:.4f}, {:.4f} bits a byte", m.step, last_.loss, m.loss,
                              m.bits_per_byte));
    Sample();
  }

  void OnNotice(const std::string& notice) override {
    console_.Progress("");
    console_.Note(notice);
  }

  bool StopRequested() override { return interrupt_.interrupted(); }

 private:
  // What the best model so far writes from a fixed prompt and seed.
  void Sample() {
    const auto best = command_.Folder() / "best.gguf";
    std::error_code ignored;
    if (command_.sample_tokens_ == 0 || !std::filesystem::exists(best, ignored)) return;
    const LoadedModel loaded = LoadedModel::Open(best, {}, pool_);
    const std::vector<Token> prompt = loaded.tokenizer->EncodePrompt(command_.prompt_);
    Engine engine(loaded.model, {}, pool_);
    if (prompt.empty() || prompt.size() >= engine.context()) return;
    TextListener text(*loaded.model, *loaded.tokenizer, {});
    Listener* listener = &text;
    Request request;
    request.prompt = prompt;
    request.chain = std::make_shared<const Chain>(Chain::Build(SamplingOptions{}, *loaded.vocabulary, loaded.model->isa()));
    request.seed = 1;
    request.end_tokens = loaded.tokenizer->special().end;
    request.max_tokens = command_.sample_tokens_;
    engine.Submit(std::move(request), {&listener, 1});
    while (engine.Step()) {
    }
    console_.Note(fmt::format("  | {}{}", command_.prompt_, text.text()));
  }

  const Console& console_;
  const TrainCommand& command_;
  int64_t steps_;
  ThreadPool& pool_;
  InterruptGuard interrupt_;
  StepRecord last_;
  uint64_t first_tokens_ = 0;
  double first_seconds_ = 0;
  std::string held_out_;
};

void TrainCommand::Register(CLI::App& app) {
  app.add_option("input", input_, "a corpus folder (from sheepop ingest), or a text file")->required()->type_name("INPUT");
  app.add_option("-o,--output", output_, "the model to write")->required()->type_name("MODEL.gguf");
  app.add_option("--run", folder_, "folder of checkpoints, curve and metrics (default MODEL.run)")->type_name("FOLDER");
  app.add_option("--tokenizer", tokenizer_,
                 "take the tokenizer of this GGUF model; without it a token is a byte that occurs in the text")
      ->type_name("MODEL");
  app.add_option("--from", from_, "go on training this model, with its tokenizer and shape")->type_name("MODEL");
  held_out_.Register(app);
  app.add_flag("--plan", plan_, "only say what the run will take: memory, hours, epochs, from a few real steps");
  app.add_flag("--restart", restart_, "begin anew although the run's folder holds a checkpoint");
  app.add_option("--sample-prompt", prompt_, "continued at each measurement (default \"Once upon a time\")")->type_name("TEXT");
  app.add_option("--sample-tokens", sample_tokens_, "of that continuation; 0: none (default 60)")->type_name("N");
  app.add_option("--threads", threads_, fmt::format("default: the {} physical cores", PhysicalCores()))->type_name("N");
  tokenizer_trainer_.Register(app);
  app.set_config("--config", "", "a TOML file with the same options; the command line wins over it");
  given_.reserve(TrainFields().size());
  for (const TrainField& field : TrainFields()) {
    std::string& value = given_.emplace_back(&field, std::string()).second;
    std::string help(field.help);
    if (!field.unit.empty()) help += fmt::format(" [{}]", field.unit);
    if (!field.Bounds().empty()) help += fmt::format("; {}", field.Bounds());
    app.add_option(std::string(field.flag), value, fmt::format("{} (default {})", help, field.Default()))
        ->group("Training")
        ->type_name("VALUE");
  }
}

TrainOptions TrainCommand::Options() const {
  TrainOptions options;
  for (const auto& [field, value] : given_) {
    if (!value.empty()) field->Set(options, value);
  }
  Validate(options);
  return options;
}

std::filesystem::path TrainCommand::Folder() const {
  if (!folder_.empty()) return folder_;
  std::filesystem::path folder(output_);
  return folder.replace_extension("run");
}

Tokens TrainCommand::Encode(const Console& console, std::vector<Text> texts) const {
  Tokens out;
  std::unique_ptr<ByteVocabulary> bytes;
  std::shared_ptr<const Tokenizer> tokenizer;
  const std::string& source = from_.empty() ? tokenizer_ : from_;
  if (source.empty()) {
    std::string all;
    for (const Text& text : texts) all += text.text;
    bytes = std::make_unique<ByteVocabulary>(all);
    out.vocabulary = bytes->ToMetadata();
    out.vocab = bytes->size();
    out.end = bytes->end();
  } else {
    const Checkpoint checkpoint = Checkpoint::Open(FindModel(source));
    if (!checkpoint.gguf()) {
      throw Error(ErrorCategory::kUnsupported, "{}: the tokenizer of a model to train comes from a GGUF file", source);
    }
    tokenizer = TokenizerOf(checkpoint);
    for (const Metadata::Entry& entry : checkpoint.gguf()->metadata().entries()) {
      if (entry.key.starts_with("tokenizer.")) out.vocabulary.Set(entry.key, entry.type, entry.value);
    }
    out.vocab = tokenizer->vocab_size();
    out.end = tokenizer->special().eos;
  }
  auto [train, held_out] = SplitTexts(std::move(texts), held_out_);
  const auto encode = [&](std::vector<Text>& part) {
    std::vector<MemoryDocuments::Document> documents;
    uint64_t text_bytes = 0;
    for (Text& text : part) {
      text_bytes += text.text.size();
      documents.push_back({bytes ? bytes->Encode(text.text) : tokenizer->Encode(text.text), {}});
      text.text = {};
    }
    return std::make_unique<MemoryDocuments>(std::move(documents), text_bytes);
  };
  out.train = encode(train);
  out.held_out = encode(held_out);
  console.Note(fmt::format("{} documents to learn from, {} held out, vocabulary of {}", train.size(), held_out.size(), out.vocab));
  return out;
}

int TrainCommand::PrintPlan(const Console& console, Trainer& trainer) const {
  const TrainPlan plan = trainer.Plan();
  if (console.json) {
    console.PrintJson({{"parameters", plan.parameters}, {"bytes", plan.bytes}, {"seconds", plan.seconds},
                       {"tokens_per_s", plan.tokens_per_second}, {"epochs", plan.epochs}, {"gflops", plan.gflops},
                       {"peak_gflops", plan.peak_gflops}});
    return 0;
  }
  console.Print(fmt::format("{:.2f} million parameters, {:.0f} MB of memory\n{:.0f} tokens a second, {:.0f} of {:.0f} GFLOP/s\n"
                            "{} for the run, {:.2f} epochs\n",
                            static_cast<double>(plan.parameters) / 1e6, static_cast<double>(plan.bytes) / 1e6,
                            plan.tokens_per_second, plan.gflops, plan.peak_gflops, Duration(plan.seconds), plan.epochs));
  return 0;
}

int TrainCommand::Run(Console& console) {
  ThreadPool pool(threads_ ? threads_ : PhysicalCores());
  if (tokenizer_trainer_.asked_for()) return tokenizer_trainer_.Run(console, input_, held_out_, output_, pool);
  TrainRun run;
  run.options = Options();
  const Tokens tokens = Encode(console, ReadTexts(input_));
  run.documents = tokens.train.get();
  run.held_out = tokens.held_out->count() > 0 ? tokens.held_out.get() : nullptr;
  run.end = tokens.end;
  run.vocabulary = tokens.vocabulary;
  run.folder = plan_ ? std::filesystem::path() : Folder();
  if (from_.empty()) {
    run.config = ModelConfigFor(run.options, tokens.vocab);
  } else {
    run.config = ConfigOf(Checkpoint::Open(FindModel(from_)));
    run.config.context = static_cast<size_t>(run.options.context);
  }
  const int64_t steps = run.options.steps;
  Reporter reporter(console, *this, steps, pool);
  Trainer trainer(std::move(run), pool, reporter);
  if (!from_.empty()) trainer.LoadWeights(Checkpoint::Open(FindModel(from_)));
  if (plan_) return PrintPlan(console, trainer);
  if (const auto latest = Trainer::LatestCheckpoint(Folder()); latest && !restart_) {
    trainer.Resume(Checkpoint::Open(*latest));
    console.Note(fmt::format("goes on from {}; --restart begins anew", latest->string()));
  }
  const TrainEnd end = trainer.Run();
  console.Progress("");
  if (end == TrainEnd::kStopped) {
    console.Print(fmt::format("stopped after step {}; the same command goes on from there\n", trainer.step()));
    return 0;
  }
  trainer.WriteModel(output_);
  if (console.json) {
    json::object out{{"model", output_}, {"run", Folder().string()}, {"steps", trainer.step()}};
    if (!trainer.curve().measurements.empty()) {
      const Measurement& last = trainer.curve().measurements.back();
      out["held_out_loss"] = last.loss;
      out["bits_per_byte"] = last.bits_per_byte;
    }
    console.PrintJson(out);
  } else {
    console.Print(fmt::format("{} is written; try: sheepop generate -m {} -p \"{}\"\n", output_, output_, prompt_));
  }
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeTrain() { return std::make_unique<TrainCommand>(); }

}  // namespace sheepop::cli
