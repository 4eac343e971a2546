#include <algorithm>

#include "ingest/clean/steps.h"
#include "ingest/language.h"
#include "ingest/license.h"

namespace sheepop {
namespace {

std::string Joined(const std::vector<std::string>& names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined;
}

bool Holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class LanguageFilter : public CleanStep {
 public:
  explicit LanguageFilter(std::vector<std::string> keep) : keep_(std::move(keep)) {}
  std::string_view name() const override { return "keep_languages"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    if (IsCode(document)) return result;
    const LanguageGuess guess = GuessLanguage(document.text);
    if (!guess.language.empty() && !Holds(keep_, guess.language)) {
      result.drop_reason = "its language is " + guess.language + ", kept are " + Joined(keep_);
      result.changes = 1;
    }
    return result;
  }

 private:
  std::vector<std::string> keep_;
};

class LicenseFilter : public CleanStep {
 public:
  explicit LicenseFilter(std::vector<std::string> keep) : keep_(std::move(keep)) {}
  std::string_view name() const override { return "keep_licenses"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    const std::string license = FindLicense(document.text);
    if (!license.empty() && !Holds(keep_, license)) {
      result.drop_reason = "its licence is " + license + ", kept are " + Joined(keep_);
      result.changes = 1;
    }
    return result;
  }

 private:
  std::vector<std::string> keep_;
};

class MinCharacters : public CleanStep {
 public:
  explicit MinCharacters(uint32_t minimum) : minimum_(minimum) {}
  std::string_view name() const override { return "min_characters"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    const auto shown = std::count_if(document.text.begin(), document.text.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte > 0x20 && (byte & 0xC0) != 0x80;
    });
    if (static_cast<uint64_t>(shown) < minimum_) {
      result.drop_reason = shown == 0 ? "no text is left"
                                      : std::to_string(shown) + " characters, wanted are " + std::to_string(minimum_);
      result.changes = 1;
    }
    return result;
  }

 private:
  uint32_t minimum_;
};

}  // namespace

std::unique_ptr<CleanStep> MakeLanguageFilter(std::vector<std::string> keep) {
  return std::make_unique<LanguageFilter>(std::move(keep));
}

std::unique_ptr<CleanStep> MakeLicenseFilter(std::vector<std::string> keep) {
  return std::make_unique<LicenseFilter>(std::move(keep));
}

std::unique_ptr<CleanStep> MakeMinCharacters(uint32_t minimum) { return std::make_unique<MinCharacters>(minimum); }

}  // namespace sheepop
