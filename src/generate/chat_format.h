// How a model's chat template writes what is more than text: tool calls, thinking, tool results. One row a family; which
// row a template has, and its marks, are found by rendering probes with known names and values and looking where they land
// (RenderedSpan::from_content), so that most templates need no row of their own.
//
// The same row writes the grammar of calls and reads them back.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/warning.h"
#include "tokenize/chat_template.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

struct ToolCall {
  std::string id;  // as the text has it; empty where the family writes none
  std::string name;
  std::string arguments;  // a JSON object as text, as the model wrote it, or as its typed values make it
  std::string text;       // of the answer, that it was read from: marks and white space around it with it
};

// What of an answer has become certain. Pieces of text are valid UTF-8.
struct AnswerDelta {
  enum Kind { kText, kThinking, kCallBegin, kCallArguments, kCallEnd };
  Kind kind = kText;
  std::string text;  // kText, kThinking, kCallArguments: the next piece; kCallBegin: the name
  size_t call = 0;   // which call, from 0
  std::string id;    // kCallBegin
};

// Where the model's thoughts stand in its text.
struct ThinkingMarks {
  std::string open, close;      // "<think>", "</think>"
  bool open_in_prompt = false;  // the prompt ends behind the opening mark
};

class ChatFormat {
 public:
  // The row that fits, found by probes. Never throws for a template that renders at all: one that shows no tool call has the
  // generic form (JSON in the text, asked for in a system line). `tokenizer` tells which marks are tokens of their own.
  static ChatFormat Of(const ChatTemplate& chat, const Tokenizer& tokenizer);

  std::string_view family() const;  // "hermes", "mistral", "llama3", ...: the name of the row
  const std::optional<ThinkingMarks>& thinking() const;
  bool InThoughts(std::string_view prompt) const;  // whether this prompt, as it was rendered, ends within thoughts
  bool writes_tools() const;                       // the template itself shows the tools to the model
  bool parallel() const;                           // several calls in one answer can be written
  bool wants_object_arguments() const;             // in messages of the history; else a string of JSON
  std::string_view thought_field() const;  // of such a message, for its thoughts; empty: the template reads none

  enum class Use { kNone, kAuto, kRequired, kNamed };
  struct Choice {
    Use use = Use::kAuto;
    std::string name;  // with kNamed
    bool parallel = true;
  };

  // The grammar of a whole answer in the notation of sample/notation (AddLark): thoughts where the model has them, free
  // text as far as `choice` allows it, and calls whose arguments fit the tools' schemas. `tools`: OpenAI's form, {"type":
  // "function", "function": {"name", "description", "parameters"}}. A schema or pattern that cannot be kept costs a warning and leaves
  // that part free, never the request. `thinks`: the answer may begin with thoughts (or go on with those that the prompt has opened).
  std::string CallGrammar(const boost::json::array& tools, const Choice& choice, bool thinks,
                          std::vector<Warning>& warnings) const;

  // The grammar of an answer that is JSON by `schema`, between the marks that part answers of this family; empty where none
  // do, and the JSON is the whole text.
  std::string JsonGrammar(std::string_view schema) const;

  // A system line for models whose template does not show tools.
  std::string ToolsText(const boost::json::array& tools) const;

  // Reads an answer as it is written. Nothing that was written is lost: what turns out to be no call is text. A call that
  // breaks off behind its kCallBegin has no kCallEnd, is none of calls(), and all that was written of it comes as text.
  // White space around the marks of thoughts belongs to them. Never throws for what a model writes. One thread at a time.
  class Reader {
   public:
    // `tools` type the values of families that write them without quotes. `in_thoughts`: the prompt ended within thoughts.
    Reader(const ChatFormat& format, boost::json::array tools, bool reads_tools, bool in_thoughts);
    Reader(Reader&&) noexcept;
    ~Reader();
    // The text of the next tokens. Control tokens that are marks of the format stand in it by their names, others do not.
    // May end within a character.
    std::vector<AnswerDelta> Add(std::string_view text);
    std::vector<AnswerDelta> End();
    // Bytes of the text so far that no delta has told of, and that are not certain to be a mark either.
    size_t held() const;
    const std::vector<ToolCall>& calls() const;  // the whole ones

   private:
    struct Body;
    std::unique_ptr<Body> body_;
  };
  bool IsMark(Token token) const;  // a control token that Reader must be shown

 private:
  struct Row;
  std::shared_ptr<const Row> row_;
};

}  // namespace sheepop
