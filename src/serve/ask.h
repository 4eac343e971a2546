// What a client asks of a model, whatever API it used: prompts, and how each is to be continued.
#pragma once

#include <boost/json/array.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token.h"
#include "base/warning.h"
#include "generate/request.h"
#include "sample/options.h"
#include "sample/schema/json_schema.h"
#include "serve/served_model.h"

namespace sheepop {

// Whose tokens a prompt's are. template_tokens and all of message_tokens together are the prompt's.
struct PromptParts {
  size_t template_tokens = 0;
  std::vector<size_t> message_tokens;  // of each message; of a plain text: one entry
};

struct AskedPrompt {
  std::vector<Token> ids;
  std::string text;  // as rendered; of ids, their text
  PromptParts parts;
  std::vector<Warning> warnings = {};  // what became of the messages
};

// What shape the text must have, besides RequestOptions::sampling: what answers say of it.
struct AskedShape {
  std::string kind;   // "json_schema", "json_object", "regex", "grammar", "choice", "tools", "tools or json_schema"
  std::string field;  // that asks for it
  std::vector<std::string> warnings;
  std::vector<schema::SchemaFault> not_enforced;
  bool schema_shown = false;  // to the model, in a line of the system
};

// How an answer of a conversation is taken apart: thoughts, text, calls.
struct AskedReading {
  boost::json::array tools = {};  // OpenAI's form
  bool reads_tools = false;
  bool in_thoughts = false;  // the prompt ends within thoughts
};

struct Ask {
  std::shared_ptr<const ServedModel> model;
  std::vector<AskedPrompt> prompts;            // choice = index of the prompt * n + i
  std::string_view prompt_field = "messages";  // what the request calls them
  RequestOptions options;
  size_t n = 1;                    // sequences of each prompt
  std::optional<size_t> logprobs;  // record each token's log-probability and this many of the best
  bool score_prompt = false;       // those of the prompt's tokens as well
  bool stream = false;
  bool show_stop = false;                 // a stop string that ends the text is part of it
  bool explain = false;                   // trace each token
  size_t explain_top = 5;                 // how many of the best each stage of a trace names
  bool record = false;                    // hand back a capsule; one prompt only
  bool progress = false;                  // a stream's Beat comes each second that a prompt is computed, not after ten
  std::vector<const OptionRow*> given;    // of kSamplingTable, by fields of the request
  std::vector<const OptionRow*> advised;  // those that are as the model's makers advise, as no field says otherwise
  std::optional<AskedShape> shape;
  bool show_schema = true;              // to the model
  std::optional<AskedReading> reading;  // none: the text is all there is
  std::vector<std::string> unused;      // fields that were accepted and cannot change the text
};

}  // namespace sheepop
