// Every number of the specification of sampling: the worked example, temperatures, cuts and the order of ties.
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "sample/chain.h"
#include "sample/testing_vocabulary.h"

namespace sheepop {
namespace {

using ::sheepop::testing::ListVocabulary;

std::vector<float> Logs(std::initializer_list<double> probabilities) {
  std::vector<float> logits;
  for (double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

struct Kept {
  std::vector<Token> tokens;
  std::vector<double> probabilities;
};

Kept Filter(const SamplingOptions& options, const std::vector<float>& logits) {
  const ListVocabulary vocabulary(logits.size());
  SequenceState state(0, 0, {});
  const Chain chain = Chain::Build(options, vocabulary);
  const Candidates& candidates = chain.Filter({logits, {}}, state);
  Kept kept;
  for (const Candidate& c : candidates.First(logits.size())) {
    kept.tokens.push_back(c.token);
    kept.probabilities.push_back(candidates.Probability(c.logit));
  }
  return kept;
}

void ExpectNear(const std::vector<double>& actual, std::vector<double> expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 0.0005) << i;
}

struct Recorder : TraceSink {
  std::vector<Token> watch;
  std::vector<Trace> traces;
  std::span<const Token> watched() const override { return watch; }
  void OnTrace(Trace trace) override { traces.push_back(std::move(trace)); }
};

SamplingOptions Plain() {
  SamplingOptions options;
  options.top_k = 0;
  options.top_p = 1;
  return options;
}

TEST(Specification, WorkedExample) {
  const ListVocabulary vocabulary({"cat", "dog", "car", "house", "tree", "book"});
  const std::vector<float> logits = {10, 8, 5, 2, 1, 0.5f};
  SamplingOptions options;
  options.top_k = 3;
  options.top_p = 0.9;
  const Chain chain = Chain::Build(options, vocabulary);
  const Token the[] = {0};
  SequenceState state(1, 0, the);
  Recorder recorder;
  recorder.watch = {1, 2, 5};
  const Choice choice = chain.SampleAt(0.75, {logits, {}}, state, &recorder);
  EXPECT_EQ(vocabulary.piece(choice.token), "cat");
  EXPECT_NEAR(choice.prob, 0.881, 0.0005);
  EXPECT_EQ(state.position(), 2u);

  ASSERT_EQ(recorder.traces.size(), 1u);
  const Trace& trace = recorder.traces[0];
  EXPECT_EQ(trace.position, 1u);
  ASSERT_EQ(trace.stages.size(), 3u);
  EXPECT_EQ(trace.stages[0].name, "temperature");
  EXPECT_EQ(trace.stages[0].kept, 6u);
  EXPECT_EQ(trace.stages[0].removed_mass, 0) << "a temperature removes nothing";
  const auto& top_k = trace.stages[1];
  EXPECT_EQ(top_k.kept, 3u);
  EXPECT_NEAR(top_k.removed_mass, 0.00046, 0.0001);
  ExpectNear({top_k.top[0].probability, top_k.top[1].probability, top_k.top[2].probability}, {0.8756, 0.1185, 0.0059});
  const auto& top_p = trace.stages[2];
  EXPECT_EQ(top_p.kept, 2u);
  EXPECT_NEAR(top_p.removed_mass, 0.006, 0.0005);
  ExpectNear({top_p.top[0].probability, top_p.top[1].probability}, {0.881, 0.119});
  EXPECT_NEAR(trace.low, 0, 1e-12);
  EXPECT_NEAR(trace.high, 0.881, 0.0005);
  EXPECT_NEAR(top_p.entropy_bits, -(0.8808 * std::log2(0.8808) + 0.1192 * std::log2(0.1192)), 0.001);
  EXPECT_EQ(trace.watched[0].removed_by, "");
  EXPECT_EQ(trace.watched[0].rank, 1u);
  EXPECT_EQ(trace.watched[1].removed_by, "top_p");
  EXPECT_EQ(trace.watched[2].removed_by, "top_k");
}

TEST(Specification, Temperature) {
  const std::vector<float> logits = {2, 1, 0.5f};
  SamplingOptions options = Plain();
  options.temperature = 0.5;
  ExpectNear(Filter(options, logits).probabilities, {0.844, 0.114, 0.042});
  options.temperature = 1;
  ExpectNear(Filter(options, logits).probabilities, {0.629, 0.231, 0.140});
  options.temperature = 2;
  ExpectNear(Filter(options, logits).probabilities, {0.481, 0.292, 0.227});
  options.temperature = 0;
  EXPECT_EQ(Filter(options, logits).tokens, std::vector<Token>{0});
}

TEST(Specification, TopKAndTopP) {
  const std::vector<float> logits = Logs({0.4, 0.3, 0.2, 0.05, 0.03, 0.02});
  SamplingOptions options = Plain();
  options.top_k = 3;
  ExpectNear(Filter(options, logits).probabilities, {0.444, 0.333, 0.222});
  options = Plain();
  options.top_p = 0.9;
  EXPECT_EQ(Filter(options, logits).tokens, (std::vector<Token>{0, 1, 2}));
  options.top_p = 0;
  EXPECT_EQ(Filter(options, logits).tokens, std::vector<Token>{0});
  options.top_p = 1;
  EXPECT_EQ(Filter(options, logits).tokens.size(), 6u);
}

TEST(Specification, OrderOfTemperatureAndTopP) {
  const std::vector<float> logits = {3, 2, 1};
  SamplingOptions options = Plain();
  options.top_p = 0.8;
  options.temperature = 0.5;
  options.samplers = {"top_p", "temperature"};
  EXPECT_EQ(Filter(options, logits).tokens, (std::vector<Token>{0, 1}));
  options.samplers = {"temperature", "top_p"};
  EXPECT_EQ(Filter(options, logits).tokens, (std::vector<Token>{0}));
}

TEST(Specification, TiesNanAndZero) {
  const float infinity = std::numeric_limits<float>::infinity();
  SamplingOptions options = Plain();
  EXPECT_EQ(Filter(options, {1, 2, 2, NAN, -infinity, 0.0f, -0.0f}).tokens, (std::vector<Token>{1, 2, 0, 5, 6}));
  options.top_k = 1;
  EXPECT_EQ(Filter(options, {NAN, -0.0f, 0.0f}).tokens, (std::vector<Token>{1}));
  EXPECT_THROW(Filter(options, {NAN, -infinity}), Error);
}

TEST(Specification, DrawIsTheTopPCut) {
  const std::vector<float> logits = Logs({0.1, 0.4, 0.2, 0.3});
  const ListVocabulary vocabulary(4);
  const Chain chain = Chain::Build(Plain(), vocabulary);
  SequenceState state(0, 0, {});
  const auto draw = [&](double u) { return chain.SampleAt(u, {logits, {}}, state).token; };
  EXPECT_EQ(draw(0), 1);
  EXPECT_EQ(draw(0.3999), 1);
  EXPECT_EQ(draw(0.4001), 3);
  EXPECT_EQ(draw(0.6999), 3);
  EXPECT_EQ(draw(0.7001), 2);
  EXPECT_EQ(draw(0.9001), 0);
  EXPECT_EQ(draw(std::nextafter(1.0, 0.0)), 0);
}

TEST(Specification, Refusals) {
  const ListVocabulary vocabulary(4);
  const auto message = [&](auto change) -> std::string {
    SamplingOptions options;
    change(options);
    try {
      Chain::Build(options, vocabulary);
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kInvalidArgument);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message([](auto& o) { o.temperature = -1; }), "temperature is -1, must be 0 to 1000000");
  EXPECT_EQ(message([](auto& o) { o.temperature = NAN; }), "temperature is nan, must be 0 to 1000000");
  EXPECT_EQ(message([](auto& o) { o.top_p = 1.5; }), "top_p is 1.5, must be 0 to 1");
  EXPECT_EQ(message([](auto& o) { o.top_k = -2; }), "top_k is -2, must be at least 0");
  EXPECT_NE(message([](auto& o) { o.samplers = {"top_q"}; }).find("\"top_q\""), std::string::npos);
  EXPECT_NE(message([](auto& o) {
              o.banned = {Token{4}};
            }).find("banned (--ban) names token 4, the vocabulary has ids 0 to 3"),
            std::string::npos);
  EXPECT_NE(message([](auto& o) { o.profile = "gpt"; }).find("\"gpt\""), std::string::npos);
}

}  // namespace
}  // namespace sheepop
