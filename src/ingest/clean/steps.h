// The steps, each in the file of its name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingest/clean/clean_step.h"

namespace sheepop {

std::unique_ptr<CleanStep> MakeControlCharacters();
std::unique_ptr<CleanStep> MakeMojibake();
std::unique_ptr<CleanStep> MakeUnicode();
std::unique_ptr<CleanStep> MakeLigatures();
std::unique_ptr<CleanStep> MakePageFurniture();
std::unique_ptr<CleanStep> MakeHyphenation();
std::unique_ptr<CleanStep> MakeParagraphs();
std::unique_ptr<CleanStep> MakeBoilerplate();
std::unique_ptr<CleanStep> MakeReplaceEmails();
std::unique_ptr<CleanStep> MakeReplacePhones();
std::unique_ptr<CleanStep> MakeReplaceKeys();
std::unique_ptr<CleanStep> MakeLanguageFilter(std::vector<std::string> keep);
std::unique_ptr<CleanStep> MakeLicenseFilter(std::vector<std::string> keep);
std::unique_ptr<CleanStep> MakeMinCharacters(uint32_t minimum);

}  // namespace sheepop
