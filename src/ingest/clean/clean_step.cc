#include "ingest/clean/clean_step.h"

#include "ingest/clean/steps.h"

namespace sheepop {

std::vector<std::unique_ptr<CleanStep>> BuildCleanSteps(const CleanOptions& options) {
  std::vector<std::unique_ptr<CleanStep>> steps;
  const auto add = [&](bool wanted, std::unique_ptr<CleanStep> step) {
    if (wanted) steps.push_back(std::move(step));
  };
  add(options.mojibake, MakeMojibake());  // first: control characters may be halves of what it repairs
  add(options.control_characters, MakeControlCharacters());
  add(options.unicode, MakeUnicode());
  add(options.ligatures, MakeLigatures());
  add(options.page_furniture, MakePageFurniture());
  add(options.hyphenation, MakeHyphenation());
  add(options.paragraphs, MakeParagraphs());
  add(options.boilerplate, MakeBoilerplate());
  add(options.replace_emails, MakeReplaceEmails());
  add(options.replace_phones, MakeReplacePhones());
  add(options.replace_keys, MakeReplaceKeys());
  add(!options.keep_languages.empty(), MakeLanguageFilter(options.keep_languages));
  add(!options.keep_licenses.empty(), MakeLicenseFilter(options.keep_licenses));
  add(true, MakeMinCharacters(options.min_characters));
  return steps;
}

}  // namespace sheepop
