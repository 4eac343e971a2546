// The SheepOp library: open a model, turn text into tokens, let it write, score a text.
//
//   sheepop::TextModel model = sheepop::TextModel::Open("model.gguf");
//   model.Generate("Once upon a time", {.max_tokens = 50}, [](std::string_view piece) {
//     std::cout << piece << std::flush;
//     return true;
//   });
//
// Same file, prompt, options and seed give the same tokens, whatever the threads. Everything throws sheepop::Failure,
// whose message names the thing, the value and the bound. A TextModel is used by one thread at a time; several may be
// opened; shared_model.h has one that threads share. Text is UTF-8; tokens are ids of the model's vocabulary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

// Any error: what() is a sentence for people, category() one of "invalid_argument", "not_found", "corrupt",
// "unsupported", "limit", "busy", "io", "network", "interrupted", "internal"; field() the field of a request that is at
// fault ("messages[2].content"), or empty.
class Failure : public std::runtime_error {
 public:
  Failure(std::string category, const std::string& message, std::string field = {})
      : std::runtime_error(message), category_(std::move(category)), field_(std::move(field)) {}
  const std::string& category() const { return category_; }
  const std::string& field() const { return field_; }

 private:
  std::string category_, field_;
};

struct OpenOptions {
  size_t threads = 0;  // 0: the physical cores this process may use
  size_t context = 0;  // positions, prompt and answer together; 0: the model's own, at most 4096
  std::map<std::string, std::string>
      engine;  // settings by name, those flags of `sheepop generate --help` that are no sampling: {"kv_type", "bf16"}
};

struct GenerateOptions {
  size_t max_tokens = 256;
  std::vector<std::string> stops;  // the text ends before the first of these
  std::map<std::string, std::string>
      sampling;                  // settings by name, as `sheepop generate --help` lists them: {"top_k", "40"};
                                 // over what the makers of the model say, or over the defaults of "profile"
  std::optional<uint64_t> seed;  // none: a random one, which the result reports
};

struct Generation {
  std::vector<int32_t> tokens;
  std::string text;           // valid UTF-8, all that the callback was given
  std::string finish_reason;  // "stop", "length", "context" or "interrupt"
  uint64_t seed = 0;
};

struct ScoredText {
  std::vector<int32_t> tokens;
  std::vector<double> logprobs;  // natural logarithm, of tokens[1], tokens[2], ...
  std::vector<size_t> ranks;     // of the same; 0: the most probable token
  double perplexity = 0;
};

class TextModel {
 public:
  // A GGUF file or a Hugging Face folder.
  static TextModel Open(const std::string& path, const OpenOptions& options = {});
  TextModel(TextModel&&) noexcept;
  TextModel& operator=(TextModel&&) noexcept;
  ~TextModel();

  size_t vocabulary_size() const;

  // Text as the model reads it, without the begin-of-text token. The names of control tokens are text.
  std::vector<int32_t> Tokenize(std::string_view text) const;
  std::string Detokenize(std::span<const int32_t> tokens) const;  // valid UTF-8

  // Continues the text. `on_text` receives each new piece and returns whether to go on; it may be empty.
  Generation Generate(std::string_view prompt, const GenerateOptions& options = {},
                      const std::function<bool(std::string_view)>& on_text = {});

  ScoredText Score(std::string_view text);

 private:
  struct State;
  explicit TextModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sheepop
