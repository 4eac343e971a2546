// What train is given in place of a corpus, and the command that fits it.
#pragma once

#include <string>

#include "cli/console.h"

namespace sheepop::cli {

// Throws kUnsupported, naming the next command, for what nothing is learned from as it stands: a document that is no plain
// text, a folder of documents, a model, the folder of a run. Warns of text that is marked up. `output`, the
// model that is to be written, stands in the commands.
void RequireLearnable(const Console& console, const std::string& input, const std::string& output);

}  // namespace sheepop::cli
