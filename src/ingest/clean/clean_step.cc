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

std::vector<CleanStepHelp> CleanStepsHelp() {
  return {{"mojibake", "reads UTF-8 that was once taken for Windows-1252 back"},
          {"control_characters", "removes control characters and escape sequences; line ends become \\n"},
          {"unicode", "normalises to NFC; code is left alone"},
          {"ligatures", "spells out the ligatures of fonts; code is left alone"},
          {"page_furniture", "removes headers, footers and page numbers that repeat from page to page"},
          {"hyphenation", "joins words cut at the end of a line of a page"},
          {"paragraphs", "joins the lines of a page into paragraphs"},
          {"boilerplate", "removes licence texts and producer's notes of e-book collections"},
          {"replace_emails", "replaces e-mail addresses by [email]"},
          {"replace_phones", "replaces telephone numbers by [phone]"},
          {"replace_keys", "replaces API keys, tokens and private keys by [key]"},
          {"keep_languages", "drops prose in other languages"},
          {"keep_licenses", "drops documents that name another licence"},
          {"min_characters", "drops documents that are empty or shorter"}};
}

}  // namespace sheepop
