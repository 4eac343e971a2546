#include "sample/idle_options.h"

#include <gtest/gtest.h>

namespace sheepop {
namespace {

std::string Reason(std::string_view row, std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
  SamplingOptions options;
  for (const auto& [name, value] : values) kSamplingTable.Set(options, name, value);
  return IdleReason(options, kSamplingTable.Named(row), true);
}

TEST(IdleOptions, ASettingOfAStepThatIsOff) {
  EXPECT_EQ(Reason("mirostat_tau", {}), "--mirostat is 0");
  EXPECT_EQ(Reason("mirostat_tau", {{"mirostat", "1"}}), "");
  EXPECT_EQ(Reason("xtc_threshold", {}), "--xtc-probability is 0");
  EXPECT_EQ(Reason("dry_breakers", {{"dry_multiplier", "1"}}), "");
  EXPECT_EQ(Reason("penalty_scope", {}),
            "--repeat-penalty is 1 and --presence-penalty is 0 and --frequency-penalty is 0");
  EXPECT_EQ(Reason("penalty_scope", {{"frequency_penalty", "1"}}), "");
}

TEST(IdleOptions, AFilterThatMirostatReplaces) {
  EXPECT_EQ(Reason("top_k", {{"mirostat", "2"}}), "--mirostat is 2");
  EXPECT_EQ(Reason("temperature", {{"mirostat", "2"}}), "");
  EXPECT_EQ(Reason("top_k", {{"mirostat", "2"}, {"samplers", "top_k;mirostat"}}), "");
  EXPECT_EQ(Reason("banned", {{"mirostat", "2"}}), "");
}

TEST(IdleOptions, AStepThatSamplersLeavesOut) {
  EXPECT_EQ(Reason("top_p", {{"samplers", "top_k;temperature"}}), "--samplers does not name top_p");
  EXPECT_EQ(Reason("epsilon_cutoff", {{"samplers", "epsilon"}}), "");
  EXPECT_EQ(Reason("presence_penalty", {{"samplers", "penalties"}}), "");
  EXPECT_EQ(Reason("presence_penalty", {{"samplers", "repetition"}}), "--samplers does not name presence");
  EXPECT_EQ(Reason("temperature", {{"samplers", "top_k"}, {"temperature", "0"}}), "");
  EXPECT_EQ(Reason("temperature", {{"samplers", "top_k"}, {"temperature", "2"}}),
            "--samplers does not name temperature");
}

TEST(IdleOptions, ASettingOfAShapeThatNobodyAsksFor) {
  EXPECT_EQ(Reason("any_order", {}), "--json-schema was not given and --grammar was not given");
  EXPECT_EQ(Reason("any_order", {{"json_schema", "{}"}}), "");
  EXPECT_EQ(Reason("digits", {{"grammar", "root ::= [0-9]"}}), "--grammar has no schema (%json)");
  EXPECT_EQ(Reason("digits", {{"grammar", "start: %json {}"}}), "");
  EXPECT_NE(Reason("forced_runs", {}), "");
  EXPECT_EQ(Reason("forced_runs", {{"choice", "a"}}), "");
  EXPECT_EQ(Reason("thinking_open", {}), "--thinking-close was not given");
  EXPECT_NE(Reason("thinking_close", {}), "");
  EXPECT_EQ(Reason("thinking_close", {{"thinking_budget", "5"}}), "");
  EXPECT_EQ(Reason("thinking_close", {{"regex", "a"}}), "");
}

TEST(IdleOptions, OneWarningForEachThatWasGiven) {
  const OptionRow* given[] = {&kSamplingTable.Named("top_k"), &kSamplingTable.Named("dry_base")};
  const std::vector<Warning> warnings = IdleOptions({}, given, true);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0].code, "no_effect");
  EXPECT_EQ(warnings[0].line, "--dry-base is 1.75 and changes nothing, for --dry-multiplier is 0");
}

// A misspelt name in a row would throw only when somebody gives it.
TEST(IdleOptions, EveryRowHasAnAnswer) {
  for (const OptionRow& row : kSamplingRows) EXPECT_NO_THROW(IdleReason({}, row, false)) << row.name;
}

}  // namespace
}  // namespace sheepop
