#include "ingest/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/error.h"
#include "ingest/clean/clean_step.h"

namespace sheepop {
namespace {

TEST(IngestOptions, HelpListsTheCleaningStepsInTheirOrder) {
  CleanOptions all;
  all.mojibake = all.replace_emails = all.replace_phones = all.replace_keys = true;
  all.keep_languages = {"en"};
  all.keep_licenses = {"MIT"};
  std::vector<std::string_view> steps, rows;
  for (const auto& step : BuildCleanSteps(all)) steps.push_back(step->name());
  for (const OptionRow& row : kIngestRows) {
    if (std::ranges::count(steps, row.name) > 0) rows.push_back(row.name);
  }
  EXPECT_EQ(rows, steps);
}

TEST(IngestOptions, DefaultsAreWithinTheirBounds) {
  IngestOptions options;
  EXPECT_THROW(Validate(options), Error);
  options.inputs = {"a"};
  options.output = "b";
  EXPECT_NO_THROW(Validate(options));
  options.ocr_dpi = 7;
  try {
    Validate(options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "ocr_dpi is 7, must be 72 to 600");
  }
}

// Whatever decides what is read from one input makes another fingerprint, so that no stale part is served.
TEST(IngestOptions, FingerprintHoldsAllThatReadingDependsOn) {
  const std::set<std::string_view> free = {"workers", "exact_duplicates", "near_duplicates", "duplicate_paragraphs"};
  const std::string before = kIngestTable.Fingerprint(IngestOptions{});
  for (const OptionRow& row : kIngestRows) {
    IngestOptions options;
    if (bool* flag = kIngestTable.As<bool>(options, row)) {
      *flag = !*flag;
    } else if (auto* count = kIngestTable.As<uint32_t>(options, row)) {
      *count += 1;
    } else if (auto* bytes = kIngestTable.As<uint64_t>(options, row)) {
      *bytes += 1;
    } else {
      const std::string_view choices = row.allowed.choices;  // the first is the default
      kIngestTable.Set(options, row, choices.empty() ? "xx" : choices.substr(choices.rfind('|') + 1));
    }
    EXPECT_EQ(kIngestTable.Fingerprint(options) == before, free.contains(row.name)) << row.name;
  }
}

TEST(IngestOptions, FingerprintKeepsListsApart) {
  IngestOptions one, two;
  one.clean.keep_languages = {"en 2:de"};
  two.clean.keep_languages = {"en", "de"};
  EXPECT_NE(kIngestTable.Fingerprint(one), kIngestTable.Fingerprint(two));
}

}  // namespace
}  // namespace sheepop
