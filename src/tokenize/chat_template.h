// A model's chat template: a Jinja program that writes a conversation as the text the model was trained on. Rendered as
// transformers renders it (trim_blocks, lstrip_blocks, loop controls, {% generation %}, its tojson, raise_exception,
// strftime_now), by an interpreter that can do nothing but compute text, within bounded time and memory.
#pragma once

#include <boost/json/fwd.hpp>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

namespace jinja {
struct Limits;
}

struct RenderedSpan {
  std::string text;  // UTF-8
  // Whether these characters came from the conversation (messages, tools, documents: what users and models write),
  // and so are never to be read as control tokens. Text of the template itself is not from content.
  bool from_content;

  bool operator==(const RenderedSpan&) const = default;
};

// Bytes of the rendered text that one message gave.
struct MessageRun {
  size_t begin = 0, end = 0;
  size_t message = 0;  // its place in `messages`
};

struct Rendered {
  std::vector<RenderedSpan> spans;       // neighbours differ in from_content; none is empty
  std::vector<MessageRun> message_runs;  // in their order; JSON made of several messages is the first one's

  std::string Text() const;
};

// Immutable; shared between threads.
class ChatTemplate {
 public:
  // Throws Error that names the line: kCorrupt for a broken template, kUnsupported, kLimit.
  static ChatTemplate Parse(std::string source);

  // `variables` are messages, add_generation_prompt, tools, bos_token, eos_token and whatever else the template reads.
  // `now` is the template's clock, in seconds since 1970, written as UTC.
  // All that comes from `variables` is content, except strings whose name ends in "_token" (bos_token, ...) and the
  // roles of messages that name a known kind of turn (system, developer, user, assistant, tool, ...): these the
  // template may put into its markup. Callers who accept variables from strangers must set the *_token variables
  // themselves. Throws Error: kInvalidArgument when the template refuses the conversation (with its words) or cannot
  // handle it, kUnsupported for a filter or test it does not know, kLimit past a bound of time or memory.
  Rendered Render(const boost::json::object& variables, std::time_t now) const;
  // The same within other bounds than the usual ones.
  Rendered Render(const boost::json::object& variables, std::time_t now, const jinja::Limits& limits) const;

  const std::string& source() const;

 private:
  struct Program;
  explicit ChatTemplate(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace sheepop
