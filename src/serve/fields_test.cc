#include "serve/fields.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <functional>

#include "serve/api/test_support.h"

namespace sheepop {
namespace {

using testing::Json;
using testing::ProblemFrom;

ApiProblem Problem(std::string_view text, const std::function<void(Fields&)>& read) {
  const boost::json::object object = Json(text);
  return ProblemFrom([&] {
    Fields fields(object, "body");
    read(fields);
  });
}

TEST(Fields, AbsentAndNullAreNone) {
  const boost::json::object object = Json(R"({"a": null})");
  Fields fields(object);
  for (std::string_view name : {"a", "b"}) {
    EXPECT_EQ(fields.Any(name), nullptr);
    EXPECT_FALSE(fields.Bool(name));
    EXPECT_FALSE(fields.Number(name, kReal));
    EXPECT_FALSE(fields.Integer(name, Between(0, 1)));
    EXPECT_FALSE(fields.String(name));
    EXPECT_FALSE(fields.Choice(name, {"x"}));
    EXPECT_EQ(fields.Object(name), nullptr);
    EXPECT_EQ(fields.Array(name), nullptr);
    EXPECT_TRUE(fields.StringOrList(name).empty());
  }
  std::vector<std::string> unused;
  fields.Unused({"a", "b"}, unused);
  fields.Finish(UnknownFields::kRefuse, unused);
  EXPECT_TRUE(unused.empty());
}

TEST(Fields, ReadEachType) {
  const boost::json::object object =
      Json(R"({"b": true, "n": 2, "r": 0.5, "w": 3.0, "s": "x", "o": {"p": 1}, "l": ["u", "v"]})");
  Fields fields(object);
  EXPECT_EQ(fields.Bool("b"), true);
  EXPECT_EQ(fields.Number("n", Between(0, 2)), 2.0);
  EXPECT_EQ(fields.Number("r", Between(0, 2)), 0.5);
  EXPECT_EQ(fields.Integer("n", Between(2, 2)), 2);
  EXPECT_EQ(fields.Integer("w", Between(0, 3)), 3);
  EXPECT_EQ(fields.String("s"), "x");
  EXPECT_EQ(fields.Choice("s", {"x", "y"}), "x");
  ASSERT_NE(fields.Object("o"), nullptr);
  EXPECT_EQ(fields.Array("l")->size(), 2u);
  EXPECT_EQ(fields.StringOrList("s"), std::vector<std::string>{"x"});
  EXPECT_EQ(fields.StringOrList("l"), (std::vector<std::string>{"u", "v"}));
}

TEST(Fields, RefuseOtherTypesAndValuesByName) {
  struct Row {
    std::string_view text;
    std::function<void(Fields&)> read;
    std::string_view message;
  };
  const Row rows[] = {
      {R"({"a": 1})", [](Fields& f) { f.Bool("a"); }, "body.a is 1, must be true or false"},
      {R"({"a": "1"})", [](Fields& f) { f.Number("a", Between(0, 2)); }, "body.a is \"1\", must be a number, 0 to 2"},
      {R"({"a": 2.5})", [](Fields& f) { f.Number("a", Between(0, 2)); }, "body.a is 2.5, must be 0 to 2"},
      {R"({"a": 2.5})", [](Fields& f) { f.Integer("a", AtLeast(1)); },
       "body.a is 2.5, must be a whole number, at least 1"},
      {R"({"a": 0})", [](Fields& f) { f.Integer("a", AtLeast(1)); }, "body.a is 0, must be at least 1"},
      {R"({"a": 18446744073709551615})", [](Fields& f) { f.Integer("a", AtLeast(1)); }, "must be 1 to 2147483647"},
      {R"({"a": 1e300})", [](Fields& f) { f.Integer("a", AtLeast(1)); }, "body.a is 1e+300, must be 1 to 2147483647"},
      {R"({"a": true})", [](Fields& f) { f.Integer("a", AtLeast(1)); }, "body.a is true, must be a whole number"},
      {R"({"a": ["x"]})", [](Fields& f) { f.String("a"); }, "body.a is a list of 1, must be text"},
      {R"({"a": "hihg"})", [](Fields& f) { f.Choice("a", {"low", "high"}); },
       "body.a is \"hihg\", must be low or high, did you mean high?"},
      {R"({"a": []})", [](Fields& f) { f.Object("a"); }, "body.a is a list of 0, must be an object"},
      {R"({"a": {}})", [](Fields& f) { f.Array("a"); }, "body.a is an object, must be a list"},
      {R"({"a": ["x", 1]})", [](Fields& f) { f.StringOrList("a"); }, "body.a[1] is 1, must be text"},
      {R"({"a": 1, "b": 2})", [](Fields& f) { f.OneOf({"b", "a"}); }, "says the same as body.b"},
  };
  for (const Row& row : rows) {
    const ApiProblem problem = Problem(row.text, row.read);
    EXPECT_EQ(problem.status, 400u) << row.text;
    EXPECT_EQ(problem.param, "body.a") << row.text;
    EXPECT_NE(problem.message.find(row.message), std::string::npos) << problem.message;
  }
}

TEST(Fields, UnknownOnesAreRefusedOrNamed) {
  const boost::json::object object = Json(R"({"temprature": 1, "top_p": 1, "zzz": null})");
  std::vector<std::string> unused;
  auto finish = [&](UnknownFields unknown) {
    Fields fields(object);
    fields.Number("temperature", kReal);
    fields.Number("top_p", kReal);
    fields.Finish(unknown, unused);
  };
  const ApiProblem problem = ProblemFrom([&] { finish(UnknownFields::kRefuse); });
  EXPECT_EQ(problem.status, 400u);
  EXPECT_EQ(problem.param, "temprature");
  EXPECT_NE(problem.message.find("did you mean temperature?"), std::string::npos) << problem.message;
  finish(UnknownFields::kWarn);
  EXPECT_EQ(unused, (std::vector<std::string>{"temprature", "zzz"}));
}

TEST(Fields, OneOfGivesTheNameThatIsThere) {
  const boost::json::object object = Json(R"({"a": null, "b": 2})");
  Fields fields(object);
  EXPECT_EQ(fields.OneOf({"a", "b"}), "b");
  EXPECT_EQ(fields.OneOf({"c", "d"}), "c");
}

TEST(ApiError, SaysEachCategoryByItsStatus) {
  auto problem = [](ErrorCategory category) {
    return ProblemFrom([&] { ForField("x", [&] { throw Error(category, "words"); }); });
  };
  EXPECT_EQ(problem(ErrorCategory::kInvalidArgument).status, 400u);
  EXPECT_EQ(problem(ErrorCategory::kInvalidArgument).type, "invalid_request_error");
  EXPECT_EQ(problem(ErrorCategory::kNotFound).status, 404u);
  EXPECT_EQ(problem(ErrorCategory::kBusy).status, 429u);
  EXPECT_TRUE(problem(ErrorCategory::kBusy).retry_after_s.has_value());
  EXPECT_EQ(problem(ErrorCategory::kInterrupted).status, 503u);
  EXPECT_TRUE(problem(ErrorCategory::kInterrupted).retry_after_s.has_value());
  EXPECT_EQ(problem(ErrorCategory::kUnsupported).status, 501u);
  EXPECT_EQ(problem(ErrorCategory::kIo).status, 500u);
  EXPECT_EQ(problem(ErrorCategory::kIo).param, "x");
  EXPECT_EQ(problem(ErrorCategory::kIo).message, "words");
  const ApiProblem own{.status = 413, .message = "large"};
  EXPECT_EQ(ProblemOf(std::make_exception_ptr(ApiError(own)), "y").status, 413u);
  EXPECT_EQ(ProblemOf(std::make_exception_ptr(7)).status, 500u);
}

}  // namespace
}  // namespace sheepop
