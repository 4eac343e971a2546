// sheepop chat: talk with a model in the terminal.
#include <fmt/core.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/quoted.h"
#include "cli/command.h"
#include "cli/commands/chat_history.h"
#include "cli/commands/line_editor.h"
#include "cli/commands/line_reader.h"
#include "cli/flags/model_flags.h"
#include "cli/flags/sampling_flags.h"
#include "cli/flags/template_flags.h"
#include "cli/interrupt.h"
#include "generate/conversation.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kHelp =
    "/help          this list\n"
    "/reset         forget the conversation\n"
    "/system        show the system prompt\n"
    "/system TEXT   set it, and forget the conversation\n"
    "/exit          end; so do Ctrl-D, and Ctrl-C twice\n"
    "A paste is one message, however many lines it has; Enter sends it.\n"
    "A line that ends in \\ goes on in the next one.\n"
    "A space in front makes a line that begins with / a message.\n"
    "Ctrl-C stops an answer; what was written of it stays.\n";

constexpr std::string_view kEndOfThoughts = "\n\n";

// The template's variables that --chat-template-kwargs gives.
json::object VariablesOf(const std::string& text) {
  if (text.empty()) return {};
  constexpr std::string_view kFlag = "--chat-template-kwargs";
  json::object variables;
  try {
    variables = ParseJsonObject(text, kFlag);
  } catch (const Error& error) {
    throw Error(ErrorCategory::kInvalidArgument, "{}", error.what());
  }
  for (const auto& [key, value] : variables) {
    const std::string_view name = key;
    if (name != "messages" && name != "add_generation_prompt" && name != "tools" && !name.ends_with("_token")) continue;
    throw Error(ErrorCategory::kInvalidArgument,
                "{}: {} is not yours to set: chat gives it to the template; leave it out", kFlag, Quoted(name));
  }
  return variables;
}

class Chat final : public Command {
 public:
  void Register(FlagSet flags) override {
    model_.Register(flags, true);
    flags
        .Value("-p,--prompt", question_,
               "ask this one question and end (default: read messages, a line each, from standard input)")
        .As("TEXT");
    flags.Value("--system", conversation_.system, "system prompt (default: none, or what the template has)").As("TEXT");
    flags
        .Value("-n,--max-tokens", conversation_.answer.max_tokens, AtLeast(1),
               "most tokens of an answer, at least 1 (default: as many as the context holds)")
        .As("N");
    flags.Switch("--history,!--no-history", keep_history_,
                 "on a terminal, keep what is typed for the arrow keys of later chats (default on)");
    flags.Value("--stop", conversation_.answer.stops, "end an answer before this string; may be given several times")
        .As("TEXT");
    template_.Register(flags);
    flags
        .Value("--chat-template-kwargs", variables_,
               "variables of the chat template, an object in JSON: {\"reasoning_effort\": \"high\"} (default: none)")
        .As("JSON");
    engine_.Register(flags);
    sampling_.Register(flags);
  }

  int Run(Console& console) override;

 private:
  enum class Then { kGoOn, kEnd };

  void AnswerLines(const Console& console, Conversation& conversation);
  void Converse(const Console& console, Conversation& conversation);
  void OpenHistory(const Console& console, LineEditor& lines);
  void Keep(const Console& console, LineEditor& lines, const std::string& message);
  std::string HelpText() const;
  Then Turn(const Console& console, Conversation& conversation, const std::string& line);
  Then Obey(const Console& console, Conversation& conversation, std::string_view line) const;
  bool Say(const Console& console, Conversation& conversation, std::string_view message);
  void Report(const Console& console, const Answer& answer, const Conversation& conversation) const;

  ModelFlags model_{kChatModel};
  EngineFlags engine_;
  SamplingFlags sampling_;
  TemplateFlags template_;
  ConversationOptions conversation_;
  std::string variables_;
  std::optional<std::string> question_;
  bool keep_history_ = true;
  std::optional<ChatHistory> history_;
  bool interactive_ = false;  // somebody sits at a terminal
  bool interrupted_ = false;  // by Ctrl-C, since the last line
};

bool IsCommand(std::string_view line, std::string_view name) {
  return line.starts_with(name) && (line.size() == name.size() || line[name.size()] == ' ');
}

Chat::Then Chat::Obey(const Console& console, Conversation& conversation, std::string_view line) const {
  const auto tell = [&](std::string_view text) {
    if (interactive_) {
      console.PrintWords(text);
    } else {
      fmt::print(stderr, "{}", text);
    }
  };
  if (IsCommand(line, "/exit") || IsCommand(line, "/quit")) return Then::kEnd;
  if (IsCommand(line, "/help")) {
    tell(HelpText());
  } else if (IsCommand(line, "/reset")) {
    conversation.Reset();
    if (interactive_) tell("(forgotten)\n");
  } else if (line == "/system") {
    tell(conversation.system() ? *conversation.system() + "\n" : "(no system prompt)\n");
  } else if (IsCommand(line, "/system")) {
    conversation.Reset(std::string(line.substr(line.find(' ') + 1)));
    if (interactive_) tell("(set, and the conversation forgotten)\n");
  } else {
    throw Error(ErrorCategory::kInvalidArgument,
                "there is no command {}; /help lists them; a space in front sends the line",
                line.substr(0, line.find(' ')));
  }
  return Then::kGoOn;
}

void Chat::Report(const Console& console, const Answer& answer, const Conversation& conversation) const {
  const size_t context = conversation.context();
  for (const Warning& warning : answer.warnings) console.Warn(warning);
  if (console.json) {
    json::object document = {{"prompt_ids", json::array(answer.prompt.begin(), answer.prompt.end())},
                             {"ids", json::array(answer.ids.begin(), answer.ids.end())},
                             {"text", answer.text},
                             {"finish_reason", Name(answer.finish_reason)},
                             {"seed", conversation.seed()},
                             {"timing",
                              {{"prefill_tokens", answer.prompt.size() - answer.reused},
                               {"reused_tokens", answer.reused},
                               {"prefill_s", answer.prefill_s},
                               {"decode_tokens", answer.ids.size()},
                               {"decode_s", answer.decode_s}}}};
    if (!answer.thoughts.empty()) document["thoughts"] = answer.thoughts;
    return console.PrintJson(document);
  }
  console.Print(interactive_ ? "\n\n" : "\n");
  if (answer.finish_reason == FinishReason::kContext) {
    console.Note(fmt::format("(the context of {} positions is full; /reset starts over, a larger --context holds more)",
                             context));
  }
  if (console.verbose) {
    console.Note(
        fmt::format("({} tokens read, {} found in the cache; {} written at {:.0f} a second; {} of {} positions used)",
                    answer.prompt.size() - answer.reused, answer.reused, answer.ids.size(),
                    answer.decode_s > 0 ? static_cast<double>(answer.ids.size() - 1) / answer.decode_s : 0,
                    answer.prompt.size() + answer.ids.size(), context));
  }
}

// False when the program was told to end.
bool Chat::Say(const Console& console, Conversation& conversation, std::string_view message) {
  InterruptGuard interrupt;
  bool thinks = false;
  const Answer answer = conversation.Ask(
      message, [&] { return interrupt.interrupted(); },
      [&](std::string_view text) {
        if (console.json) return;
        if (std::exchange(thinks, false)) console.PrintThoughts(kEndOfThoughts);
        console.PrintText(text);
      },
      [&](std::string_view text) {
        if (console.json) return;
        thinks = true;
        console.PrintThoughts(text);
      });
  if (thinks) console.PrintThoughts(kEndOfThoughts);
  interrupted_ = interrupt.interrupted();
  Report(console, answer, conversation);
  return !interrupt.terminated() && (interactive_ || !interrupt.interrupted());
}

Chat::Then Chat::Turn(const Console& console, Conversation& conversation, const std::string& line) {
  if (line.find_first_not_of(" \t") == std::string::npos) return Then::kGoOn;
  try {
    if (line.starts_with('/')) return Obey(console, conversation, line);
    const bool escaped = line.starts_with(" /");
    return Say(console, conversation, std::string_view(line).substr(escaped)) ? Then::kGoOn : Then::kEnd;
  } catch (const Error& error) {
    // Somebody at a terminal can go on from here: the message was not added. A broken terminal ends it.
    if (!interactive_ || error.category() == ErrorCategory::kIo) throw;
    // A conversation that has filled the context cannot be shortened by its next message.
    const bool full = error.category() == ErrorCategory::kLimit;
    console.PrintError(full ? Error(error.category(), "{}; /reset forgets what was said before", error.what()) : error);
    return Then::kGoOn;
  }
}

// Lines that a program sends. A signal ends it with an error, as what is left of them was not answered.
void Chat::AnswerLines(const Console& console, Conversation& conversation) {
  InterruptGuard interrupt;
  LineReader lines(interrupt);
  for (std::string line;;) {
    const LineReader::Result result = lines.Read(line);
    if (result == LineReader::Result::kEnd || interrupt.terminated()) break;
    interrupted_ = result == LineReader::Result::kInterrupted;
    if (interrupted_ || Turn(console, conversation, line) == Then::kEnd) break;
  }
  if (interrupted_) {
    throw Error(ErrorCategory::kInterrupted, "stopped by a signal; the rest of standard input was not read");
  }
}

// A history that cannot be kept is no reason to end a chat.
void Chat::OpenHistory(const Console& console, LineEditor& lines) {
  const auto path = keep_history_ ? ChatHistoryPath() : std::nullopt;
  if (!path) return;
  try {
    history_.emplace(*path);
    for (const std::string& message : history_->messages()) lines.Remember(message);
  } catch (const Error& error) {
    console.Warn({"no_history", path->string(), "", fmt::format("what is typed is not kept: {}", error.what())});
  }
}

void Chat::Keep(const Console& console, LineEditor& lines, const std::string& message) {
  lines.Remember(message);
  if (!history_) return;
  try {
    history_->Add(message);
  } catch (const Error& error) {
    console.Warn(
        {"no_history", history_->path().string(), "", fmt::format("what is typed is not kept: {}", error.what())});
    history_.reset();
  }
}

std::string Chat::HelpText() const {
  std::string text(kHelp);
  if (!interactive_) return text;
  text += "The arrow keys edit the line and bring back what was typed before; Ctrl-R searches it.\n";
  return text + (history_ ? fmt::format("It is kept in {} (--no-history: not).\n", history_->path().string())
                          : "It is not kept when the chat ends.\n");
}

void Chat::Converse(const Console& console, Conversation& conversation) {
  const bool color = console.UsesColor();
  InterruptGuard interrupt;
  LineEditor lines(interrupt);
  OpenHistory(console, lines);
  std::string message;
  for (;;) {
    interrupt.Rearm();
    std::string line;
    const LineEditor::Result result = lines.Read(message.empty() ? "> " : ". ", color, line);
    if (result == LineEditor::Result::kEnd || interrupt.terminated()) break;
    if (result == LineEditor::Result::kInterrupted) {
      if (std::exchange(interrupted_, true)) break;
      message.clear();
      console.Print("\n(Ctrl-C again ends)\n");
      continue;
    }
    interrupted_ = false;
    if (line.ends_with('\\')) {
      line.back() = '\n';
      message += line;
      continue;
    }
    message += line;
    if (message.find_first_not_of(" \t\n") != std::string::npos) Keep(console, lines, message);
    if (Turn(console, conversation, message) == Then::kEnd) return;
    message.clear();
  }
  console.Print("\n");
}

int Chat::Run(Console& console) {
  sampling_.Options();  // refused before a model is read
  conversation_.variables = VariablesOf(variables_);
  interactive_ = !question_ && !console.json && ::isatty(STDIN_FILENO) == 1 && console.StdoutIsTerminal();
  std::optional<RawTerminal> terminal;
  if (interactive_) terminal.emplace();
  const LoadedModel loaded = model_.Open(console, engine_.OfOneSequence());
  sampling_.Suggest(console, loaded.suggested);
  sampling_.WarnOfIdle(console);
  sampling_.WarnOfConstraint(console, *loaded.vocabulary);
  conversation_.engine = engine_.options;
  conversation_.answer.sampling = sampling_.Options();
  ChatTemplate chat = template_.Load(loaded.chat_template, loaded.path);
  for (const auto& [name, value] : conversation_.variables) {
    if (chat.source().find(name) != std::string::npos) continue;
    console.Warn({"unused_variable", std::string(name), json::serialize(value),
                  fmt::format("--chat-template-kwargs gives {}, which the chat template does not read",
                              Quoted(std::string(name)))});
  }
  Conversation conversation(loaded, std::move(chat), conversation_, model_.pool());
  if (question_) {
    Say(console, conversation, *question_);
    return 0;
  }
  if (interactive_) {
    console.Note(fmt::format("{}, context of {} positions, seed {}. /help lists the commands.", loaded.path.string(),
                             conversation.context(), conversation.seed()));
    Converse(console, conversation);
  } else {
    AnswerLines(console, conversation);
  }
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakeChat() { return std::make_unique<Chat>(); }

}  // namespace sheepop::cli
