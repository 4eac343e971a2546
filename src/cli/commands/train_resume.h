// A run that is there already: how it goes on, that it is finished, that its corpus is another now.
#pragma once

#include <filesystem>
#include <string>

#include "cli/console.h"
#include "train/trainer.h"

namespace sheepop::cli {

// What the messages name.
struct RunNames {
  std::string input, output;
  std::filesystem::path folder;
  std::string command;  // that began it, without what chooses sizes and steps
};

// Resumes from the newest checkpoint of the folder, if there is one, and says so. `split`: which texts this run learns
// from, as kSplitFile has it; "" where nobody says. Throws kUnsupported, saying what changed and both ways on, where the
// run learned from another corpus; and what ResumeLatest throws.
void ResumeRun(const Console& console, const RunNames& names, const std::string& split, Trainer& trainer);

// The way on from a run that is finished.
std::string FinishedText(const RunNames& names, const Trainer& trainer);

}  // namespace sheepop::cli
