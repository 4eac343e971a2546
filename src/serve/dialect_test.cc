#include "serve/dialect.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace sheepop {
namespace {

TEST(OpenAiError, HasEachMemberAndNullForWhatIsNotKnown) {
  EXPECT_EQ(boost::json::serialize(OpenAiError({
                .message = "n is 0",
            })),
            R"({"error":{"message":"n is 0","type":"invalid_request_error","param":null,"code":null}})");
  const boost::json::object error = OpenAiError(
      {.code = "context_length_exceeded", .param = "messages", .message = "long", .prompt_tokens = 65, .context = 64});
  EXPECT_EQ(error.at("error").at("code"), "context_length_exceeded");
  EXPECT_EQ(error.at("error").at("param"), "messages");
  EXPECT_EQ(error.at("error").at("n_prompt_tokens"), 65u);
  EXPECT_EQ(error.at("error").at("n_ctx"), 64u);
}

TEST(AnthropicError, HasTheTypeOfItsStatus) {
  EXPECT_EQ(boost::json::serialize(AnthropicError({.status = 404, .type = "x", .message = "none"})),
            R"({"type":"error","error":{"type":"not_found_error","message":"none"}})");
  for (const auto& [status, type] : {std::pair(400u, "invalid_request_error"), std::pair(429u, "rate_limit_error"),
                                     std::pair(500u, "api_error"), std::pair(501u, "api_error")}) {
    EXPECT_EQ(AnthropicError({.status = status}).at("error").at("type"), type);
  }
}

TEST(Event, IsOneLineOfDataAndAnEmptyOne) {
  EXPECT_EQ(Event({{"a", "line\nbreak\r"}}), "data: {\"a\":\"line\\nbreak\\r\"}\n\n");
  EXPECT_EQ(Event({{"a", 1}}, "ping"), "event: ping\ndata: {\"a\":1}\n\n");
}

}  // namespace
}  // namespace sheepop
