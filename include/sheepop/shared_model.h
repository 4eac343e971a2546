// One model for any number of threads, with all that the program does with it: texts and conversations, several at once,
// log-probabilities, answers held to a shape, calls of tools, traces, vectors.
//
//   const auto model = sheepop::SharedModel::Open("smollm2");
//   sheepop::ModelAnswer answer = model.Chat(R"({"messages": [{"role": "user", "content": "Hello"}]})");
//   sheepop::AnswerPiece piece;
//   while (answer.Next(piece)) std::cout << piece.text << std::flush;
//   std::cout << answer.Whole() << "\n";
//
// A request is a JSON object with the fields of the server's API (docs/serving.md), and is read as strictly: a field that
// there is not, or a value out of its bounds, is refused by name, value and bound. What no field says holds as in the
// program: `sheepop generate` with the same prompt, settings and seed writes the same tokens. Requests of several threads
// are computed together, and that changes no token of them either.
//
// Everything throws sheepop::Failure. Texts are UTF-8; tokens are ids of the model's vocabulary. A SharedModel is a handle:
// copies are of one model, which is let go of with the last of them and of its answers. After a fork() only the parent may
// use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sheepop.h"

namespace sheepop {

// Text that has become certain, of one of the texts that were asked for.
struct AnswerPiece {
  enum class Kind { kText, kThinking, kCallName, kCallArguments };
  size_t choice = 0;  // index of the prompt * n + i
  Kind kind = Kind::kText;
  size_t call = 0;   // of the two last kinds: which call of the choice, from 0
  std::string text;  // valid UTF-8, never empty but for a call without arguments
};

// A request under way. Used by one thread at a time, but for Cancel. One that is let go of is cancelled.
class ModelAnswer {
 public:
  ModelAnswer(ModelAnswer&&) noexcept;
  ModelAnswer& operator=(ModelAnswer&&) noexcept;
  ~ModelAnswer();

  enum class State { kPiece, kWaiting, kEnd };
  // The next piece, for which it waits `seconds` at most. Throws the failure of a choice, after the pieces before it.
  State Next(AnswerPiece& piece, double seconds);
  // The same without a limit. False at the end.
  bool Next(AnswerPiece& piece);
  // Whether all choices have ended, for which it waits `seconds` at most; pieces stay.
  bool Ended(double seconds) const;

  // The answer as POST /v1/completions or /v1/chat/completions gives it: a JSON object. Waits for the end; throws the
  // failure of a choice. Of one that was cancelled: what was written until then, with the finish_reason "interrupt".
  std::string Whole() const;

  // Ends every choice within a step. Any thread.
  void Cancel();

  // A file descriptor that can be read while Next would not wait: for loops of events. Lives as long as the answer.
  int ready() const;

 private:
  friend class SharedModel;
  struct Parts;
  explicit ModelAnswer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

struct ModelFacts {
  std::string name, path;
  size_t context = 0;     // tokens of prompt and answer together
  size_t vocabulary = 0;  // tokens
  size_t width = 0;       // of its hidden states
  bool chat = false;      // it has a template for conversations
  std::vector<std::string> warnings;
};

struct FloatRows {
  size_t rows = 0, columns = 0;
  std::vector<float> values;  // [rows, columns]
};

// Why each token of a text was drawn.
struct ExplainedText {
  std::string json;  // as `sheepop explain --json`
  std::string page;  // as `sheepop explain --html`
};

enum class TextPooling { kMean, kLast };  // of the hidden states of all tokens, or that of the last

// Asked now and then on the thread of the call; true ends it with a Failure of category "interrupted". May be empty;
// must not throw.
using InterruptQuestion = std::function<bool()>;

class SharedModel {
 public:
  // A GGUF file, a Hugging Face folder, or the name of a model that was pulled or comes with the program. Of
  // OpenOptions::engine `sequences` is by default 16: texts that are written at once.
  static SharedModel Open(const std::string& path_or_name, const OpenOptions& options = {});

  const ModelFacts& facts() const;

  // Fields: those of POST /v1/completions, without stream and its options; max_tokens is by default 256.
  ModelAnswer Complete(std::string_view request) const;
  // Fields: those of POST /v1/chat/completions, without stream and its options.
  ModelAnswer Chat(std::string_view request) const;

  // Fields: those of Complete that say how to draw, and the prompt; max_tokens is by default 16; `explain_top`, by default
  // 10, says how many tokens each stage names; `watch`: ids or texts of tokens to report in each step. Other requests wait
  // for it.
  ExplainedText Explain(std::string_view request, const InterruptQuestion& interrupted = {}) const;

  // `begin`: with the begin-of-text token in front where the model wants one. `special`: names of control tokens are
  // those tokens.
  std::vector<int32_t> Tokenize(std::string_view text, bool begin = false, bool special = false) const;
  std::string Detokenize(std::span<const int32_t> tokens) const;  // valid UTF-8

  // Log-probabilities of tokens[1], tokens[2], ... in windows of `context` that go on by `stride`; 0 and 0: as
  // `sheepop score`. Other requests wait for it.
  ScoredText Score(std::span<const int32_t> tokens, size_t context = 0, size_t stride = 0,
                   const InterruptQuestion& interrupted = {}) const;

  // What the model makes of the tokens up to each: [tokens, vocabulary], of the token that follows.
  FloatRows Logits(std::span<const int32_t> tokens, const InterruptQuestion& interrupted = {}) const;

  // Of each text a vector of length 1: [texts, width].
  FloatRows Embed(std::span<const std::string> texts, TextPooling pooling = TextPooling::kMean,
                  const InterruptQuestion& interrupted = {}) const;

  struct Core;  // of the library itself

 private:
  explicit SharedModel(std::shared_ptr<const Core> core);
  std::shared_ptr<const Core> core_;
};

// The options of sampling, row by row of their one table, as JSON: {"groups": [{"title", "options": [{"name", "help", "unit", "shape":
// number|switch|text|list, "low", "high", "choices", "default"}]}]}.
std::string SamplingOptionsJson();

}  // namespace sheepop
