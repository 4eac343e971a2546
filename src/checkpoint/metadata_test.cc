#include "checkpoint/metadata.h"

#include <gtest/gtest.h>

#include "base/error_matchers.h"

namespace sheepop {
namespace {

using Type = Metadata::GgufType;

Metadata Sample() {
  Metadata m;
  m.Set("u8", Type::kUint8, uint64_t{7});
  m.Set("i64", Type::kInt64, int64_t{-5});
  m.Set("huge", Type::kUint64, UINT64_MAX);
  m.Set("f", Type::kFloat32, 0.5);
  m.Set("b", Type::kBool, true);
  m.Set("s", Type::kString, std::string("text"));
  m.Set("strings", Type::kString, std::vector<std::string>{"a", "b"});
  m.Set("u32s", Type::kUint32, std::vector<uint64_t>{1, 2});
  m.Set("huges", Type::kUint64, std::vector<uint64_t>{1, UINT64_MAX});
  m.Set("floats", Type::kFloat32, std::vector<double>{0.25});
  return m;
}

TEST(Metadata, ReadsByType) {
  const Metadata m = Sample();
  EXPECT_EQ(m.Int("u8"), 7);
  EXPECT_EQ(m.Int("i64"), -5);
  EXPECT_EQ(m.Float("u8"), 7.0);
  EXPECT_EQ(m.Float("f"), 0.5);
  EXPECT_EQ(m.Bool("b"), true);
  EXPECT_EQ(*m.String("s"), "text");
  EXPECT_EQ(m.Strings("strings")->size(), 2u);
  EXPECT_EQ(m.Ints("u32s"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(m.Floats("u32s"), (std::vector<double>{1, 2}));
  EXPECT_EQ(m.Floats("floats"), (std::vector<double>{0.25}));
}

TEST(Metadata, AbsentKeysAreEmptyUnlessRequired) {
  const Metadata m = Sample();
  EXPECT_EQ(m.Int("absent"), std::nullopt);
  EXPECT_EQ(m.String("absent"), nullptr);
  EXPECT_EQ(m.Floats("absent"), std::nullopt);
  ExpectError([&] { m.RequireInt("llama.block_count"); }, ErrorCategory::kCorrupt,
              {"\"llama.block_count\"", "missing"});
  ExpectError([&] { m.RequireString("absent"); }, ErrorCategory::kCorrupt, {"\"absent\"", "missing"});
}

TEST(Metadata, WrongTypesNameKeyAndBothTypes) {
  const Metadata m = Sample();
  ExpectError([&] { m.Int("s"); }, ErrorCategory::kCorrupt, {"\"s\"", "of type string", "an integer"});
  ExpectError([&] { m.Int("u32s"); }, ErrorCategory::kCorrupt, {"\"u32s\"", "an array of uint32", "an integer"});
  ExpectError([&] { m.Strings("s"); }, ErrorCategory::kCorrupt, {"\"s\"", "an array of strings"});
  ExpectError([&] { m.Bool("u8"); }, ErrorCategory::kCorrupt, {"\"u8\"", "uint8", "a bool"});
  ExpectError([&] { m.Ints("floats"); }, ErrorCategory::kCorrupt, {"\"floats\"", "an array of float32"});
  ExpectError([&] { m.RequireFloat("s"); }, ErrorCategory::kCorrupt, {"\"s\"", "a number"});
}

TEST(Metadata, IntegersThatDoNotFitAreRefused) {
  const Metadata m = Sample();
  ExpectError([&] { m.Int("huge"); }, ErrorCategory::kCorrupt, {"\"huge\"", "18446744073709551615"});
  ExpectError([&] { m.Ints("huges"); }, ErrorCategory::kCorrupt, {"\"huges\"", "18446744073709551615"});
}

TEST(Metadata, SetReplacesAndRemoveKeepsTheRestFindable) {
  Metadata m = Sample();
  m.Set("s", Type::kString, std::string("new"));
  EXPECT_EQ(*m.String("s"), "new");
  EXPECT_EQ(m.entries().size(), 10u);
  m.Remove("i64");
  m.Remove("absent");
  EXPECT_EQ(m.entries().size(), 9u);
  EXPECT_EQ(m.Find("i64"), nullptr);
  for (const Metadata::Entry& entry : m.entries()) EXPECT_EQ(m.Find(entry.key), &entry);
}

}  // namespace
}  // namespace sheepop
