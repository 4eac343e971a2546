#include "tokenize/chat_prompt.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/quoted.h"
#include "base/utf8.h"

namespace sheepop {
namespace {

// Where the tokens' bytes are those of the text; a tokenizer may also change them (NFC, a space in front).
std::optional<std::vector<size_t>> CountByOffset(const Tokenizer& tokenizer, std::span<const Token> ids,
                                                 const Rendered& rendered, size_t length, size_t messages) {
  const std::span<const MessageRun> runs = rendered.message_runs;
  std::vector<size_t> counts(messages, 0);
  size_t at = 0, run = 0;
  for (Token id : ids) {
    while (run < runs.size() && runs[run].end <= at) ++run;
    if (run < runs.size() && runs[run].begin <= at) ++counts[runs[run].message];
    at += tokenizer.Piece(id).size();
  }
  if (at != length) return std::nullopt;
  return counts;
}

// By how many tokens there are up to each border of a run.
std::vector<size_t> CountByPrefix(const Tokenizer& tokenizer, const Rendered& rendered, size_t messages) {
  const auto tokens_before = [&](size_t end) {
    std::vector<TextSpan> spans;
    for (size_t i = 0, begin = 0; i < rendered.spans.size() && begin < end; ++i) {
      const RenderedSpan& span = rendered.spans[i];
      spans.push_back({std::string_view(span.text).substr(0, end - begin), !span.from_content});
      begin += span.text.size();
    }
    return tokenizer.Encode(spans).size();
  };
  std::vector<size_t> counts(messages, 0);
  for (const MessageRun& run : rendered.message_runs) {
    const size_t before = tokens_before(run.begin), after = tokens_before(run.end);
    counts[run.message] += after - std::min(before, after);
  }
  return counts;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kWhite = " \t\r\n\f\v";
  const size_t begin = std::min(text.find_first_not_of(kWhite), text.size());
  return text.substr(begin, text.find_last_not_of(kWhite) + 1 - begin);
}

void EndBehind(std::string_view open_end, Rendered& rendered) {
  // A template may have trimmed the message; where it has not, what is gone on with ends in its white space.
  const std::string_view inner = Trimmed(open_end);
  const std::string_view rest = open_end.substr(open_end.find(inner) + inner.size());
  std::vector<RenderedSpan>& spans = rendered.spans;
  for (; !spans.empty(); spans.pop_back()) {
    std::string& text = spans.back().text;
    const size_t at = spans.back().from_content ? text.rfind(inner) : std::string::npos;
    if (at == std::string::npos) continue;
    const size_t end = at + inner.size();
    text.resize(end + (std::string_view(text).substr(end).starts_with(rest) ? rest.size() : 0));
    const size_t length = rendered.Text().size();
    std::erase_if(rendered.message_runs, [&](const MessageRun& run) { return run.begin >= length; });
    for (MessageRun& run : rendered.message_runs) run.end = std::min(run.end, length);
    return;
  }
  throw Error(ErrorCategory::kInvalidArgument,
              "the chat template does not write the last message as it is, so it cannot be gone on with");
}

bool CanSpell(const Tokenizer& tokenizer, std::string_view text) {
  try {
    tokenizer.Encode(text);
    return true;
  } catch (const Error& error) {
    if (error.category() != ErrorCategory::kUnsupported) throw;
    return false;
  }
}

// What the vocabulary cannot spell (a control character, most often) becomes U+FFFD, or ? where there is no token for
// that either.
class Speller {
 public:
  explicit Speller(const Tokenizer& tokenizer)
      : tokenizer_(tokenizer), instead_(CanSpell(tokenizer, "\uFFFD") ? "\uFFFD" : "?") {}

  void Spell(boost::json::value& value) {
    if (value.is_string()) {
      value = Spelt(std::string_view(value.get_string()));
    } else if (value.is_array()) {
      for (boost::json::value& element : value.get_array()) Spell(element);
    } else if (value.is_object()) {
      for (auto& member : value.get_object()) {
        if (member.key() != "role") Spell(member.value());  // templates compare it
      }
    }
  }

  // Of what was replaced since the last call; `where`: what it stood in.
  std::vector<Warning> Take(std::string_view where) {
    std::vector<Warning> warnings;
    for (const auto& [character, times] : std::exchange(replaced_, {})) {
      const std::string name = fmt::format("U+{:04X}", static_cast<uint32_t>(DecodeUtf8(character).code_point));
      warnings.push_back(
          {"no_token", std::string(where), name,
           fmt::format("{}: the model's vocabulary has no token for {}; {} stands in its place, {} time{}", where, name,
                       instead_ == "?" ? "?" : "U+FFFD", times, times == 1 ? "" : "s")});
    }
    return warnings;
  }

 private:
  std::string Spelt(std::string_view text) {
    std::string out;
    while (!text.empty()) {
      const std::string_view character = text.substr(0, DecodeUtf8(text).length);
      auto [known, fresh] = can_spell_.try_emplace(std::string(character), true);
      if (fresh) known->second = CanSpell(tokenizer_, character);
      if (!known->second) ++replaced_[known->first];
      out += known->second ? character : instead_;
      text.remove_prefix(character.size());
    }
    return out;
  }

  const Tokenizer& tokenizer_;
  const std::string_view instead_;
  std::map<std::string, bool> can_spell_;  // by character
  std::map<std::string, size_t> replaced_;
};

std::vector<Warning> SpellVariables(const Tokenizer& tokenizer, size_t inserted, boost::json::object& variables) {
  Speller speller(tokenizer);
  std::vector<Warning> warnings;
  const auto spell = [&](boost::json::value& value, std::string_view where) {
    speller.Spell(value);
    for (Warning& warning : speller.Take(where)) warnings.push_back(std::move(warning));
  };
  for (auto& member : variables) {
    boost::json::array* const messages = member.key() == "messages" ? member.value().if_array() : nullptr;
    if (!messages) spell(member.value(), member.key());
    for (size_t i = 0; messages && i < messages->size(); ++i) {
      spell((*messages)[i], i < inserted ? "system" : fmt::format("messages[{}]", i - inserted));
    }
  }
  return warnings;
}

// Says something, so that somebody may have meant it to be read.
bool HoldsSomething(const boost::json::value& value) {
  if (value.is_string()) return !value.get_string().empty();
  if (value.is_array()) return !value.get_array().empty();
  if (value.is_object()) return !value.get_object().empty();
  return !value.is_null() && !(value.is_bool() && !value.get_bool());
}

// The variables besides the messages, and the messages' fields besides role and content; none of `obeyed`.
std::set<std::string> FieldsOf(const boost::json::object& variables, std::span<const std::string_view> obeyed) {
  std::set<std::string> fields;
  const auto is_obeyed = [&](std::string_view key) { return std::ranges::find(obeyed, key) != obeyed.end(); };
  for (const auto& [key, value] : variables) {
    if (key != "messages" && !is_obeyed(key) && HoldsSomething(value)) fields.emplace(key);
  }
  const boost::json::value* messages = variables.if_contains("messages");
  if (!messages || !messages->is_array()) return fields;
  for (const boost::json::value& message : messages->get_array()) {
    if (!message.is_object()) continue;
    for (const auto& [key, value] : message.get_object()) {
      const bool known = key == "role" || key == "content" || is_obeyed(key);
      if (!known && HoldsSomething(value)) fields.emplace(key);
    }
  }
  return fields;
}

// A variable and a field of messages that are called the same are one.
boost::json::object Without(boost::json::object variables, const std::set<std::string>& fields) {
  for (const std::string& field : fields) variables.erase(field);
  boost::json::value* messages = variables.if_contains("messages");
  if (!messages || !messages->is_array()) return variables;
  for (boost::json::value& message : messages->get_array()) {
    if (!message.is_object()) continue;
    for (const std::string& field : fields) message.get_object().erase(field);
  }
  return variables;
}

// Those of `fields` without which the same text is rendered. What the template does not name it can read only where it
// writes whole messages, and so all such fields are tried at once; the others one by one, which are few as it names them.
std::vector<std::string> Unread(const ChatTemplate& chat, const boost::json::object& variables, std::time_t now,
                                const std::set<std::string>& fields, const std::string& text) {
  const auto same_without = [&](const std::set<std::string>& some) {
    try {
      return chat.Render(Without(variables, some), now).Text() == text;
    } catch (const Error&) {
      return false;
    }
  };
  std::set<std::string> unnamed;
  std::vector<std::string> unread;
  for (const std::string& field : fields) {
    if (chat.source().find(field) == std::string::npos) {
      unnamed.insert(field);
    } else if (same_without({field})) {
      unread.push_back(field);
    }
  }
  if (!unnamed.empty() && same_without(unnamed)) unread.insert(unread.end(), unnamed.begin(), unnamed.end());
  return unread;
}

std::vector<Token> EncodeRendered(const Tokenizer& tokenizer, const Rendered& rendered) {
  std::vector<TextSpan> spans;
  spans.reserve(rendered.spans.size());
  for (const RenderedSpan& span : rendered.spans) spans.push_back({span.text, !span.from_content});
  return tokenizer.Encode(spans);
}

}  // namespace

ChatPrompt EncodeChat(const ChatTemplate& chat, const Tokenizer& tokenizer, boost::json::object variables,
                      std::time_t now, const ChatPromptOptions& options) {
  const std::set<std::string> fields =
      options.find_unread ? FieldsOf(variables, options.obeyed) : std::set<std::string>{};
  const SpecialTokenIds& special = tokenizer.special();
  auto supply = [&](std::string_view name, std::optional<Token> token) {
    if (token && !variables.contains(name)) variables[name] = tokenizer.Piece(*token);
  };
  supply("bos_token", special.bos);
  supply("eos_token", special.eos);
  supply("pad_token", special.pad);
  supply("unk_token", special.unknown);
  Rendered rendered;
  const auto encode = [&](std::string_view end) {
    rendered = chat.Render(variables, now);
    if (!end.empty()) EndBehind(end, rendered);
    return EncodeRendered(tokenizer, rendered);
  };
  ChatPrompt prompt;
  try {
    prompt.ids = encode(options.open_end);
  } catch (const Error& error) {
    if (error.category() != ErrorCategory::kUnsupported || !options.substitute) throw;
    boost::json::value end(options.open_end);
    Speller(tokenizer).Spell(end);
    prompt.warnings = SpellVariables(tokenizer, options.inserted, variables);
    if (prompt.warnings.empty()) throw;
    prompt.ids = encode(std::string_view(end.get_string()));
  }
  prompt.text = rendered.Text();
  if (!fields.empty()) {
    const bool whole = options.open_end.empty();
    prompt.unread = Unread(chat, variables, now, fields, whole ? prompt.text : chat.Render(variables, now).Text());
  }
  const boost::json::value* messages = variables.if_contains("messages");
  const size_t count = messages && messages->is_array() ? messages->get_array().size() : 0;
  prompt.message_written.assign(count, false);
  for (const MessageRun& run : rendered.message_runs) prompt.message_written[run.message] = true;
  std::optional<std::vector<size_t>> counts = CountByOffset(tokenizer, prompt.ids, rendered, prompt.text.size(), count);
  prompt.message_tokens = counts ? std::move(*counts) : CountByPrefix(tokenizer, rendered, count);
  return prompt;
}

Error RefusedByTemplate(const boost::json::array& messages, const Error& error) {
  if (error.category() == ErrorCategory::kUnsupported) {
    return Error(
        ErrorCategory::kUnsupported,
        "the chat template cannot be used here, whatever the conversation ({}); correct it, or give another one "
        "with --template",
        error.what());
  }
  std::string lists;
  for (size_t i = 0; i < messages.size(); ++i) {
    const boost::json::object* message = messages[i].if_object();
    const boost::json::value* content = message ? message->if_contains("content") : nullptr;
    if (content && content->is_array()) lists += fmt::format("{}{}", lists.empty() ? "" : ", ", i + 1);
  }
  const std::string why =
      lists.empty()
          ? ""
          : fmt::format("; the content of message {} is a list, and this template may take text alone", lists);
  return Error(ErrorCategory::kUnsupported,
               "the chat template does not take this conversation ({}){}; change the messages, or give another "
               "--template",
               error.what(), why);
}

void RequireContents(const boost::json::array& messages) {
  if (messages.empty()) {
    throw Error(ErrorCategory::kCorrupt, "the conversation is empty: `messages` needs at least one message");
  }
  for (size_t i = 0; i < messages.size(); ++i) {
    const boost::json::object* message = messages[i].if_object();
    const boost::json::value* role = message ? message->if_contains("role") : nullptr;
    if (!role || !role->is_string()) {
      throw Error(ErrorCategory::kCorrupt, "message {} is no object with `role`, a string, and `content`", i + 1);
    }
    const bool says = std::ranges::any_of(*message, [](const auto& member) {
      return member.key() != "role" && member.key() != "name" && !member.value().is_null();
    });
    const boost::json::value* content = message->if_contains("content");
    if (content && !content->is_null() && !content->is_string() && !content->is_array()) {
      throw Error(ErrorCategory::kCorrupt,
                  "message {}, of role {}, has {} as content; give it text, or a list of parts", i + 1,
                  std::string_view(role->get_string()), boost::json::serialize(*content));
    }
    if (says) continue;
    throw Error(ErrorCategory::kCorrupt, "message {}, of role {}, has {} content; give it text, \"\" for none", i + 1,
                std::string_view(role->get_string()), message->contains("content") ? "null as" : "no");
  }
}

std::vector<size_t> Dropped(const ChatPrompt& prompt, const boost::json::array& messages) {
  std::vector<size_t> dropped;
  for (size_t i = 0; i < std::min(messages.size(), prompt.message_written.size()); ++i) {
    const boost::json::object* message = messages[i].if_object();
    const boost::json::value* content = message ? message->if_contains("content") : nullptr;
    const bool words = content && content->is_string() && !Trimmed(std::string_view(content->get_string())).empty();
    if (words && !prompt.message_written[i]) dropped.push_back(i);
  }
  return dropped;
}

Warning UnreadWarning(std::string_view source, const std::string& field, size_t conversations) {
  return {"unread_field", field, std::to_string(conversations),
          fmt::format("{}: {} changes nothing: the chat template writes the same text without it{}", source,
                      Quoted(field), conversations > 1 ? fmt::format(" ({} conversations)", conversations) : "")};
}

Warning DroppedWarning(size_t message, std::string_view role) {
  return {
      "dropped_message", fmt::format("messages[{}]", message), std::string(role),
      fmt::format("message {}, of role {}, is dropped: the chat template writes nothing of it, so the model does not "
                  "see it",
                  message + 1, role)};
}

}  // namespace sheepop
