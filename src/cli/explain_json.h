// The record of explain as JSON, for --json and for the page.
#pragma once

#include <boost/json.hpp>
#include <optional>

#include "cli/explain_compare.h"
#include "cli/explain_run.h"

namespace sheepop::cli {

struct ExplainReport {
  std::string model;  // empty: logits were given
  std::string prompt_text;
  std::vector<Token> prompt_ids;
  uint64_t seed = 0;
  Explanation first;
  std::optional<Explanation> second;  // with --against
  std::optional<Divergence> divergence;
};

// An object with "steps" and "text" as docs/commands say, and what identifies the run. With a second run: "against".
boost::json::object ReportJson(const ExplainReport& report, const SamplingVocabulary& vocabulary);

}  // namespace sheepop::cli
