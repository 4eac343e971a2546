#include "generate/request.h"

#include <gtest/gtest.h>

#include "testing/paths.h"

namespace sheepop {
namespace {

const LoadedModel& Tiny() {
  static ThreadPool pool(1);
  static const LoadedModel loaded =
      LoadedModel::Open(testing::SourcePath("tests/data/tiny/llama/model.gguf"), {.context = 64}, pool);
  return loaded;
}

TEST(Request, HoldsWhatTheOptionsSay) {
  RequestOptions options;
  options.sampling.seed = 77;
  options.max_tokens = 12;
  const Request request = MakeRequest(Tiny(), options, {5, 6, 7});
  EXPECT_EQ(request.prompt, (std::vector<Token>{5, 6, 7}));
  EXPECT_EQ(request.seed, 77U);
  EXPECT_EQ(request.max_tokens, 12U);
  EXPECT_EQ(request.end_tokens, Tiny().tokenizer->special().end);
  EXPECT_FALSE(request.end_tokens.empty());
  EXPECT_EQ(&request.chain->vocabulary(), Tiny().vocabulary.get());
}

TEST(Request, GoesOnAfterEndTokensThatAreIgnored) {
  RequestOptions options;
  options.ignore_end = true;
  EXPECT_TRUE(MakeRequest(Tiny(), options, {5}).end_tokens.empty());
  EXPECT_TRUE(ListenerOptions(options).show_end_token);
  EXPECT_FALSE(ListenerOptions({}).show_end_token);
}

TEST(Request, ItsListenerStopsWhereTheOptionsSay) {
  RequestOptions options;
  options.stops = {"END", "\n\n"};
  options.sampling.min_tokens = 4;
  const TextListener::Options listening = ListenerOptions(options);
  EXPECT_EQ(listening.stops, options.stops);
  EXPECT_EQ(listening.min_tokens, 4U);
}

}  // namespace
}  // namespace sheepop
