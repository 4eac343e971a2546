// The chat template of a command: the model's own, or --template FILE.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/flags/flag_set.h"
#include "tokenize/chat_template.h"

namespace sheepop::cli {

class TemplateFlags {
 public:
  void Register(FlagSet flags);

  bool given() const { return !file_.empty(); }
  const std::string& file() const { return file_; }

  // --template, else `own`, as ChooseTemplate does.
  ChatTemplate Load(const std::optional<std::string>& own, const std::filesystem::path& model) const;

 private:
  std::string file_;
};

}  // namespace sheepop::cli
