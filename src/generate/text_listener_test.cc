#include "generate/text_listener.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/utf8.h"
#include "generate/request.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

// A tokenizer with all bytes and a ChatML template.
const LoadedModel& Tiny() {
  static const LoadedModel loaded = [] {
    ThreadPool pool(1);
    return LoadedModel::Open(testing::SourcePath("tests/data/tiny/llama/model.gguf"), {}, pool);
  }();
  return loaded;
}

// A token for each byte: what a tokenizer merges is no matter here.
std::vector<Token> Bytes(std::string_view text) {
  std::vector<Token> tokens;
  for (const char byte : text) {
    Token token = 0;
    while (Tiny().tokenizer->Piece(token) != std::string_view(&byte, 1)) ++token;
    tokens.push_back(token);
  }
  return tokens;
}

struct Heard {
  std::vector<std::string> pieces;
  size_t tokens = 0;  // until it wanted to stop, that one counted
};

// Gives the tokens to the listener until it has enough.
Heard Tell(TextListener& listener, std::span<const Token> tokens, Heard& heard, FinishReason reason) {
  const std::vector<float> logits(Tiny().model->config().vocab);
  for (Token token : tokens) {
    ++heard.tokens;
    if (listener.OnToken({.token = token}, logits) == Next::kStop) break;
  }
  listener.OnFinish({reason, {}, {}});
  return heard;
}

TextListener MakeListener(TextListener::Options options, Heard& heard) {
  options.on_text = [&heard](std::string_view piece) {
    heard.pieces.emplace_back(piece);
    return Next::kContinue;
  };
  return TextListener(*Tiny().model, *Tiny().tokenizer, std::move(options));
}

TEST(TextListener, HandsOnWhatIsSafeAndTheRestAtTheEnd) {
  Heard heard;
  TextListener listener = MakeListener({.stops = {"END"}}, heard);
  EXPECT_FALSE(listener.finish().has_value());
  Tell(listener,
       Bytes("aEx\xC3\xA9"
             "EN"),
       heard, FinishReason::kLength);
  EXPECT_EQ(heard.pieces, (std::vector<std::string>{"a", "Ex", "\xC3\xA9", "EN"}));
  EXPECT_EQ(listener.text(),
            "aEx\xC3\xA9"
            "EN");
  EXPECT_EQ(listener.ids().size(), 7u);
  EXPECT_EQ(listener.finish()->reason, FinishReason::kLength);
  EXPECT_TRUE(listener.logprobs().empty());
}

TEST(TextListener, EndsBeforeAStopString) {
  Heard heard;
  TextListener listener = MakeListener({.stops = {"girl", "xyz"}}, heard);
  Tell(listener, Bytes("a girl there"), heard, FinishReason::kStop);
  EXPECT_EQ(listener.text(), "a ");
  EXPECT_EQ(heard.tokens, 6u);
}

TEST(TextListener, AStopStringWithinMinTokensIsText) {
  for (size_t min_tokens : {0, 6, 7, 11, 12, 99}) {
    Heard heard;
    TextListener listener = MakeListener({.stops = {"girl"}, .min_tokens = min_tokens}, heard);
    Tell(listener, Bytes("a girlgirlgi"), heard, FinishReason::kLength);
    const bool first = min_tokens <= 6, second = !first && min_tokens <= 10;
    EXPECT_EQ(listener.text(), first ? "a " : second ? "a girl" : "a girlgirlgi") << min_tokens;
    EXPECT_EQ(heard.tokens, first ? 6u : second ? 10u : 12u);
  }
}

TEST(TextListener, EndTokensShowOnlyWhenAsked) {
  const Token end = Tiny().tokenizer->special().end.at(0);
  for (bool show : {false, true}) {
    Heard heard;
    TextListener listener = MakeListener({.stops = {"ab"}, .show_end_token = show}, heard);
    std::vector<Token> tokens = Bytes("a");
    tokens.push_back(end);
    Tell(listener, tokens, heard, FinishReason::kStop);
    EXPECT_EQ(listener.ids(), tokens);
    const bool control = Tiny().tokenizer->Kind(end) == TokenKind::kControl;
    EXPECT_EQ(listener.text(), show && !control ? "a" + listener.PieceText(end) : "a");
  }
}

TEST(TextListener, OnTextMayEndIt) {
  std::string seen;
  TextListener::Options options;
  options.on_text = [&](std::string_view piece) {
    seen += piece;
    return seen.size() == 2 ? Next::kStop : Next::kContinue;
  };
  TextListener listener(*Tiny().model, *Tiny().tokenizer, std::move(options));
  Heard heard;
  Tell(listener, Bytes("abcd"), heard, FinishReason::kStop);
  EXPECT_EQ(heard.tokens, 2u);
  EXPECT_EQ(seen, "ab");
}

TEST(TextListener, LogprobsAreOfTheUnmodifiedLogits) {
  std::vector<float> logits(Tiny().model->config().vocab, 0);
  logits[7] = 3;
  logits[5] = logits[9] = 2;
  double total = 0;
  for (float logit : logits) total += std::exp(logit);
  TextListener::Options options;
  options.logprobs = 3;
  options.record_logprobs = true;
  TextListener listener(*Tiny().model, *Tiny().tokenizer, options);
  listener.OnToken({.token = 20}, logits);
  ASSERT_EQ(listener.logprobs().size(), 1u);
  const TokenLogprobs& one = listener.logprobs()[0];
  EXPECT_EQ(one.id, 20);
  EXPECT_NEAR(one.logprob, -std::log(total), 1e-5);
  ASSERT_EQ(one.top.size(), 3u);
  const std::pair<Token, double> expected[] = {{7, 3}, {5, 2}, {9, 2}};  // of equals the lower id first
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(one.top[i].first, expected[i].first);
    EXPECT_NEAR(one.top[i].second, expected[i].second - std::log(total), 1e-5);
  }
  std::ranges::fill(logits, 1.0f);
  options.logprobs = 100;
  TextListener equal(*Tiny().model, *Tiny().tokenizer, options);
  equal.OnToken({.token = 20}, logits);
  for (Token id = 0; id < 100; ++id) ASSERT_EQ(equal.logprobs()[0].top[static_cast<size_t>(id)].first, id);
  options.logprobs = 0;
  TextListener none(*Tiny().model, *Tiny().tokenizer, options);
  none.OnToken({.token = 20}, logits);
  EXPECT_TRUE(none.logprobs().at(0).top.empty());
  options.logprobs = 100000;
  TextListener all(*Tiny().model, *Tiny().tokenizer, options);
  all.OnToken({.token = 20}, logits);
  EXPECT_EQ(all.logprobs()[0].top.size(), logits.size());
}

TEST(TextListener, RefusesAnEmptyStop) {
  EXPECT_THROW(TextListener(*Tiny().model, *Tiny().tokenizer, {.stops = {""}}), Error);
}

TEST(Request, IsMadeOfOptionsInOnePlace) {
  RequestOptions options;
  options.sampling.seed = 7;
  options.sampling.min_tokens = 3;
  options.sampling.top_k = 5;
  options.max_tokens = 9;
  options.stops = {"x"};
  const Request request = MakeRequest(Tiny(), options, {1, 2});
  EXPECT_EQ(request.prompt, (std::vector<Token>{1, 2}));
  EXPECT_EQ(request.seed, 7u);
  EXPECT_EQ(request.max_tokens, 9u);
  EXPECT_EQ(request.end_tokens, Tiny().tokenizer->special().end);
  EXPECT_EQ(request.trace, nullptr);
  EXPECT_EQ(request.chain->options().top_k, 5);
  EXPECT_EQ(request.chain->vocabulary().size(), Tiny().vocabulary->size());
  TextListener::Options listening = ListenerOptions(options);
  EXPECT_EQ(listening.stops, options.stops);
  EXPECT_EQ(listening.min_tokens, 3u);
  EXPECT_FALSE(listening.show_end_token);

  options.ignore_end = true;
  options.sampling.seed.reset();
  const Request other = MakeRequest(Tiny(), options, {1}), third = MakeRequest(Tiny(), options, {1});
  EXPECT_TRUE(other.end_tokens.empty());
  EXPECT_TRUE(ListenerOptions(options).show_end_token);
  EXPECT_NE(other.seed, third.seed) << "random, and told";
  options.sampling.top_k = -5;
  EXPECT_THROW(MakeRequest(Tiny(), options, {1}), Error);
}

}  // namespace
}  // namespace sheepop
