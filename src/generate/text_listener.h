// Collects one sequence as ids and text, hands text on as it becomes safe to show, and ends it at a stop string.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generate/engine.h"
#include "tokenize/text_stream.h"
#include "tokenize/tokenizer.h"

namespace sheepop {

struct TokenLogprobs {
  Token id;
  double logprob;                             // of the token under the unmodified logits, natural logarithm
  std::vector<std::pair<Token, double>> top;  // the most probable tokens, in order
};

class TextListener final : public Listener {
 public:
  struct Options {
    std::vector<std::string> stops;
    size_t min_tokens = 0;  // a stop string that is complete with fewer tokens is text like any other
    size_t logprobs = 0;    // record this many alternatives a token; used when record_logprobs
    bool record_logprobs = false;
    std::function<bool(Token)> shows = {};  // of these control tokens the names are text
    bool show_end_token = false;            // an end token ends the text and is not part of it, unless asked for
    std::function<Next(std::string_view)> on_text = {};  // called with each new piece of text; kStop ends the sequence
  };

  TextListener(const Model& model, const Tokenizer& tokenizer, Options options);

  Next OnToken(const Choice& choice, std::span<const float> logits) override;
  void OnFinish(const Finish& finish) override;

  const std::vector<Token>& ids() const { return ids_; }
  const std::string& text() const { return text_; }  // valid UTF-8
  std::string PieceText(Token token) const;          // as valid UTF-8
  const std::vector<TokenLogprobs>& logprobs() const { return logprobs_; }
  const std::optional<Finish>& finish() const { return finish_; }  // empty until it has ended

 private:
  Next Show(std::string_view text);
  TokenLogprobs Logprobs(Token token, std::span<const float> logits) const;

  const Model& model_;
  const Tokenizer& tokenizer_;
  Options options_;
  TextStream stream_;
  std::vector<Token> ids_;
  std::string text_;
  std::vector<TokenLogprobs> logprobs_;
  std::optional<Finish> finish_;
};

}  // namespace sheepop
