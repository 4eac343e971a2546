// The record of explain for people: one table a drawn token, probabilities by step, bars.
#pragma once

#include <string>

#include "explain/json.h"

namespace sheepop::cli {

// `color`: ANSI colours. Tokens are quoted, so that no control character of theirs reaches a terminal.
std::string ReportTable(const ExplainReport& report, const SamplingVocabulary& vocabulary, bool color);

}  // namespace sheepop::cli
