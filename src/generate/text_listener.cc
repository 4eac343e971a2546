#include "generate/text_listener.h"

#include <algorithm>
#include <numeric>

#include "base/utf8.h"

namespace sheepop {

TextListener::TextListener(const Model& model, const Tokenizer& tokenizer, Options options)
    : model_(model),
      tokenizer_(tokenizer),
      options_(std::move(options)),
      stream_(tokenizer, TextStreamOptions{.stops = options_.stops, .shows = options_.shows}) {}

Next TextListener::OnToken(const Choice& choice, std::span<const float> logits) {
  ids_.push_back(choice.token);
  if (options_.record_logprobs) logprobs_.push_back(Logprobs(choice.token, logits));
  if (tokenizer_.special().Ends(choice.token) && !options_.show_end_token) return Next::kContinue;
  const Next next = Show(stream_.Push(choice.token, ids_.size() >= options_.min_tokens));
  return stream_.stopped() ? Next::kStop : next;
}

void TextListener::OnFinish(const Finish& finish) {
  Show(stream_.Finish());
  finish_ = finish;
}

std::string TextListener::PieceText(Token token) const { return ToValidUtf8(tokenizer_.Piece(token)); }

Next TextListener::Show(std::string_view text) {
  text_ += text;
  return text.empty() || !options_.on_text ? Next::kContinue : options_.on_text(text);
}

TokenLogprobs TextListener::Logprobs(Token token, std::span<const float> logits) const {
  const double total = model_.LogSumExp(logits);
  TokenLogprobs out{token, logits[static_cast<size_t>(token)] - total, {}};
  std::vector<Token> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + static_cast<long>(std::min(options_.logprobs, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [&](Token a, Token b) {
    const float la = logits[static_cast<size_t>(a)], lb = logits[static_cast<size_t>(b)];
    return la > lb || (la == lb && a < b);
  });
  for (auto it = order.begin(); it != end; ++it) out.top.emplace_back(*it, logits[static_cast<size_t>(*it)] - total);
  return out;
}

}  // namespace sheepop
