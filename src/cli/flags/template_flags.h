// The chat template of a command: the model's own, or --template FILE; and the clock that templates see.
#pragma once

#include <CLI/CLI.hpp>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>

#include "tokenize/chat_template.h"

namespace sheepop::cli {

class TemplateFlags {
 public:
  void Register(CLI::App& app);

  bool given() const { return !file_.empty(); }

  // --template, else `own`, the model's. Throws kUnsupported, saying what to do, when there is neither; and what
  // ChatTemplate::Parse throws.
  ChatTemplate Load(const std::optional<std::string>& own, const std::filesystem::path& model) const;

 private:
  std::string file_;
};

// SOURCE_DATE_EPOCH (seconds since 1970) when it is set, else the present time. Throws kInvalidArgument for a value
// that is no such number.
std::time_t TemplateClock();

}  // namespace sheepop::cli
