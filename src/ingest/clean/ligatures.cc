#include <array>

#include "ingest/clean/steps.h"

namespace sheepop {
namespace {

// U+FB00 to U+FB06 in UTF-8 are EF AC 80 to EF AC 86.
constexpr std::array<std::string_view, 7> kLigatures = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};

class Ligatures : public CleanStep {
 public:
  std::string_view name() const override { return "ligatures"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    if (IsCode(document)) return result;
    std::string& text = document.text;
    for (size_t at = 0; (at = text.find("\xEF\xAC", at)) != std::string::npos;) {
      const auto last = static_cast<unsigned char>(at + 2 < text.size() ? text[at + 2] : 0);
      if (last < 0x80 || last > 0x86) {
        at += 2;
        continue;
      }
      text.replace(at, 3, kLigatures[last - 0x80]);
      ++result.changes;
    }
    return result;
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakeLigatures() { return std::make_unique<Ligatures>(); }

}  // namespace sheepop
