#include "checkpoint/gguf.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <string>

#include "base/error_matchers.h"
#include "checkpoint/gguf_writer.h"
#include "testing/paths.h"

namespace sheepop {
namespace {

using Type = Metadata::GgufType;
constexpr auto kCorrupt = ErrorCategory::kCorrupt;
constexpr auto kUnsupported = ErrorCategory::kUnsupported;

// A GGUF file put together field by field.
class Bytes {
 public:
  template <typename T>
  Bytes& Put(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  Bytes& Raw(std::string_view text) {
    text_ += text;
    return *this;
  }
  Bytes& Str(std::string_view text) { return Put<uint64_t>(text.size()).Raw(text); }
  Bytes& Header(uint64_t tensors, uint64_t entries, uint32_t version = 3) {
    return Raw("GGUF").Put(version).Put(tensors).Put(entries);
  }
  Bytes& Key(std::string_view key, Type type) { return Str(key).Put(type); }
  Bytes& Tensor(std::string_view name, const std::vector<uint64_t>& dimensions, uint32_t type, uint64_t offset) {
    Str(name).Put(static_cast<uint32_t>(dimensions.size()));
    for (uint64_t size : dimensions) Put(size);
    return Put(type).Put(offset);
  }
  Bytes& PadTo(size_t multiple) {
    text_.resize((text_.size() + multiple - 1) / multiple * multiple);
    return *this;
  }
  std::span<const std::byte> span() const { return std::as_bytes(std::span(text_)); }

 private:
  std::string text_;
};

void ExpectRefused(const Bytes& bytes, ErrorCategory category, std::initializer_list<std::string_view> parts) {
  ExpectError([&] { GgufFile::Parse(bytes.span(), "m.gguf"); }, category, parts);
}

// One F32 tensor, with whatever its entry says; the data section holds 64 bytes.
Bytes OneTensor(const std::vector<uint64_t>& dimensions, uint32_t type, uint64_t offset) {
  return Bytes().Header(1, 0).Tensor("w", dimensions, type, offset).PadTo(32).Raw(std::string(64, '\1'));
}

TEST(Gguf, ReadsEveryValueType) {
  Bytes bytes;
  bytes.Header(0, 14, 2);
  bytes.Key("u8", Type::kUint8).Put<uint8_t>(255);
  bytes.Key("i8", Type::kInt8).Put<int8_t>(-1);
  bytes.Key("u16", Type::kUint16).Put<uint16_t>(65535);
  bytes.Key("i16", Type::kInt16).Put<int16_t>(-2);
  bytes.Key("u32", Type::kUint32).Put<uint32_t>(4000000000);
  bytes.Key("i32", Type::kInt32).Put<int32_t>(-3);
  bytes.Key("u64", Type::kUint64).Put<uint64_t>(1ull << 40);
  bytes.Key("i64", Type::kInt64).Put<int64_t>(-4);
  bytes.Key("f32", Type::kFloat32).Put(0.5f);
  bytes.Key("f64", Type::kFloat64).Put(0.25);
  bytes.Key("bool", Type::kBool).Put<uint8_t>(1);
  bytes.Key("string", Type::kString).Str(std::string_view("a\0\xff", 3));
  bytes.Key("strings", Type::kArray).Put(Type::kString).Put<uint64_t>(2).Str("x").Str("");
  bytes.Key("bools", Type::kArray).Put(Type::kBool).Put<uint64_t>(2).Put<uint8_t>(0).Put<uint8_t>(1);
  const GgufFile file = GgufFile::Parse(bytes.span());
  const Metadata& m = file.metadata();
  EXPECT_EQ(file.version(), 2u);
  EXPECT_EQ(m.Int("u8"), 255);
  EXPECT_EQ(m.Int("i8"), -1);
  EXPECT_EQ(m.Int("u16"), 65535);
  EXPECT_EQ(m.Int("i16"), -2);
  EXPECT_EQ(m.Int("u32"), 4000000000);
  EXPECT_EQ(m.Int("i32"), -3);
  EXPECT_EQ(m.Int("u64"), 1ll << 40);
  EXPECT_EQ(m.Int("i64"), -4);
  EXPECT_EQ(m.Float("f32"), 0.5);
  EXPECT_EQ(m.Float("f64"), 0.25);
  EXPECT_EQ(m.Bool("bool"), true);
  EXPECT_EQ(*m.String("string"), std::string("a\0\xff", 3));
  EXPECT_EQ(*m.Strings("strings"), (std::vector<std::string>{"x", ""}));
  EXPECT_EQ(std::get<std::vector<uint8_t>>(m.Find("bools")->value), (std::vector<uint8_t>{0, 1}));
  EXPECT_TRUE(file.tensors().empty());
}

// Two tensors of one row of 256 values, the first of which has `room` bytes.
Bytes TwoTensors(uint32_t type, uint64_t room, uint64_t last) {
  return Bytes()
      .Header(2, 0)
      .Tensor("a", {256}, type, 0)
      .Tensor("b", {256}, type, room)
      .PadTo(32)
      .Raw(std::string(room + last, '\1'));
}

TEST(Gguf, NumbersThatForksHaveToldApartByTheRoomOfATensor) {
  const auto types = [](const Bytes& bytes) {
    const GgufFile file = GgufFile::Parse(bytes.span());
    EXPECT_EQ(file.tensors()[0].type, file.tensors()[1].type);
    EXPECT_EQ(file.tensors()[1].bytes.size(), RowBytes(file.tensors()[1].type, 256));
    return file.tensors()[0].type;
  };
  EXPECT_EQ(types(TwoTensors(40, 160, 144)), DType::kNVFP4);
  EXPECT_EQ(types(TwoTensors(40, 64, 64)), DType::kQ1_0);
  EXPECT_EQ(types(TwoTensors(41, 64, 36)), DType::kQ1_0);
  EXPECT_EQ(types(TwoTensors(41, 96, 96)), DType::kQ2_0);
  EXPECT_EQ(types(TwoTensors(42, 96, 72)), DType::kQ2_0);
  ExpectRefused(TwoTensors(41, 128, 64), kUnsupported,
                {"\"a\"", "number 41", "Q1_0", "Q2_0", "the 128 bytes", "[256]"});
  ExpectRefused(TwoTensors(40, 64, 35), kUnsupported, {"\"b\"", "number 40", "NVFP4", "Q1_0", "the 35 bytes"});
  ExpectRefused(TwoTensors(42, 96, 71), kCorrupt, {"\"b\"", "its 72 bytes at offset 96 leave the file"});
  ExpectRefused(OneTensor({32}, 41, 0), kUnsupported, {"\"w\"", "[32] as neither"});
  ExpectRefused(OneTensor({uint64_t{1} << 40, 1 << 22}, 40, 0), kUnsupported, {"\"w\"", "as neither"});
}

TEST(Gguf, TensorsPointIntoTheBytesOutermostDimensionFirst) {
  Bytes bytes;
  bytes.Header(2, 1).Key("general.alignment", Type::kUint32).Put<uint32_t>(64);
  bytes.Tensor("a", {2, 3}, 0, 0).Tensor("b", {32, 1}, 8, 64).PadTo(64);
  const size_t data = bytes.span().size();
  bytes.Raw(std::string(24, 'a')).PadTo(64).Raw(std::string(34, 'b'));
  const GgufFile file = GgufFile::Parse(bytes.span());
  ASSERT_EQ(file.tensors().size(), 2u);
  const TensorInfo& a = *file.Find("a");
  EXPECT_EQ(a.shape, (std::vector<uint64_t>{3, 2}));
  EXPECT_EQ(a.bytes.data(), bytes.span().data() + data);
  EXPECT_EQ(a.bytes.size(), 24u);
  const TensorInfo& b = *file.Find("b");
  EXPECT_EQ(b.type, DType::kQ8_0);
  EXPECT_EQ(b.bytes.data(), bytes.span().data() + data + 64);
  EXPECT_EQ(b.bytes.size(), 34u);
  EXPECT_EQ(file.Find("c"), nullptr);
}

TEST(Gguf, EveryCutIsRefused) {
  Bytes bytes;
  bytes.Header(1, 2).Key("k", Type::kString).Str("value");
  bytes.Key("a", Type::kArray).Put(Type::kUint16).Put<uint64_t>(3).Put<uint16_t>(1).Put<uint16_t>(2).Put<uint16_t>(3);
  bytes.Tensor("w", {4}, 0, 0).PadTo(32).Raw(std::string(16, 'x'));
  EXPECT_NO_THROW(GgufFile::Parse(bytes.span()));
  for (size_t size = 0; size < bytes.span().size(); ++size) {
    EXPECT_THROW(GgufFile::Parse(bytes.span().first(size)), Error) << size;
  }
  ExpectError([&] { GgufFile::Parse(bytes.span().first(14), "m.gguf"); }, kCorrupt,
              {"m.gguf", "header", "the tensor count", "byte 8 of 14", "cut short"});
}

TEST(Gguf, RefusesVersions) {
  ExpectRefused(Bytes().Header(0, 0, 1), kUnsupported, {"m.gguf", "version 1"});
  ExpectRefused(Bytes().Header(0, 0, 4), kUnsupported, {"version 4"});
  ExpectRefused(Bytes().Raw("GGUF").Put<uint32_t>(0x03000000).Put<uint64_t>(0), kUnsupported, {"big-endian"});
}

TEST(Gguf, RefusesCounts) {
  ExpectRefused(Bytes().Header(UINT64_MAX, 0), kCorrupt, {"header", "the tensor count is 18446744073709551615"});
  ExpectRefused(Bytes().Header(0, 1ull << 60), kCorrupt, {"header", "the metadata count is 1152921504606846976"});
  ExpectRefused(Bytes().Header(0, 1).Raw("short"), kCorrupt, {"the metadata count is 1", "5 bytes left", "cut short"});
}

TEST(Gguf, RefusesLengths) {
  ExpectRefused(Bytes().Header(0, 1).Put<uint64_t>(UINT64_MAX).Raw("keykey"), kCorrupt,
                {"metadata entry 1 of 1", "the key is 18446744073709551615 bytes long", "65535"});
  ExpectRefused(Bytes().Header(0, 1).Put<uint64_t>(60000).Raw("keykey"), kCorrupt,
                {"the key is 60000 bytes long, but only 6"});
  ExpectRefused(Bytes().Header(0, 1).Key("k", Type::kString).Put<uint64_t>(UINT64_MAX - 7), kCorrupt,
                {"metadata key \"k\"", "the string is 18446744073709551608 bytes long, but only 0"});
  ExpectRefused(Bytes().Header(0, 1).Key("k", Type::kArray).Put(Type::kUint64).Put<uint64_t>(1ull << 61), kCorrupt,
                {"metadata key \"k\"", "the array length is 2305843009213693952"});
  ExpectRefused(Bytes().Header(0, 1).Key("k", Type::kArray).Put(Type::kString).Put<uint64_t>(1).Put<uint64_t>(9),
                kCorrupt, {"metadata key \"k\"", "an array string is 9 bytes long"});
}

TEST(Gguf, RefusesValueTypes) {
  ExpectRefused(Bytes().Header(0, 1).Key("k", Type{13}).Put<uint8_t>(0), kCorrupt, {"\"k\"", "value type 13"});
  ExpectRefused(Bytes().Header(0, 1).Key("k", Type::kArray).Put<uint32_t>(77).Put<uint64_t>(0), kCorrupt,
                {"\"k\"", "element type 77"});
  ExpectRefused(Bytes().Header(0, 1).Key("k", Type::kArray).Put(Type::kArray).Put<uint64_t>(1), kUnsupported,
                {"\"k\"", "nested arrays"});
  ExpectRefused(Bytes().Header(0, 1).Key("k", Type::kBool).Put<uint8_t>(2), kCorrupt, {"\"k\"", "bool holds 2"});
}

TEST(Gguf, RefusesDuplicates) {
  ExpectRefused(Bytes().Header(0, 2).Key("k", Type::kUint8).Put<uint8_t>(0).Key("k", Type::kUint8).Put<uint8_t>(0),
                kCorrupt, {"metadata key \"k\"", "appears twice"});
  ExpectRefused(Bytes().Header(2, 0).Tensor("w", {8}, 0, 0).Tensor("w", {8}, 0, 32).PadTo(32).Raw(std::string(64, 0)),
                kCorrupt, {"tensor \"w\"", "appears twice"});
}

TEST(Gguf, RefusesAlignments) {
  for (uint32_t alignment : {0u, 3u, 48u, 1u << 31, UINT32_MAX}) {
    ExpectRefused(Bytes().Header(0, 1).Key("general.alignment", Type::kUint32).Put(alignment), kCorrupt,
                  {"m.gguf", "general.alignment", std::to_string(alignment), "power of two"});
  }
  ExpectRefused(Bytes().Header(0, 1).Key("general.alignment", Type::kString).Str("32"), kCorrupt,
                {"general.alignment", "string", "integer"});
  ExpectRefused(Bytes().Header(0, 1).Key("general.alignment", Type::kInt32).Put<int32_t>(-32), kCorrupt,
                {"general.alignment", "-32"});
}

TEST(Gguf, RefusesShapes) {
  EXPECT_NO_THROW(GgufFile::Parse(OneTensor({16}, 0, 0).span()));
  ExpectRefused(OneTensor({}, 0, 0), kCorrupt, {"tensor \"w\"", "0 dimensions"});
  ExpectRefused(OneTensor({1, 1, 1, 1, 1}, 0, 0), kCorrupt, {"tensor \"w\"", "5 dimensions"});
  ExpectRefused(OneTensor({4, 0}, 0, 0), kCorrupt, {"tensor \"w\"", "dimension of 0", "[0, 4]"});
  ExpectRefused(OneTensor({1ull << 32, 1ull << 32}, 0, 0), kCorrupt, {"tensor \"w\"", "shape", "more elements"});
  ExpectRefused(OneTensor({UINT64_MAX}, 0, 0), kCorrupt, {"tensor \"w\"", "18446744073709551615", "more elements"});
  ExpectRefused(OneTensor({1ull << 62}, 0, 0), kCorrupt, {"tensor \"w\"", "its size", "past 2^63"});
  ExpectRefused(OneTensor({33}, 8, 0), kCorrupt, {"tensor \"w\"", "rows of 33", "32 Q8_0"});
}

TEST(Gguf, RefusesTypesByName) {
  ExpectRefused(OneTensor({256}, 16, 0), kUnsupported, {"tensor \"w\"", "IQ2_XXS", "number 16", "IQ4_XS"});
  ExpectRefused(OneTensor({256}, 29, 0), kUnsupported, {"IQ1_M", "tables", "Q2_K"});
  ExpectRefused(OneTensor({256}, 12345, 0), kUnsupported, {"tensor \"w\"", "unknown", "12345"});
  ExpectRefused(OneTensor({4}, 26, 0), kUnsupported, {"tensor \"w\"", "I32"});
}

TEST(Gguf, RefusesOffsets) {
  ExpectRefused(OneTensor({16}, 0, 4), kCorrupt, {"tensor \"w\"", "offset 4", "alignment 32"});
  ExpectRefused(OneTensor({16}, 0, 32), kCorrupt, {"tensor \"w\"", "64 bytes at offset 32", "64 bytes"});
  ExpectRefused(OneTensor({16}, 0, UINT64_MAX - 31), kCorrupt, {"tensor \"w\"", "18446744073709551584"});
  ExpectRefused(OneTensor({17}, 0, 0), kCorrupt, {"tensor \"w\"", "68 bytes at offset 0", "cut short"});
  ExpectRefused(Bytes().Header(2, 0).Tensor("a", {16}, 0, 0).Tensor("b", {8}, 0, 32).PadTo(32).Raw(std::string(64, 0)),
                kCorrupt, {"tensor \"b\"", "offset 32", "inside tensor \"a\""});
}

TEST(Gguf, RefusesPartsOfASplitModel) {
  ExpectRefused(Bytes().Header(0, 1).Key("split.count", Type::kUint16).Put<uint16_t>(3), kUnsupported,
                {"split.count", "3 parts", "llama-gguf-split --merge"});
  EXPECT_NO_THROW(GgufFile::Parse(Bytes().Header(0, 1).Key("split.count", Type::kUint16).Put<uint16_t>(1).span()));
}

TEST(Gguf, NamesInErrorsAreHarmless) {
  ExpectRefused(Bytes().Header(0, 1).Key("\x1b[2J\xff\"", Type{99}).Put<uint8_t>(0), kCorrupt,
                {"\"\\x1b[2J\xef\xbf\xbd\\\"\""});
}

class GgufFiles : public ::testing::Test {
 protected:
  GgufFiles() : path_(std::filesystem::path(::testing::TempDir()) / "sheepop_gguf_test.gguf") {}
  ~GgufFiles() override { std::filesystem::remove(path_); }
  std::filesystem::path path_;
};

Metadata SampleMetadata() {
  Metadata m;
  m.Set("general.architecture", Type::kString, std::string("llama"));
  m.Set("u8", Type::kUint8, uint64_t{200});
  m.Set("i16", Type::kInt16, int64_t{-300});
  m.Set("f32", Type::kFloat32, 0.5);
  m.Set("bool", Type::kBool, true);
  m.Set("u64s", Type::kUint64, std::vector<uint64_t>{1, UINT64_MAX});
  m.Set("i32s", Type::kInt32, std::vector<int64_t>{-1, 2});
  m.Set("f64s", Type::kFloat64, std::vector<double>{1.0 / 3});
  m.Set("bools", Type::kBool, std::vector<uint8_t>{1, 0});
  m.Set("strings", Type::kString, std::vector<std::string>{"", "b", std::string(1000, 'c')});
  return m;
}

TEST_F(GgufFiles, RoundTrip) {
  const std::string a(24, 'a'), b(34 * 2, 'b');
  GgufWriter writer(path_, SampleMetadata(), {{"a", DType::kF32, {3, 2}}, {"b", DType::kQ8_0, {2, 32}}});
  writer.Append("a", std::as_bytes(std::span(a)).first(10));
  writer.Append("a", std::as_bytes(std::span(a)).subspan(10));
  writer.Append("b", std::as_bytes(std::span(b)));
  EXPECT_FALSE(std::filesystem::exists(path_));
  writer.Commit();

  const GgufFile file = GgufFile::Open(path_);
  EXPECT_EQ(file.version(), 3u);
  const Metadata expected = SampleMetadata();
  ASSERT_EQ(file.metadata().entries().size(), expected.entries().size());
  for (size_t i = 0; i < expected.entries().size(); ++i) {
    EXPECT_EQ(file.metadata().entries()[i].key, expected.entries()[i].key);
    EXPECT_EQ(file.metadata().entries()[i].type, expected.entries()[i].type);
    EXPECT_EQ(file.metadata().entries()[i].value, expected.entries()[i].value) << expected.entries()[i].key;
  }
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[1].shape, (std::vector<uint64_t>{2, 32}));
  EXPECT_EQ(std::memcmp(file.Find("a")->bytes.data(), a.data(), a.size()), 0);
  EXPECT_EQ(std::memcmp(file.Find("b")->bytes.data(), b.data(), b.size()), 0);
  for (const TensorInfo& tensor : file.tensors()) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.bytes.data()) % 32, 0u);
    file.Release(tensor);
    EXPECT_EQ(tensor.bytes[0], std::byte{static_cast<uint8_t>(tensor.name[0])});
  }
  EXPECT_EQ(std::filesystem::file_size(path_) % 32, 0u);
}

TEST_F(GgufFiles, WriterHonoursTheAlignmentKey) {
  Metadata m;
  m.Set("general.alignment", Type::kUint32, uint64_t{8192});
  GgufWriter writer(path_, m, {{"a", DType::kF32, {1}}});
  writer.Append("a", std::as_bytes(std::span("abcd", 4)));
  writer.Commit();
  EXPECT_EQ(std::filesystem::file_size(path_), 2 * 8192u);
  EXPECT_EQ(GgufFile::Open(path_).tensors()[0].bytes[3], std::byte{'d'});
}

TEST_F(GgufFiles, WriterRefusesWhatReadersWould) {
  const auto refused = [&](std::vector<TensorSpec> tensors, std::initializer_list<std::string_view> parts) {
    ExpectError([&] { GgufWriter(path_, {}, tensors); }, ErrorCategory::kInvalidArgument, parts);
  };
  refused({{std::string(64, 'n'), DType::kF32, {1}}}, {"nnn", "64 bytes", "63"});
  refused({{"", DType::kF32, {1}}}, {"\"\"", "0 bytes"});
  refused({{"w", DType::kF32, {}}}, {"\"w\"", "0 dimensions"});
  refused({{"w", DType::kF32, {0}}}, {"\"w\"", "shape [0]"});
  refused({{"w", DType::kQ4_K, {32}}}, {"\"w\"", "Q4_K blocks of 256"});
  refused({{"w", DType::kF32, {1}}, {"w", DType::kF32, {1}}}, {"\"w\"", "twice"});
  Metadata m;
  m.Set("k", Type::kUint8, uint64_t{256});
  ExpectError([&] { GgufWriter(path_, m, {}); }, ErrorCategory::kInvalidArgument, {"\"k\"", "256", "uint8"});
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(GgufFiles, OtherFilesAreNamedWithTheirPath) {
  std::ofstream(path_) << "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
  ExpectError([&] { GgufFile::Open(path_); }, kCorrupt, {path_.string(), "Git LFS pointer", "git lfs pull"});
}

TEST(GgufConformance, ReadsTheStoriesModel) {
  const auto path = testing::SharedPath("conformance/models/stories260K.f32.gguf");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is absent";
  const GgufFile file = GgufFile::Open(path);
  EXPECT_EQ(file.metadata().RequireString("general.architecture"), "llama");
  const auto* tokens = file.metadata().Strings("tokenizer.ggml.tokens");
  ASSERT_NE(tokens, nullptr);
  const TensorInfo* embedding = file.Find("token_embd.weight");
  ASSERT_NE(embedding, nullptr);
  EXPECT_EQ(embedding->shape[0], tokens->size());
}

}  // namespace
}  // namespace sheepop
