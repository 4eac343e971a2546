#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "ingest/clean/steps.h"

namespace sheepop {
namespace {

// utf8proc's map works on 32-bit code points, four bytes and more for each byte here, so it is given lines.
std::string Normalised(std::string_view text) {
  utf8proc_uint8_t* out = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &out, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (size < 0) {
    if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
    return std::string(text);
  }
  std::string result(reinterpret_cast<const char*>(out), static_cast<size_t>(size));
  std::free(out);
  return result;
}

class Unicode : public CleanStep {
 public:
  std::string_view name() const override { return "unicode"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    if (IsCode(document)) return result;
    std::string out;
    std::string_view rest = document.text;
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end == std::string_view::npos ? rest.size() : end + 1);
      rest.remove_prefix(line.size());
      // ASCII is normal already, and most lines are.
      const bool ascii =
          std::all_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
      if (ascii) {
        out.append(line);
        continue;
      }
      const std::string normalised = Normalised(line);
      result.changes += normalised != line;
      out += normalised;
    }
    document.text = std::move(out);
    return result;
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakeUnicode() { return std::make_unique<Unicode>(); }

}  // namespace sheepop
