// sheepop replay: repeat a recorded generation and compare it bit for bit.
#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/quoted.h"
#include "base/text_file.h"
#include "cli/command.h"
#include "cli/flags/model_flags.h"
#include "cli/interrupt.h"
#include "explain/capsule.h"
#include "hub/models.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

struct Difference {
  size_t sequence = 0, step = 0;
  Token recorded = 0, found = 0;
  std::string recorded_logits, found_logits;
};

// Compares one sequence as it is written, up to its first difference.
class Verifier final : public Listener {
 public:
  Verifier(size_t index, const CapsuleSequence& recorded) : index_(index), recorded_(recorded) {}

  Next OnToken(const Choice& choice, std::span<const float> logits) override {
    if (step_ == recorded_.ids.size()) return Next::kStop;
    std::string digest = LogitsDigest(logits);
    if (choice.token != recorded_.ids[step_] || digest != recorded_.digests[step_]) {
      difference_ = {index_, step_, recorded_.ids[step_], choice.token, recorded_.digests[step_], std::move(digest)};
      return Next::kStop;
    }
    ++step_;
    return step_ == recorded_.ids.size() ? Next::kStop : Next::kContinue;
  }
  void OnFinish(FinishReason) override {}

  size_t steps() const { return step_; }
  bool complete() const { return step_ == recorded_.ids.size(); }
  const std::optional<Difference>& difference() const { return difference_; }

 private:
  size_t index_;
  const CapsuleSequence& recorded_;
  size_t step_ = 0;
  std::optional<Difference> difference_;
};

struct Verdict {
  bool same_model = true, same_tokenizer = true;
  std::string isa;
  size_t steps = 0;  // compared and equal
  std::optional<Difference> difference;

  bool same() const { return same_model && same_tokenizer && !difference; }
};

class Replay final : public Command {
 public:
  void Register(CLI::App& app) override {
    app.add_option("capsule", file_, "what `generate --record` wrote")->required()->type_name("FILE");
    model_.Register(app);
    app_ = &app;
  }

  int Run(Console& console) override;

 private:
  LoadedModel Open(const Capsule& capsule, const Console& console);
  void Compare(const Capsule& capsule, const LoadedModel& loaded, Verdict& verdict);
  void Print(const Console& console, const Capsule& capsule, const Verdict& verdict, const Tokenizer& tokenizer) const;
  void PrintJson(const Console& console, const Capsule& capsule, const Verdict& verdict) const;

  std::string file_;
  ModelFlags model_;
  CLI::App* app_ = nullptr;
};

// With the recorded model and instruction set, unless told otherwise.
LoadedModel Replay::Open(const Capsule& capsule, const Console& console) {
  Isa isa = model_.isa();
  if (app_->count("--isa") == 0) {
    for (Isa available : AvailableIsas()) {
      if (Name(available) == capsule.isa) isa = available;
    }
  }
  const std::filesystem::path path = app_->count("--model") ? model_.Path(console) : FindModel(capsule.model);
  return LoadedModel::Open(path, {.context = capsule.context, .isa = isa}, model_.pool());
}

void Replay::Compare(const Capsule& capsule, const LoadedModel& loaded, Verdict& verdict) {
  Request request;
  request.prompt = capsule.prompt;
  request.seed = capsule.seed;
  request.chain =
      std::make_shared<const Chain>(Chain::Build(capsule.sampling, *loaded.vocabulary, loaded.model->isa()));
  request.max_tokens = 0;
  std::vector<Verifier> verifiers;
  std::vector<Listener*> listeners;
  verifiers.reserve(capsule.sequences.size());
  for (const CapsuleSequence& sequence : capsule.sequences) {
    listeners.push_back(&verifiers.emplace_back(verifiers.size(), sequence));
    request.max_tokens = std::max(request.max_tokens, sequence.ids.size());
  }
  EngineOptions options;
  options.context = capsule.context;
  options.kv_type = capsule.kv_type;
  options.sequences = listeners.size();
  Engine engine(loaded.model, options, model_.pool());
  const InterruptGuard interrupt;
  engine.Submit(std::move(request), listeners);
  while (engine.Step()) {
    if (interrupt.interrupted()) throw Error(ErrorCategory::kInterrupted, "stopped before the end of the comparison");
  }
  for (const Verifier& verifier : verifiers) {
    verdict.steps += verifier.steps();
    if (verifier.difference() && (!verdict.difference || verifier.difference()->step < verdict.difference->step)) {
      verdict.difference = verifier.difference();
    }
    if (verifier.complete() || verifier.difference()) continue;
    throw Error(ErrorCategory::kLimit, "the context ended after {} tokens; the capsule has more", verifier.steps());
  }
}

void Replay::Print(const Console& console, const Capsule& capsule, const Verdict& verdict,
                   const Tokenizer& tokenizer) const {
  if (verdict.same()) {
    console.Print(fmt::format("the same: {} tokens, each from the same logits, bit for bit\n", verdict.steps));
  }
  if (!verdict.same_model) console.Print("the model is another one: its sha256 is not the recorded one\n");
  if (!verdict.same_tokenizer) console.Print("the tokenizer is another one: its sha256 is not the recorded one\n");
  if (verdict.difference) {
    const Difference& found = *verdict.difference;
    const auto piece = [&](Token token) {
      const bool known = static_cast<size_t>(token) < tokenizer.vocab_size();
      return fmt::format("{} {}", token, known ? Quoted(tokenizer.Piece(token)) : "outside this vocabulary");
    };
    const bool same_logits = found.recorded_logits == found.found_logits;
    console.Print(fmt::format("different at step {} of sequence {}, position {}\n", found.step + 1, found.sequence + 1,
                              capsule.prompt.size() + found.step));
    console.Print(same_logits
                      ? "  the logits are the same\n"
                      : fmt::format("  logits  recorded {}, here {}\n", found.recorded_logits, found.found_logits));
    console.Print(fmt::format("  token   recorded {}, here {}\n", piece(found.recorded), piece(found.found)));
  }
  if (verdict.isa != capsule.isa || ThisBuild() != capsule.build) {
    console.Print(fmt::format("recorded by {} with {}; this is {} with {}\n", capsule.build, capsule.isa, ThisBuild(),
                              verdict.isa));
  }
}

void Replay::PrintJson(const Console& console, const Capsule& capsule, const Verdict& verdict) const {
  json::object out{{"same", verdict.same()},
                   {"steps", verdict.steps},
                   {"same_model", verdict.same_model},
                   {"same_tokenizer", verdict.same_tokenizer},
                   {"build", {{"recorded", capsule.build}, {"here", ThisBuild()}}},
                   {"isa", {{"recorded", capsule.isa}, {"here", verdict.isa}}},
                   {"difference", nullptr}};
  if (verdict.difference) {
    const Difference& found = *verdict.difference;
    out["difference"] = {{"sequence", found.sequence},
                         {"step", found.step},
                         {"position", capsule.prompt.size() + found.step},
                         {"id", {{"recorded", found.recorded}, {"here", found.found}}},
                         {"logits", {{"recorded", found.recorded_logits}, {"here", found.found_logits}}}};
  }
  console.PrintJson(out);
}

int Replay::Run(Console& console) {
  const Capsule capsule = ParseCapsule(ReadFileOrStdin(file_));
  const LoadedModel loaded = Open(capsule, console);
  Verdict verdict;
  verdict.isa = Name(loaded.model->isa());
  verdict.same_model = ModelSha256(loaded.path) == capsule.model_sha256;
  verdict.same_tokenizer = TokenizerSha256(*loaded.tokenizer) == capsule.tokenizer_sha256;
  Compare(capsule, loaded, verdict);
  if (console.json) {
    PrintJson(console, capsule, verdict);
  } else {
    Print(console, capsule, verdict, *loaded.tokenizer);
  }
  return verdict.same() ? 0 : 1;
}

}  // namespace

std::unique_ptr<Command> MakeReplay() { return std::make_unique<Replay>(); }

}  // namespace sheepop::cli
