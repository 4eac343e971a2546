#include "base/json.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <random>

#include "base/error_matchers.h"

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

TEST(Json, DoublesAreTheNearestToTheirText) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const double value =
        std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 400) - 200) * (i % 2 ? 1 : -1);
    const boost::json::value read = ParseJson(boost::json::serialize(boost::json::value(value)), "t");
    ASSERT_EQ(read.as_double(), value);
  }
  EXPECT_EQ(ParseJson("[10.511111111111111]", "t").as_array()[0].as_double(), 10.511111111111111);
  EXPECT_EQ(ParseJson("100000000000000000000", "t").as_double(), 1e20);
  EXPECT_EQ(ParseJson("[1e400, 1e-400, -0.0]", "t"), boost::json::parse("[1e400, 1e-400, -0.0]"));
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
  ExpectError([] { ParseJson(std::string(100000, '['), "t.json"); }, ErrorCategory::kLimit,
              {"t.json", "byte 64", "64 levels"});
  ExpectError([] { ParseJson("[1,2,3]", "t.json", 6); }, ErrorCategory::kLimit, {"t.json", "7 bytes", "bound is 6"});
}

}  // namespace
}  // namespace sheepop
