// The record of explain as JSON, for --json and for the page.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>

#include "explain/compare.h"
#include "explain/run.h"

namespace sheepop {

struct ExplainReport {
  std::string model;  // empty: logits were given
  std::string prompt_text;
  std::vector<Token> prompt_ids;
  uint64_t seed = 0;
  Explanation first;
  std::optional<Explanation> second;  // with --against
  std::optional<Divergence> divergence;
};

// An object with "steps", "text", "ids" and "finish_reason", and what identifies the run: "model", "prompt", "seed",
// "settings". With a second run: "against".
boost::json::object ReportJson(const ExplainReport& report, const SamplingVocabulary& vocabulary);

// One of those steps: what was drawn, from what, and what every stage did.
boost::json::object TraceJson(const Trace& trace, const SamplingVocabulary& vocabulary);

}  // namespace sheepop
