#include "cli/flags/template_flags.h"

#include "tokenize/template_source.h"

namespace sheepop::cli {

void TemplateFlags::Register(FlagSet flags) {
  flags.Value("--template", file_, "a file with the chat template, in Jinja (default: the one in the model)")
      .As("FILE");
}

ChatTemplate TemplateFlags::Load(const std::optional<std::string>& own, const std::filesystem::path& model) const {
  return ChooseTemplate(file_, own, model);
}

}  // namespace sheepop::cli
