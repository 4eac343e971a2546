#include "tokenize/template_source.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/numbers.h"
#include "base/text_file.h"
#include "checkpoint/hf_folder.h"

namespace sheepop {

ChatTemplate ChooseTemplate(const std::string& file, const std::optional<std::string>& own,
                            const std::filesystem::path& model) {
  if (!file.empty()) {
    try {
      const std::string text = ReadFileOrStdin(file);
      if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
        throw Error(ErrorCategory::kCorrupt,
                    "it is empty, so that no conversation would reach the model; name another file");
      }
      return ChatTemplate::Parse(text);
    } catch (const Error& error) {
      if (std::string_view(error.what()).find(file) != std::string_view::npos) throw;
      throw Error(error.category(), "{}: {}", file, error.what());
    }
  }
  if (own) return ChatTemplate::Parse(*own);
  throw Error(
      ErrorCategory::kUnsupported,
      "{} has no chat template, so nobody can know how it wants a conversation written; give one with --template "
      "FILE (Jinja, often chat_template.jinja where the model came from), or use sheepop generate, which takes "
      "plain text",
      model.string());
}

std::optional<std::string> ToolTemplateOf(const Checkpoint& checkpoint) {
  if (const GgufFile* gguf = checkpoint.gguf()) {
    const std::string* text = gguf->metadata().String("tokenizer.chat_template.tool_use");
    return text ? std::optional(*text) : std::nullopt;
  }
  const auto& named = checkpoint.hf()->more_templates;
  const auto found = named.find("tool_use");
  return found == named.end() ? std::nullopt : std::optional(found->second);
}

std::time_t TemplateClock() {
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  if (!epoch || !*epoch) return std::time(nullptr);
  const std::string_view text = epoch;
  // The year 9999, the last that four digits can write.
  constexpr double kLast = 253402300799;
  return ReadInteger("SOURCE_DATE_EPOCH", text, {0, kLast});
}

}  // namespace sheepop
