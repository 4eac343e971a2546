// What goes along with the weights when a checkpoint takes its other form: the tokenizer, the chat template, the ids
// that begin and end texts, and the sampling that the model's makers propose.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/hf_folder.h"
#include "checkpoint/metadata.h"

namespace sheepop {

// `tokenizer.*` and `general.sampling.*` of a GGUF file from a folder. `vocab`: rows of the embedding; tokens are added
// up to there, and special ones beyond left out. Appends to `notes` what cannot be said. Throws like
// TokenizerJsonMetadata; kCorrupt when other tokens have no row, or an id names none.
Metadata GgufSettings(const HfFolder& folder, size_t vocab, std::vector<std::string>& notes);

struct FolderSettings {
  std::vector<std::pair<std::string, std::string>> files;  // name and content, generation_config.json among them
  boost::json::object ids;                                 // bos_token_id and eos_token_id of config.json
};

// From a GGUF file's metadata; throws like TokenizerJson.
FolderSettings HfSettings(const Metadata& metadata);
// The files of another folder as they are.
FolderSettings HfSettings(const HfFolder& folder);

}  // namespace sheepop
