// sheepop tokenize: text to ids and pieces, and back.
#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/quoted.h"
#include "base/text_file.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/flags/model_flags.h"
#include "cli/flags/prompt_flags.h"
#include "cli/flags/template_flags.h"
#include "generate/loaded_model.h"
#include "tokenize/chat_prompt.h"
#include "tokenize/template_source.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

class Tokenize final : public Command {
 public:
  void Register(FlagSet flags) override {
    model_.Register(flags, true);
    prompt_.Register(flags);
    flags.Switch("--decode", decode_, "the other way: the text of --ids");
    flags
        .Value("--messages", messages_,
               "render a conversation with the chat template: a file (- is standard input) with a JSON object of "
               "messages, add_generation_prompt, tools and what else the template reads; SOURCE_DATE_EPOCH sets its "
               "clock")
        .As("FILE");
    template_.Register(flags);
  }

  int Run(Console& console) override;

 private:
  void CheckFlags() const;
  void Decode(const Console& console, const Tokenizer& tokenizer) const;
  void Render(const Console& console, const Checkpoint& checkpoint, const Tokenizer& tokenizer) const;
  void Encode(const Console& console, const Tokenizer& tokenizer) const;

  ModelFlags model_;
  PromptFlags prompt_;
  TemplateFlags template_;
  std::string messages_;
  bool decode_ = false;
};

void Tokenize::CheckFlags() const {
  if (decode_ && !prompt_.has_ids()) {
    throw Error(ErrorCategory::kInvalidArgument, "--decode needs the tokens: --ids N,N,..");
  }
  if (!messages_.empty() && (decode_ || prompt_.given())) {
    throw Error(ErrorCategory::kInvalidArgument,
                "--messages is a prompt of its own; leave out -p, -f, --ids and --decode");
  }
  if (!messages_.empty()) prompt_.CheckNoText("the chat template says which control tokens there are");
  if (template_.given() && messages_.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "--template is for --messages FILE, which was not given");
  }
}

void Tokenize::Decode(const Console& console, const Tokenizer& tokenizer) const {
  const std::string bytes = tokenizer.Decode(prompt_.Tokens(tokenizer));
  if (console.json) return console.PrintJson({{"text", ToValidUtf8(bytes)}});
  // A pipe or a file gets the bytes as they are.
  if (!console.StdoutIsTerminal()) return console.Print(bytes + "\n");
  console.PrintText(ToValidUtf8(bytes) + "\n");
}

void Tokenize::Render(const Console& console, const Checkpoint& checkpoint, const Tokenizer& tokenizer) const {
  const json::object variables = ParseJsonObject(ReadFileOrStdin(messages_), messages_);
  if (!variables.contains("messages")) {
    throw Error(
        ErrorCategory::kCorrupt,
        "{} has no \"messages\"; it should hold {{\"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]}}",
        messages_);
  }
  const json::value& messages = variables.at("messages");
  if (!messages.is_array()) throw Error(ErrorCategory::kCorrupt, "{}: `messages` is no array", messages_);
  try {
    RequireContents(messages.get_array());
  } catch (const Error& error) {
    throw Error(error.category(), "{}: {}", messages_, error.what());
  }
  const json::value* tools = variables.if_contains("tools");
  std::optional<std::string> own = tools && !tools->is_null() ? ToolTemplateOf(checkpoint) : std::nullopt;
  constexpr std::string_view kChoosing[] = {"tools"};
  const std::span<const std::string_view> obeyed = own ? std::span(kChoosing) : std::span<const std::string_view>();
  if (!own) own = ChatTemplateOf(checkpoint);
  const ChatTemplate chat = template_.Load(own, checkpoint.path());
  const std::time_t now = TemplateClock();
  const ChatPrompt prompt = RenderedOrRefused(messages.get_array(), [&] {
    return EncodeChat(chat, tokenizer, variables, now, {.find_unread = true, .obeyed = obeyed});
  });
  for (const Warning& warning : prompt.warnings) console.Warn(warning);
  for (const std::string& field : prompt.unread) console.Warn(UnreadWarning(messages_, field, 1));
  for (const size_t i : Dropped(prompt, messages.get_array())) {
    console.Warn(DroppedWarning(i, std::string_view(messages.get_array()[i].at("role").get_string())));
  }
  if (!console.json) return console.PrintText(prompt.text + "\n");
  console.PrintJson({{"prompt", ToValidUtf8(prompt.text)}, {"ids", json::array(prompt.ids.begin(), prompt.ids.end())}});
}

void Tokenize::Encode(const Console& console, const Tokenizer& tokenizer) const {
  const std::vector<Token> ids = prompt_.Tokens(tokenizer);
  if (console.json) {
    json::array pieces;
    for (const Token id : ids) pieces.emplace_back(ToValidUtf8(tokenizer.Piece(id)));
    return console.PrintJson(
        {{"ids", json::array(ids.begin(), ids.end())}, {"pieces", std::move(pieces)}, {"count", ids.size()}});
  }
  std::string lines;
  for (const Token id : ids) lines += fmt::format("{:>8}  {}\n", id, Quoted(tokenizer.Piece(id)));
  console.Print(lines + fmt::format("{} tokens\n", ids.size()));
}

int Tokenize::Run(Console& console) {
  CheckFlags();
  const Checkpoint checkpoint = Checkpoint::Open(model_.Path(console));
  const auto tokenizer = TokenizerOf(checkpoint);
  for (const Warning& warning : tokenizer->Warnings(checkpoint.path().string())) console.Warn(warning);
  if (decode_) {
    Decode(console, *tokenizer);
  } else if (!messages_.empty()) {
    Render(console, checkpoint, *tokenizer);
  } else {
    Encode(console, *tokenizer);
  }
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeTokenize() { return std::make_unique<Tokenize>(); }

}  // namespace sheepop::cli
