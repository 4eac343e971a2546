#include "base/option_table.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "base/error.h"
#include "base/options_json.h"

namespace sheepop {
namespace option_table_test {

enum class Colour { kRed, kGreen };

struct Inner {
  bool on = true;
  std::vector<std::string> names = {"a"};
};

struct Options {
  int64_t count = 3;
  double share = 0.5;
  bool strict = false;
  std::string kind = "flat";
  Colour colour = Colour::kGreen;
  uint64_t bytes = 65536;
  uint32_t workers = 0;
  std::optional<uint64_t> seed;
  Inner inner;
};

}  // namespace option_table_test

using option_table_test::Colour, option_table_test::Inner, option_table_test::Options;

template <>
const OptionType& OptionTypeOf<Colour>() {
  static constexpr ChoiceType<Colour> kType;
  return kType;
}

namespace {

constexpr OptionRow kRows[] = {
    {"count", "-n,--count", Field<&Options::count>(), AtLeast(1), "sheep", "how many"},
    {"share", "--share", Field<&Options::share>(), Between(0, 1), "", "of them"},
    {"strict", "--strict", Field<&Options::strict>(), kAny, "", "refuse the rest"},
    {"kind", "--kind", Field<&Options::kind>(), "flat|round", "", "its shape"},
    {"colour", "--colour", Field<&Options::colour>(), "red|green", "", "of the wool"},
    {"bytes", "--bytes", Field<&Options::bytes>(), Between(1024, 0x1p40), "bytes", "at most"},
    {"workers", "--workers", Field<&Options::workers>(), Between(1, 64), "", "at once",
     OptionTraits().Takes("N").Otherwise("one a processor").OutsideFingerprint()},
    {"seed", "--seed", Field<&Options::seed>(), kAny, "", "of the draw"},
    {"on", "--on,!--off", Field<&Options::inner, &Inner::on>(), kAny, "", "a switch",
     OptionTraits().In("Group").Bare()},
    {"names", "", Field<&Options::inner, &Inner::names>(), kAny, "", "several"},
};
constexpr OptionTable<Options> kTable("thing", kRows);

std::string Refusal(std::string_view name, std::string_view text, std::string_view thing = {}) {
  Options options;
  try {
    kTable.Set(options, kTable.Named(name), text, thing);
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), ErrorCategory::kInvalidArgument);
    return error.what();
  }
  return "";
}

TEST(OptionTable, SetsAndGetsEveryType) {
  const std::pair<std::string_view, std::string_view> values[] = {
      {"count", "7"},    {"share", "0.25"}, {"strict", "true"}, {"kind", "round"},
      {"colour", "red"}, {"bytes", "2048"}, {"workers", "4"},   {"seed", "18446744073709551615"},
      {"on", "false"}};
  for (const auto& [name, text] : values) {
    Options options;
    EXPECT_NE(kTable.Get(options, name), text);
    kTable.Set(options, name, text);
    EXPECT_EQ(kTable.Get(options, name), text);
    EXPECT_NO_THROW(kTable.Validate(options));
  }
  Options options;
  kTable.Set(options, "names", "b;c");
  EXPECT_EQ(options.inner.names, (std::vector<std::string>{"a", "b;c"}));
  kTable.AnyOptionTable::Clear(&options, kTable.Named("names"));
  EXPECT_TRUE(options.inner.names.empty());
}

TEST(OptionTable, RefusesWithThingValueAndBound) {
  EXPECT_EQ(Refusal("count", "0"), "count is 0, must be at least 1");
  EXPECT_EQ(Refusal("count", "x", "--count"), "--count is \"x\", must be a whole number, at least 1");
  EXPECT_EQ(Refusal("share", "1.5"), "share is 1.5, must be 0 to 1");
  EXPECT_EQ(Refusal("strict", "1"), "strict is \"1\", must be true or false");
  EXPECT_EQ(Refusal("kind", "roun"), "kind is \"roun\", must be flat or round, did you mean round?");
  EXPECT_EQ(Refusal("colour", "blue"), "colour is \"blue\", must be red or green");
  EXPECT_EQ(Refusal("workers", "0"), "workers is 0, must be 1 to 64");
  EXPECT_EQ(Refusal("names", ""), "names is \"\", must be some text");
  EXPECT_EQ(Refusal("cuont", "1"), "there is no thing \"cuont\", did you mean count?");
  EXPECT_EQ(Refusal("--shar", "1"), "there is no thing \"--shar\", did you mean --share?");
}

TEST(OptionTable, ValidatesButForWhatNobodyGave) {
  Options options;
  EXPECT_NO_THROW(kTable.Validate(options));
  options.workers = 65;
  EXPECT_THROW(kTable.Validate(options), Error);
  options = {};
  options.kind = "square";
  EXPECT_THROW(kTable.Validate(options), Error);
  options = {};
  options.share = NAN;
  EXPECT_THROW(kTable.Validate(options), Error);
}

TEST(OptionTable, HelpNamesUnitBoundsAndDefault) {
  const auto help = [](std::string_view name) { return kTable.Help(kTable.Named(name)); };
  EXPECT_EQ(help("count"), "how many [sheep]; at least 1 (default 3)");
  EXPECT_EQ(help("share"), "of them; 0 to 1 (default 0.5)");
  EXPECT_EQ(help("strict"), "refuse the rest; true or false (default false)");
  EXPECT_EQ(help("colour"), "of the wool; red or green (default green)");
  EXPECT_EQ(help("bytes"), "at most [bytes]; 1 KiB to 1 TiB (default 64 KiB)");
  EXPECT_EQ(help("workers"), "at once; 1 to 64 (default: one a processor)");
  EXPECT_EQ(help("seed"), "of the draw");
  EXPECT_EQ(help("on"), "a switch (default on)");
  EXPECT_EQ(kTable.Named("--count").toml(), "count");
  EXPECT_EQ(kTable.Named("on").long_flag(), "--on");
  EXPECT_EQ(kTable.Named("names").long_flag(), "");
  EXPECT_EQ(kTable.Named("names").toml(), "");
}

TEST(OptionTable, FingerprintHoldsEveryRowThatCounts) {
  const std::string before = kTable.Fingerprint(Options{});
  Options options;
  options.workers = 9;
  EXPECT_EQ(kTable.Fingerprint(options), before);
  options.inner.on = false;
  EXPECT_NE(kTable.Fingerprint(options), before);
}

TEST(OptionTable, PassesThroughJson) {
  Options options;
  options.count = 9;
  options.inner.names = {"b", "c"};
  options.colour = Colour::kRed;
  const boost::json::object written = OptionsJson(kTable, &options);
  EXPECT_EQ(boost::json::serialize(written),
            R"({"count":9,"share":5E-1,"strict":false,"kind":"flat","colour":"red","bytes":65536,"workers":null,)"
            R"("seed":null,"on":true,"names":["b","c"]})");
  Options read;
  SetFromJson(kTable, written, &read);
  EXPECT_EQ(boost::json::serialize(OptionsJson(kTable, &read)), boost::json::serialize(written));
}

TEST(OptionTable, JsonIsRefusedLikeText) {
  const auto refusal = [](const boost::json::object& fields) -> std::string {
    Options options;
    try {
      SetFromJson(kTable, fields, &options);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({{"count", 0}}), "count is 0, must be at least 1");
  EXPECT_EQ(refusal({{"count", 1.5}}), "count is \"1.5\", must be a whole number, at least 1");
  EXPECT_EQ(refusal({{"count", 1e20}}), "count is \"1e+20\", must be a whole number, at least 1");
  EXPECT_EQ(refusal({{"count", boost::json::array{}}}), "count is [], must be a number, text, true or false");
  EXPECT_EQ(refusal({{"names", "b"}}), "names is \"b\", must be a list");
  EXPECT_EQ(refusal({{"colours", "red"}}), "there is no thing \"colours\", did you mean colour?");
}

}  // namespace
}  // namespace sheepop
