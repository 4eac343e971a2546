// sheepop inspect: what a model file holds.
#include <memory>

#include "cli/command.h"
#include "cli/commands/model_summary_text.h"
#include "cli/flags/model_flags.h"

namespace sheepop::cli {
namespace {

class Inspect final : public Command {
 public:
  void Register(FlagSet flags) override { model_.Register(flags, true); }

  int Run(Console& console) override {
    const Checkpoint checkpoint = Checkpoint::Open(model_.Path(console));
    const ModelSummary summary = Summarise(checkpoint);
    if (console.json) {
      console.PrintJson(SummaryJson(summary, checkpoint));
    } else {
      console.PrintText(ToText(summary, checkpoint));
    }
    return 0;
  }

 private:
  ModelFlags model_;
};

}  // namespace

std::unique_ptr<Command> MakeInspect() { return std::make_unique<Inspect>(); }

}  // namespace sheepop::cli
