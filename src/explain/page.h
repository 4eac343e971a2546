// The record of explain as one HTML page that needs no network: tokens to click, their steps, the draw.
#pragma once

#include <string>
#include <string_view>

#include "explain/json.h"

namespace sheepop {

std::string Page(const ExplainReport& report, const SamplingVocabulary& vocabulary);

// Throws kIo; a file that was there is then untouched.
void WritePage(const std::string& path, const ExplainReport& report, const SamplingVocabulary& vocabulary);

// The page without its data, from page.html; the data replaces kPageDataMark.
extern const std::string_view kPageTemplate;
inline constexpr std::string_view kPageDataMark = "SHEEPOP_EXPLAIN_DATA";

}  // namespace sheepop
