// sheepop replay: repeat a recorded generation and compare it bit for bit.
#include "explain/replay.h"

#include <fmt/core.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "base/quoted.h"
#include "base/text_file.h"
#include "cli/command.h"
#include "cli/flags/model_flags.h"
#include "cli/interrupt.h"
#include "hub/models.h"

namespace sheepop::cli {
namespace {

class Replay final : public Command {
 public:
  void Register(FlagSet flags) override {
    flags_ = flags;
    flags.Positional("capsule", file_, "what `generate --record` wrote").As("FILE").Required();
    model_.Register(flags);
  }

  int Run(Console& console) override;

 private:
  Capsule Read() const;
  LoadedModel Open(const Capsule& capsule, const Console& console);
  void Print(const Console& console, const Capsule& capsule, const ReplayVerdict& verdict,
             const Tokenizer& tokenizer) const;

  std::string file_;
  ModelFlags model_;
  std::optional<FlagSet> flags_;
};

// With the recorded model and instruction set, unless told otherwise.
LoadedModel Replay::Open(const Capsule& capsule, const Console& console) {
  Isa isa = model_.isa();
  if (!flags_->Given("--isa")) {
    for (Isa available : AvailableIsas()) {
      if (Name(available) == capsule.isa) isa = available;
    }
  }
  const std::filesystem::path path = flags_->Given("--model") ? model_.Path(console) : FindModel(capsule.model);
  LoadOptions options{.context = capsule.engine.context, .sequences = capsule.sequences.size()};
  options.kv_type = capsule.engine.kv_type;
  options.isa = isa;
  return LoadedModel::Open(path, options, model_.pool());
}

void Replay::Print(const Console& console, const Capsule& capsule, const ReplayVerdict& verdict,
                   const Tokenizer& tokenizer) const {
  if (verdict.same()) {
    console.Print(fmt::format("the same: {} tokens, each from the same logits, bit for bit\n", verdict.steps));
  }
  if (!verdict.same_model) console.Print("the model is another one: its sha256 is not the recorded one\n");
  if (!verdict.same_tokenizer) console.Print("the tokenizer is another one: its sha256 is not the recorded one\n");
  if (verdict.difference) {
    const ReplayDifference& found = *verdict.difference;
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

Capsule Replay::Read() const {
  const std::string text = ReadFileOrStdin(file_);
  try {
    return ParseCapsule(text);
  } catch (const Error& error) {
    throw Error(error.category(), "{}: {}", file_, error.what());
  }
}

int Replay::Run(Console& console) {
  const Capsule capsule = Read();
  const LoadedModel loaded = Open(capsule, console);
  const InterruptGuard interrupt;
  const ReplayVerdict verdict = ReplayCapsule(capsule, loaded, model_.pool(), [&] { return interrupt.interrupted(); });
  if (console.json) {
    console.PrintJson(ReplayJson(capsule, verdict));
  } else {
    Print(console, capsule, verdict, *loaded.tokenizer);
  }
  return verdict.same() ? 0 : 1;
}

}  // namespace

std::unique_ptr<Command> MakeReplay() { return std::make_unique<Replay>(); }

}  // namespace sheepop::cli
