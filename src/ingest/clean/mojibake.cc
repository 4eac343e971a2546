#include "ingest/clean/steps.h"
#include "ingest/suspicion.h"

namespace sheepop {
namespace {

class Mojibake : public CleanStep {
 public:
  std::string_view name() const override { return "mojibake"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    if (IsCode(document)) return result;
    result.changes = RepairMojibake(document.text);
    return result;
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakeMojibake() { return std::make_unique<Mojibake>(); }

}  // namespace sheepop
