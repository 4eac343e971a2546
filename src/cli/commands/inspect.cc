// sheepop inspect: what a model file holds.
#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/gguf_writer.h"
#include "cli/command.h"
#include "cli/commands/model_summary_text.h"
#include "cli/flags/model_flags.h"
#include "cli/interrupt.h"
#include "hub/checksums.h"

namespace sheepop::cli {
namespace {

class Inspect final : public Command {
 public:
  void Register(FlagSet flags) override {
    model_.Register(flags, true);
    flags.Switch(
        "--verify", verify_,
        "read every byte and compare its checksum with that of the pull, or with that which a training checkpoint "
        "holds");
  }

  int Run(Console& console) override {
    const Checkpoint checkpoint = Checkpoint::Open(model_.Path(console));
    const ModelSummary summary = Summarise(checkpoint);
    std::vector<CheckedFile> checked;
    if (verify_) checked = Verify(console, checkpoint);
    if (console.json) {
      boost::json::object out = SummaryJson(summary, checkpoint);
      if (verify_) out["verify"] = ChecksJson(checked, checkpoint);
      console.PrintJson(out);
    } else {
      console.PrintText(cli::ToText(summary, checkpoint) + ChecksText(checked, checkpoint));
    }
    return 0;
  }

 private:
  static bool HasDigest(const Checkpoint& checkpoint) {
    return checkpoint.tensors().Find(GgufWriter::kDigestTensor) != nullptr;
  }

  static std::vector<CheckedFile> Verify(const Console& console, const Checkpoint& checkpoint) {
    const InterruptGuard interrupt;
    std::vector<CheckedFile> checked = VerifyFiles(checkpoint.path(), [&] { return interrupt.interrupted(); });
    RequireDigest(checkpoint);
    for (const CheckedFile& file : checked) {
      if (!file.expected.empty() || HasDigest(checkpoint)) continue;
      console.Warn(
          {"not_verified", file.path.string(), file.sha256,
           fmt::format("{} has sha256 {}, and nothing is known to compare it with", file.path.string(), file.sha256)});
    }
    return checked;
  }

  static boost::json::array ChecksJson(const std::vector<CheckedFile>& checked, const Checkpoint& checkpoint) {
    boost::json::array out;
    for (const CheckedFile& file : checked) {
      out.push_back({{"file", file.path.string()},
                     {"sha256", file.sha256},
                     {"verified", !file.expected.empty() || HasDigest(checkpoint)}});
    }
    return out;
  }

  static std::string ChecksText(const std::vector<CheckedFile>& checked, const Checkpoint& checkpoint) {
    std::string out;
    for (const CheckedFile& file : checked) {
      const bool verified = !file.expected.empty() || HasDigest(checkpoint);
      out += fmt::format("\nsha256 {}  {}{}", file.sha256, file.path.filename().string(), verified ? "  verified" : "");
    }
    return out.empty() ? out : out + "\n";
  }

  bool verify_ = false;
  ModelFlags model_;
};

}  // namespace

std::unique_ptr<Command> MakeInspect() { return std::make_unique<Inspect>(); }

}  // namespace sheepop::cli
