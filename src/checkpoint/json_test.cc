#include "checkpoint/json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "checkpoint/error_matchers.h"

namespace sheepop {
namespace {

constexpr auto kCorrupt = ErrorCategory::kCorrupt;

TEST(Json, ParsesAsBoostDoes) {
  for (const char* text : {R"({"a":[1,-2,3.5,true,false,null,"x\u00e9\n",{"b":{}},[]],"":"empty key"})", " [ ] ", "0",
                           R"("s")", "18446744073709551615", "1000000000000000019884624838656"}) {
    EXPECT_EQ(ParseJson(text, "t"), boost::json::parse(text)) << text;
  }
  EXPECT_EQ(ParseJson("\xef\xbb\xbf{}", "t"), boost::json::object());
}

TEST(Json, NumbersAreTheNearestDoubles) {
  for (const char* text : {"10.5111111111111111", "0.1", "-7.2057594037927933e16", "1e23", "2.2250738585072011e-308",
                           "123456789012345678901234567890", "1e999", "-0.0", "3E-2"}) {
    const double expected = std::strtod(text, nullptr);
    for (const auto& [before, after] : {std::pair("", ""), std::pair("[", "]"), std::pair(" {\"a\": ", " }")}) {
      const std::string around = fmt::format("{}{}{}", before, text, after);
      boost::json::value value = ParseJson(around, "t");
      if (value.is_array()) value = boost::json::value(value.get_array()[0]);
      if (value.is_object()) value = boost::json::value(value.get_object().at("a"));
      EXPECT_EQ(value.get_double(), expected) << around;
    }
  }
}

TEST(Json, RefusesRepeatedKeysAtAnyDepth) {
  ExpectError([] { ParseJson(R"({"a":1,"a":2})", "t.json"); }, kCorrupt, {"t.json", "\"a\"", "twice"});
  ExpectError([] { ParseJson(R"([{"x":{"ab":1,"a\u0062":2}}])", "t.json"); }, kCorrupt, {"\"ab\"", "twice"});
  EXPECT_NO_THROW(ParseJson(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})", "t.json"));
}

TEST(Json, RefusesBrokenSyntax) {
  for (const char* text : {"", "{", "[1,]", "{\"a\"}", "nul", "'a'", "\"\xff\"", "// comment\n1", "NaN", "\"a"}) {
    ExpectError([&] { ParseJson(text, "t.json"); }, kCorrupt, {"t.json", "not valid JSON at byte"});
  }
  ExpectError([] { ParseJson("01", "t.json"); }, kCorrupt, {"t.json", "follows the JSON value at byte"});
  ExpectError([] { ParseJsonObject("[]", "t.json"); }, kCorrupt, {"t.json", "holds a JSON array", "object"});
}

TEST(Json, BoundsDepthAndSize) {
  EXPECT_NO_THROW(ParseJson(std::string(60, '[') + std::string(60, ']'), "t.json"));
  ExpectError([] { ParseJson(std::string(100000, '['), "t.json"); }, kCorrupt, {"t.json", "not valid JSON at byte 64"});
  ExpectError([] { ParseJson("[1,2,3]", "t.json", 6); }, ErrorCategory::kLimit, {"t.json", "7 bytes", "bound is 6"});
}

}  // namespace
}  // namespace sheepop
