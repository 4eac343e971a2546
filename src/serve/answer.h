// What comes back from a generation, before any API gives it a shape.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/token.h"
#include "generate/chat_format.h"
#include "generate/engine.h"
#include "sample/trace.h"
#include "serve/ask.h"

namespace sheepop {

// A token of the text. The bytes of all tokens, in order, are the bytes of the text: a token that a stop string cut
// has what stands before it, one that shows nothing (a control token) has none.
struct TokenRecord {
  Token id = 0;
  std::string bytes;                          // shown; may be part of a UTF-8 character
  size_t text_offset = 0;                     // bytes of the text before it
  std::optional<double> logprob;              // natural logarithm, under the model's own logits; none where not asked
                                              // for, and of a prompt's first token
  std::vector<std::pair<Token, double>> top;  // the best, in order; of equal ones the lower id first
  std::optional<Trace> trace = {};            // where asked for
};

// Text of one choice that became certain, and the tokens that came with it. Any of them may be empty, not all. Tokens
// come only when their bytes are in the text so far (with Ask::reading: in the deltas or in a mark), so that a token that a
// stop string takes back was never shown.
struct Piece {
  size_t choice = 0;
  std::string text;  // valid UTF-8
  std::vector<TokenRecord> tokens;
  std::vector<AnswerDelta> deltas = {};  // with Ask::reading: what of the answer has become certain
};

// One part of an answer that was taken apart, in the order of the text.
struct AnswerPart {
  AnswerDelta::Kind kind = AnswerDelta::kText;  // kText, kThinking, or kCallBegin for a call
  std::string text;                             // of a call its arguments, as JSON text
  std::string name = {}, id = {};               // of a call; the id as the model wrote it, or empty
  bool whole = false;                           // of a call: it is one, and did not break off
  size_t end = 0;                               // of its tokens in ChoiceResult::tokens, where those of the next begin
};

struct ChoiceResult {
  std::string text;                 // all pieces together; valid UTF-8
  std::vector<AnswerPart> parts;    // their deltas, joined; neighbours are of different kinds, or calls
  size_t thinking = 0;              // tokens of thoughts, with the marks that open them
  std::vector<TokenRecord> tokens;  // likewise
  std::vector<Token> ids;           // drawn, end tokens and what a stop took back included
  std::vector<TokenRecord> prompt;  // with Ask::score_prompt
  FinishReason reason = FinishReason::kInterrupt;
  std::optional<std::string> stop;  // the stop string that ended it
  Usage usage;
  std::exception_ptr error;  // with kError
};

// Appends what the deltas say to the parts so far. `tokens`: of the choice up to there; those that are new are the last
// part's.
void AddTo(std::vector<AnswerPart>& parts, std::span<const AnswerDelta> deltas, size_t tokens);

// The tokens of parts[index].
std::span<const TokenRecord> TokensOf(const ChoiceResult& result, size_t index);

// Its texts of one kind, joined.
std::string TextOf(const ChoiceResult& result, AnswerDelta::Kind kind);

bool HasCalls(const ChoiceResult& result);

// Takes out the calls that broke off: what was written of them is text as well.
void DropBroken(std::vector<AnswerPart>& parts);

// What an answer says of itself besides its text.
struct Ledger {
  uint64_t seed = 0;
  size_t prompt_tokens = 0, reused = 0, computed = 0;  // of all prompts; each counted once, whatever n
  size_t written = 0, thinking = 0;                    // of all choices; the latter is part of the former
  double queue_s = 0, first_token_s = 0, total_s = 0;  // the longest
  boost::json::object sheepop;                         // the object `sheepop` of the answer
};

struct AnswerHead {
  std::string id;  // without a prefix: 24 characters of [0-9a-z]
  std::time_t created = 0;
  std::string model;  // its own name, whatever alias the client used
};

// The id of a call: what the model wrote, or one of the answer's, unlike those of all others.
std::string CallId(std::string_view prefix, const AnswerHead& head, size_t choice, size_t call,
                   const std::string& written);

}  // namespace sheepop
