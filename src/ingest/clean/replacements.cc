// Addresses, numbers and keys that name or open something, replaced by what they are.
#include <algorithm>
#include <cctype>
#include <optional>

#include "ingest/clean/contacts.h"
#include "ingest/clean/steps.h"

namespace sheepop {
namespace {

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

using Found = TextSpan;

// Looks for the next thing at or after `from`; finders never look back more than they already have.
using Finder = std::optional<Found> (*)(std::string_view text, size_t from);

struct KeyShape {
  std::string_view prefix;
  size_t least;  // characters that must follow
};

// As their issuers publish them for scanners.
constexpr KeyShape kKeys[] = {
    {"sk-", 32},      {"ghp_", 36},     {"gho_", 36}, {"ghs_", 36}, {"github_pat_", 40}, {"glpat-", 20},
    {"xoxb-", 20},    {"xoxp-", 20},    {"AKIA", 16}, {"ASIA", 16}, {"AIza", 35},        {"ya29.", 30},
    {"sk_live_", 20}, {"rk_live_", 20}, {"hf_", 30},  {"npm_", 36}, {"pypi-", 40},       {"SG.", 40},
};

std::optional<Found> FindPrivateKey(std::string_view text, size_t from) {
  constexpr std::string_view kOpen = "-----BEGIN ", kClose = "PRIVATE KEY-----";
  constexpr size_t kLongest = 16 << 10;
  for (size_t begin = from; (begin = text.find(kOpen, begin)) != std::string_view::npos; begin += kOpen.size()) {
    const std::string_view window = text.substr(begin, kLongest);
    const size_t head = window.substr(0, 64).find(kClose);
    if (head == std::string_view::npos) continue;
    const size_t end = window.find(kClose, head + kClose.size());
    if (end != std::string_view::npos) return Found{begin, begin + end + kClose.size()};
  }
  return std::nullopt;
}

std::optional<Found> FindToken(std::string_view text, size_t from) {
  std::optional<Found> best;
  for (const KeyShape& shape : kKeys) {
    for (size_t at = from; (at = text.find(shape.prefix, at)) != std::string_view::npos && (!best || at < best->begin);
         ++at) {
      if (at > 0 && IsAlnum(text[at - 1])) continue;
      size_t end = at + shape.prefix.size();
      while (end < text.size() && (IsAlnum(text[end]) || text[end] == '_' || text[end] == '-' || text[end] == '.'))
        ++end;
      if (end - at - shape.prefix.size() < shape.least) continue;
      best = Found{at, end};
      break;
    }
  }
  return best;
}

uint64_t Replace(std::string& text, Finder find, std::string_view by) {
  std::string out;
  uint64_t count = 0;
  size_t done = 0;
  while (const auto found = find(text, done)) {
    out.append(text, done, found->begin - done);
    out += by;
    done = found->end;
    ++count;
  }
  if (count == 0) return 0;
  out.append(text, done, std::string::npos);
  text = std::move(out);
  return count;
}

class Replacement : public CleanStep {
 public:
  Replacement(std::string_view name, std::string_view by, std::vector<Finder> finders)
      : name_(name), by_(by), finders_(std::move(finders)) {}
  std::string_view name() const override { return name_; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    for (const Finder finder : finders_) result.changes += Replace(document.text, finder, by_);
    return result;
  }

 private:
  std::string_view name_, by_;
  std::vector<Finder> finders_;
};

}  // namespace

std::unique_ptr<CleanStep> MakeReplaceEmails() {
  return std::make_unique<Replacement>("replace_emails", "[email]", std::vector<Finder>{FindEmail});
}

std::unique_ptr<CleanStep> MakeReplacePhones() {
  return std::make_unique<Replacement>("replace_phones", "[phone]", std::vector<Finder>{FindPhone});
}

std::unique_ptr<CleanStep> MakeReplaceKeys() {
  return std::make_unique<Replacement>("replace_keys", "[key]", std::vector<Finder>{FindPrivateKey, FindToken});
}

}  // namespace sheepop
