#include "sample/grammar/number_language.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sheepop::grammar {
namespace {

constexpr std::string_view kBytes = "0123456789.-+e \"a";

Decimal Read(std::string_view text) { return *Decimal::Parse(text); }

NumberConditions From(std::string_view minimum) {
  NumberConditions conditions;
  conditions.minimum = Read(minimum);
  return conditions;
}

NumberConditions Between(std::string_view minimum, std::string_view maximum) {
  NumberConditions conditions = From(minimum);
  conditions.maximum = Read(maximum);
  return conditions;
}

NumberConditions MultipleOf(std::string_view divisor) {
  NumberConditions conditions;
  conditions.multiples = {Read(divisor)};
  return conditions;
}

NumberConditions Integers() {
  NumberConditions conditions;
  conditions.integer = true;
  return conditions;
}

constexpr NumberForm kAny{.digits = 0};
constexpr NumberForm kUsual{.digits = 17};

ByteLanguage::State Walk(ByteLanguage& language, std::string_view text) {
  ByteLanguage::State state = language.Start();
  for (const char c : text) {
    if (state == ByteLanguage::kDead) break;
    state = language.Next(state, static_cast<uint8_t>(c));
  }
  return state;
}

bool IsAlive(ByteLanguage& language, std::string_view text) { return Walk(language, text) != ByteLanguage::kDead; }

bool Has(ByteLanguage& language, std::string_view text) {
  const ByteLanguage::State state = Walk(language, text);
  return state != ByteLanguage::kDead && language.Accepts(state);
}

// All texts of a small form as a tree, to be asked which of them can still be finished: the definition.
class Texts {
 public:
  explicit Texts(const NumberForm& form) : form_(form) {
    nodes_.emplace_back();
    for (const char* sign : {"", "-"}) AddMantissas(sign);
  }

  void ExpectSame(const NumberConditions& conditions, std::string_view what) {
    std::vector<char> meets;
    for (const Decimal& value : values_) meets.push_back(Meets(value, conditions));
    for (size_t i = nodes_.size(); i-- > 0;) {  // children stand behind their parents
      Node& node = nodes_[i];
      node.accepts = node.value >= 0 && meets[static_cast<size_t>(node.value)];
      node.alive = node.accepts;
      for (const auto& [byte, child] : node.children) node.alive |= nodes_[child].alive;
    }
    const std::unique_ptr<ByteLanguage> language = MakeNumberLanguage(conditions, form_);
    ASSERT_EQ(language->Start() != ByteLanguage::kDead, nodes_[0].alive) << what;
    if (nodes_[0].alive) Compare(*language, language->Start(), 0, "", what);
  }

 private:
  struct Node {
    std::map<char, size_t> children;
    int64_t value = -1;  // of the text, where it is a number
    bool accepts = false;
    bool alive = false;
  };

  void AddMantissas(const std::string& sign) {
    for (size_t digits = 1; digits <= form_.digits; ++digits) {
      int count = 1;
      for (size_t i = 0; i < digits; ++i) count *= 10;
      for (int n = 0; n < count; ++n) {
        const std::string number = std::to_string(n);
        const std::string text = std::string(digits - number.size(), '0') + number;
        for (size_t point = 1; point <= digits; ++point) {
          if (point > 1 && text[0] == '0') break;
          const std::string fraction = point < digits ? "." + text.substr(point) : "";
          AddExponents(sign + text.substr(0, point) + fraction);
        }
      }
    }
  }

  void AddExponents(const std::string& mantissa) {
    Insert(mantissa);
    if (!form_.exponents) return;
    for (const char* mark : {"e", "e+", "e-"}) {
      for (int e = 0; e < 10; ++e) Insert(mantissa + mark + std::to_string(e));
    }
  }

  void Insert(const std::string& text) {
    size_t node = 0;
    for (const char c : text) {
      const auto [child, inserted] = nodes_[node].children.emplace(c, nodes_.size());
      const size_t next = child->second;
      if (inserted) nodes_.emplace_back();
      node = next;
    }
    const Decimal value = Read(text);
    const auto [known, inserted] = ids_.emplace(value.Text(), values_.size());
    if (inserted) values_.push_back(value);
    nodes_[node].value = static_cast<int64_t>(known->second);
  }

  void Compare(ByteLanguage& language, ByteLanguage::State state, size_t index, const std::string& text,
               std::string_view what) {
    const Node& node = nodes_[index];
    ASSERT_EQ(language.Accepts(state), node.accepts) << what << ": " << text;
    for (const char byte : kBytes) {
      const auto child = node.children.find(byte);
      const bool alive = child != node.children.end() && nodes_[child->second].alive;
      const ByteLanguage::State next = language.Next(state, static_cast<uint8_t>(byte));
      ASSERT_EQ(next != ByteLanguage::kDead, alive) << what << ": " << text << byte;
      if (byte == 'e') {
        ASSERT_EQ(language.Next(state, 'E'), next);
      }
      if (alive) Compare(language, next, child->second, text + byte, what);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }

  NumberForm form_;
  std::vector<Node> nodes_;
  std::vector<Decimal> values_;
  std::map<std::string, size_t> ids_;
};

class RandomConditions {
 public:
  explicit RandomConditions(unsigned seed) : random_(seed) {}

  NumberConditions Draw() {
    NumberConditions conditions;
    if (Chance(2)) conditions.minimum = Value();
    if (Chance(2)) conditions.maximum = Value();
    if (conditions.minimum && conditions.maximum && Chance(8) == false &&
        Compare(*conditions.minimum, *conditions.maximum) > 0) {
      std::swap(conditions.minimum, conditions.maximum);
    }
    conditions.above_minimum = Chance(3);
    conditions.below_maximum = Chance(3);
    conditions.integer = Chance(4);
    conditions.not_integer = Chance(8);
    while (Chance(3)) conditions.multiples.push_back(Divisor());
    while (Chance(6)) conditions.not_multiples.push_back(Divisor());
    while (Chance(4)) conditions.excluded.push_back(Value());
    return conditions;
  }

  static std::string Describe(const NumberConditions& conditions) {
    std::string text = conditions.integer ? "integer" : "";
    if (conditions.not_integer) text += " not_integer";
    if (conditions.minimum) text += (conditions.above_minimum ? " > " : " >= ") + conditions.minimum->Text();
    if (conditions.maximum) text += (conditions.below_maximum ? " < " : " <= ") + conditions.maximum->Text();
    for (const Decimal& value : conditions.multiples) text += " * " + value.Text();
    for (const Decimal& value : conditions.not_multiples) text += " not * " + value.Text();
    for (const Decimal& value : conditions.excluded) text += " != " + value.Text();
    return text;
  }

 private:
  bool Chance(unsigned of) { return random_() % of == 0; }

  Decimal Value() {
    static const std::vector<std::string> values = {"0",    "1",    "-1",    "2",     "5",    "10",   "-10",  "0.1",
                                                    "0.15", "-0.2", "0.999", "99",    "100",  "-100", "12.3", "3.5",
                                                    "1e8",  "1e11", "1e-9",  "2e-12", "-7e9", "7.77"};
    if (Chance(2)) return Read(values[random_() % values.size()]);
    const int64_t digits = static_cast<int64_t>(random_() % 2000) - 1000;
    return Read(std::to_string(digits) + "e" + std::to_string(static_cast<int>(random_() % 8) - 4));
  }

  Decimal Divisor() {
    static const std::vector<std::string> values = {"1",    "2",    "3",    "7",  "10",  "0.1",  "0.5", "0.25",
                                                    "0.01", "2.5",  "20",   "16", "100", "0.03", "1.5", "6",
                                                    "11",   "2000", "3e-9", "30", "125", "0.008"};
    return Read(values[random_() % values.size()]);
  }

  std::mt19937 random_;
};

void CompareWithDefinition(const NumberForm& form, unsigned seed, int draws) {
  Texts texts(form);
  RandomConditions random(seed);
  for (int i = 0; i < draws; ++i) {
    const NumberConditions conditions = random.Draw();
    texts.ExpectSame(conditions, RandomConditions::Describe(conditions));
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(NumberLanguage, IsTheDefinitionForOneDigit) {
  CompareWithDefinition({.digits = 1, .exponents = true, .exponent_digits = 1}, 1, 1000);
}
TEST(NumberLanguage, IsTheDefinitionForTwoDigits) {
  CompareWithDefinition({.digits = 2, .exponents = true, .exponent_digits = 1}, 2, 300);
}
TEST(NumberLanguage, IsTheDefinitionForThreeDigits) {
  CompareWithDefinition({.digits = 3, .exponents = true, .exponent_digits = 1}, 3, 25);
}
TEST(NumberLanguage, IsTheDefinitionWithoutExponents) {
  CompareWithDefinition({.digits = 3, .exponents = false}, 4, 500);
}

// Without a bound on the digits there is no list of all texts: what is accepted is compared with the value, and whatever
// is alive has to lead to a word.
class Endless {
 public:
  Endless(const NumberConditions& conditions, const NumberForm& form, std::string what)
      : conditions_(conditions), language_(MakeNumberLanguage(conditions, form)), what_(std::move(what)) {}

  void Explore(size_t depth) {
    const ByteLanguage::State start = language_->Start();
    if (start == ByteLanguage::kDead) return;
    Explore(start, "", depth);
  }

  void ExpectEach(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      EXPECT_EQ(Has(*language_, text), Meets(Read(text), conditions_)) << what_ << ": " << text;
    }
  }

 private:
  void Explore(ByteLanguage::State state, const std::string& text, size_t depth) {
    const std::optional<Decimal> value = Decimal::Parse(text);
    ASSERT_EQ(language_->Accepts(state), value && Meets(*value, conditions_)) << what_ << ": " << text;
    ASSERT_TRUE(Finishes(state)) << what_ << ": " << text;
    if (depth == 0) return;
    for (const char byte : kBytes) {
      const ByteLanguage::State next = language_->Next(state, static_cast<uint8_t>(byte));
      if (next != ByteLanguage::kDead) Explore(next, text + byte, depth - 1);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }

  // By breadth-first search; not where that takes too many states.
  bool Finishes(ByteLanguage::State state) {
    std::vector<ByteLanguage::State> seen = {state};
    std::set<ByteLanguage::State> known = {state};
    for (size_t i = 0; i < seen.size(); ++i) {
      if (i > 2000 || finishing_.contains(seen[i]) || language_->Accepts(seen[i])) {
        finishing_.insert(state);
        return true;
      }
      for (const char byte : kBytes) {
        const ByteLanguage::State next = language_->Next(seen[i], static_cast<uint8_t>(byte));
        if (next != ByteLanguage::kDead && known.insert(next).second) seen.push_back(next);
      }
    }
    return false;
  }

  NumberConditions conditions_;
  std::unique_ptr<ByteLanguage> language_;
  std::string what_;
  std::set<ByteLanguage::State> finishing_;
};

TEST(NumberLanguage, NeverEndsInADeadEndWithoutBoundsOnDigits) {
  RandomConditions random(5);
  for (int i = 0; i < 300; ++i) {
    const NumberConditions conditions = random.Draw();
    for (const bool exponents : {true, false}) {
      const NumberForm form{.digits = 0, .exponents = exponents};
      Endless(conditions, form, RandomConditions::Describe(conditions) + (exponents ? " e" : "")).Explore(2);
      if (HasFatalFailure()) return;
    }
  }
}

// "-0" is the only number with a minus sign that a lower bound of 0 leaves: more digits never lead to another.
TEST(NumberLanguage, ABoundAtZeroEndsBesideExceptions) {
  for (const bool exponents : {true, false}) {
    for (const bool excluded : {true, false}) {
      for (const bool maximum : {true, false}) {
        NumberConditions conditions;
        (maximum ? conditions.maximum : conditions.minimum) = Read("0");
        (excluded ? conditions.excluded : conditions.not_multiples).push_back(Read(excluded ? "0" : "2"));
        const NumberForm form{.digits = 0, .exponents = exponents};
        Endless endless(conditions, form, RandomConditions::Describe(conditions));
        endless.ExpectEach({"0", "-0", "0.0", "-0.00", "1", "-1", "2", "-2", "0.5", "-0.5"});
        endless.Explore(2);
      }
    }
  }
}

TEST(NumberLanguage, HasEveryTextOfAValueThatMeetsTheConditions) {
  std::mt19937 random(6);
  std::vector<std::string> texts;
  const auto digits = [&](unsigned most) {
    std::string text;
    for (size_t n = 1 + random() % most; n > 0; --n)
      text += static_cast<char>('0' + (random() % 3 ? random() % 10 : 0));
    return text;
  };
  while (texts.size() < 2000) {
    std::string text = random() % 3 == 0 ? "-" : "";
    text += random() % 3 == 0 ? "0" : std::to_string(1 + random() % 9) + (random() % 2 ? digits(5) : "");
    if (random() % 2) text += "." + digits(6);
    if (random() % 2) text += std::string(1, "eE"[random() % 2]) + std::vector{"", "-", "+"}[random() % 3] + digits(2);
    ASSERT_TRUE(Decimal::Parse(text)) << text;
    texts.push_back(text);
  }
  RandomConditions conditions(7);
  for (int i = 0; i < 200; ++i) {
    const NumberConditions drawn = conditions.Draw();
    for (const NumberForm& form : {kAny, kUsual, NumberForm{.digits = 20}}) {
      Endless(drawn, form, RandomConditions::Describe(drawn)).ExpectEach(texts);
    }
  }
}

void ExpectWords(ByteLanguage& language, const std::vector<std::string>& words,
                 const std::vector<std::string>& others) {
  for (const std::string& word : words) EXPECT_TRUE(Has(language, word)) << word;
  for (const std::string& other : others) EXPECT_FALSE(Has(language, other)) << other;
}

void ExpectDead(ByteLanguage& language, const std::vector<std::string>& prefixes) {
  for (const std::string& prefix : prefixes) EXPECT_FALSE(IsAlive(language, prefix)) << prefix;
}

TEST(NumberLanguage, AnyNumberAsPythonAndJavaScriptWriteIt) {
  const auto language = MakeNumberLanguage({}, kAny);
  ExpectWords(*language,
              {"0", "-0", "1e-07", "1e+16", "1.5e+300", "-0.0", "1E5", "0e0", "123456789012345678901234567890.5"},
              {"", "-", "1.", "1.e5", "1e", "1e+", "01", "+1", ".5", "0x1", "NaN"});
  ExpectDead(*language, {"00", "01", "-01", "+", ".", "--", "1.e", "1ee", "1e++", "1e1.", "1..", "-.", " "});
  EXPECT_TRUE(IsAlive(*language, "1."));
}

TEST(NumberLanguage, IntegersHoweverTheyAreWritten) {
  for (const NumberForm& form : {kAny, kUsual}) {
    const auto language = MakeNumberLanguage(Integers(), form);
    ExpectWords(*language, {"0", "-0", "7", "1.0", "1e2", "1.5e1", "10e-1", "0.00", "0e-5", "1200e-2", "-3.0"},
                {"1.5", "15e-1", "1e-1", "0.1", "1200e-3"});
    ExpectDead(*language, {"1e-1", "10e-2", "1.23e1-", "1.5e-1"});
    EXPECT_TRUE(IsAlive(*language, "1.5"));
    EXPECT_TRUE(IsAlive(*language, "1.5e"));
  }
  const auto plain = MakeNumberLanguage(Integers(), {.digits = 5, .exponents = false});
  ExpectWords(*plain, {"12", "1.0", "-0", "12345", "1.0000"}, {"123456", "1.00000"});
  ExpectDead(*plain, {"1.5", "1e", "0.1", "123456", "12345."});
}

TEST(NumberLanguage, BoundsAreExactToTheLastDigit) {
  const auto language = MakeNumberLanguage(Between("18446744073709551617", "18446744073709551619"), {.digits = 20});
  ExpectWords(*language, {"18446744073709551617", "18446744073709551618", "1844674407370955161.8e1"},
              {"18446744073709551616", "18446744073709551620"});
  ExpectDead(*language, {"18446744073709551616", "1844674407370955162", "2", "-"});
  // The lower bound is out of reach of 17 digits, and no number of them lies between.
  EXPECT_EQ(MakeNumberLanguage(Between("18446744073709551617", "18446744073709551619"), kUsual)->Start(),
            ByteLanguage::kDead);
  EXPECT_TRUE(Has(*MakeNumberLanguage(From("18446744073709551617"), kUsual), "1.8446744073709552e19"));
  EXPECT_FALSE(IsAlive(*MakeNumberLanguage(From("18446744073709551617"), {.digits = 17, .exponents = false}), "1"));
}

TEST(NumberLanguage, ZeroHasNoSign) {
  NumberConditions above = From("0");
  const auto at_least = MakeNumberLanguage(above, kAny);
  ExpectWords(*at_least, {"-0", "0", "-0.0", "-0e5", "5"}, {"-1"});
  ExpectDead(*at_least, {"-1", "-0.1"});
  above.above_minimum = true;
  const auto positive = MakeNumberLanguage(above, kAny);
  ExpectWords(*positive, {"0.1", "1e-300", "0.0000001"}, {"0", "0.0"});
  ExpectDead(*positive, {"-", "0e"});
  NumberConditions below;
  below.maximum = Read("0");
  below.below_maximum = true;
  const auto negative = MakeNumberLanguage(below, kUsual);
  ExpectDead(*negative, {"0", "1", "-0e", "-00"});
  ExpectWords(*negative, {"-0.1", "-5e-300"}, {"-0"});
}

TEST(NumberLanguage, DigitsThatAreLeftDecide) {
  NumberConditions tenths = Between("0.995", "0.9955");
  tenths.above_minimum = true;
  const auto language = MakeNumberLanguage(tenths, {.digits = 5, .exponents = false});
  ExpectWords(*language, {"0.9951", "0.9955"}, {"0.995"});
  ExpectDead(*language, {"0.9950", "0.9956", "1"});
  const auto with_exponents = MakeNumberLanguage(tenths, {.digits = 4, .exponents = true});
  ExpectWords(*with_exponents, {"9951e-4", "9.951e-1"}, {});
  ExpectDead(*with_exponents, {"0.995", "9950"});
}

TEST(NumberLanguage, MultiplesAreThoseOfDecimals) {
  const auto cents = MakeNumberLanguage(MultipleOf("0.01"), kAny);
  ExpectWords(*cents, {"19.99", "0.07", "1e-2", "4.350", "-19.99", "1.13e100"}, {"19.995", "1e-3"});
  const auto plain = MakeNumberLanguage(MultipleOf("0.01"), {.digits = 0, .exponents = false});
  ExpectDead(*plain, {"19.995", "0.001"});
  ExpectWords(*plain, {"19.990000"}, {});
  const auto tiny = MakeNumberLanguage(MultipleOf("1e-7"), kUsual);
  ExpectWords(*tiny, {"1e-7", "1e-07", "0.0000003", "12"}, {"1e-8", "15e-8"});
  const auto huge = MakeNumberLanguage(MultipleOf("1e308"), kUsual);
  ExpectWords(*huge, {"0", "1e308", "1.2e309", "0.5e309"}, {"1", "1e307", "1.25e309"});
  EXPECT_TRUE(IsAlive(*huge, "5"));
  const auto huge_in_full = MakeNumberLanguage(MultipleOf("1e308"), {.digits = 0, .exponents = false});
  EXPECT_TRUE(Has(*huge_in_full, "1" + std::string(308, '0')));
  EXPECT_FALSE(Has(*huge_in_full, "1" + std::string(307, '0')));
  const auto none = MakeNumberLanguage(MultipleOf("1e308"), {.digits = 17, .exponents = false});
  ExpectWords(*none, {"0", "0.0", "-0"}, {});
  ExpectDead(*none, {"1"});
}

TEST(NumberLanguage, TheLargestDoubleAsABound) {
  const NumberConditions doubles = Between("-1.7976931348623157e308", "1.7976931348623157e308");
  for (const NumberForm& form : {kAny, kUsual}) {
    const auto language = MakeNumberLanguage(doubles, form);
    ExpectWords(*language, {"1.7976931348623157e308", "-17976931348623157e292", "0", "5e-324", "123.456"},
                {"1.7976931348623158e308", "1e309"});
    ExpectDead(*language, {"1e309", "1.8e308"});
  }
}

// Counts the states that lie within `steps` of the start.
size_t States(ByteLanguage& language, size_t steps) {
  std::set<ByteLanguage::State> known = {language.Start()};
  std::vector<ByteLanguage::State> last = {language.Start()};
  for (size_t i = 0; i < steps; ++i) {
    std::vector<ByteLanguage::State> next;
    for (const ByteLanguage::State state : last) {
      for (const char byte : kBytes) {
        const ByteLanguage::State reached = language.Next(state, static_cast<uint8_t>(byte));
        if (reached != ByteLanguage::kDead && known.insert(reached).second) next.push_back(reached);
      }
    }
    last = std::move(next);
  }
  return known.size();
}

TEST(NumberLanguage, StatesThatGoOnAlikeAreOne) {
  EXPECT_LE(States(*MakeNumberLanguage({}, kAny), 40), 50u);
  EXPECT_LE(States(*MakeNumberLanguage({}, kUsual), 40), 120u);
  EXPECT_LE(States(*MakeNumberLanguage(Integers(), {.digits = 0, .exponents = false}), 40), 16u);
  NumberConditions bytes = Between("0", "1000000000");
  bytes.integer = true;
  EXPECT_LE(States(*MakeNumberLanguage(bytes, {.digits = 17, .exponents = false}), 40), 300u);
  EXPECT_LE(States(*MakeNumberLanguage(Between("0", "100"), {.digits = 17, .exponents = false}), 40), 400u);
}

TEST(NumberLanguage, AllowedAreTheBytesThatGoOn) {
  const auto language = MakeNumberLanguage(Between("1", "12"), {.digits = 3, .exponents = true, .exponent_digits = 1});
  const ByteSet allowed = language->Allowed(Walk(*language, "1"));
  for (int byte = 0; byte < 256; ++byte) {
    const bool goes_on = std::string_view("0123456789.eE").find(static_cast<char>(byte)) != std::string_view::npos;
    EXPECT_EQ(allowed.Has(static_cast<uint8_t>(byte)), goes_on && byte != 0) << byte;
  }
}

TEST(NumberLanguage, RefusesWhatIsTooLargeByName) {
  for (const char* divisor : {"1e2000", "1e-2000"}) {
    try {
      MakeNumberLanguage(MultipleOf(divisor), kAny);
      ADD_FAILURE() << divisor;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), ErrorCategory::kUnsupported);
      EXPECT_NE(std::string(error.what()).find("1100"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace sheepop::grammar
