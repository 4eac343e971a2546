#include "checkpoint/safetensors.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "base/error_matchers.h"
#include "base/half.h"

namespace sheepop {
namespace {

namespace fs = std::filesystem;
constexpr auto kCorrupt = ErrorCategory::kCorrupt;
constexpr auto kUnsupported = ErrorCategory::kUnsupported;
constexpr auto kNotFound = ErrorCategory::kNotFound;

std::string WithHeader(std::string_view header, size_t data_bytes) {
  const uint64_t size = header.size();
  std::string out(reinterpret_cast<const char*>(&size), sizeof(size));
  return out.append(header).append(data_bytes, 'd');
}

SafetensorsFile Parse(const std::string& bytes) {
  return SafetensorsFile::Parse(std::as_bytes(std::span(bytes)), "m.safetensors");
}

void ExpectRefused(const std::string& bytes, std::initializer_list<std::string_view> parts,
                   ErrorCategory category = kCorrupt) {
  ExpectError([&] { Parse(bytes); }, category, parts);
}

// One tensor "w" with these fields over 16 bytes of data.
std::string OneTensor(std::string_view fields) { return WithHeader(fmt::format(R"({{"w":{{{}}}}})", fields), 16); }

TEST(Safetensors, ReadsTensorsInTheOrderOfTheirBytes) {
  const std::string bytes = WithHeader(
      R"({"b":{"dtype":"BF16","shape":[2,2],"data_offsets":[4,12]},"__metadata__":{"format":"pt"},)"
      R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[12,15]}}  )",
      15);
  const SafetensorsFile file = Parse(bytes);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_TRUE(file.tensors()[0].shape.empty());
  EXPECT_EQ(file.Find("b")->type, DType::kBF16);
  EXPECT_EQ(file.Find("b")->shape, (std::vector<uint64_t>{2, 2}));
  EXPECT_EQ(file.Find("b")->bytes.data(), reinterpret_cast<const std::byte*>(bytes.data()) + bytes.size() - 11);
  EXPECT_EQ(file.Find("c"), nullptr);
  ASSERT_EQ(file.unreadable().size(), 1u);
  ExpectError([&] { file.Find("mask"); }, kUnsupported, {"\"mask\"", "\"BOOL\"", "F32, F16 or BF16"});
}

TEST(Safetensors, RefusesHeaderLengths) {
  ExpectRefused("\x7f", {"m.safetensors", "1 bytes are too few"});
  ExpectRefused(WithHeader("{}", 0).substr(0, 9), {"header length 2", "9 bytes", "cut short"});
  std::string huge = WithHeader("{}", 0);
  std::memset(huge.data(), 0xff, 8);
  ExpectRefused(huge, {"header length 18446744073709551615", "bound"}, ErrorCategory::kLimit);
}

TEST(Safetensors, RefusesHeaders) {
  ExpectRefused(WithHeader("{", 0), {"m.safetensors: header", "not valid JSON"});
  ExpectRefused(WithHeader(" []", 0), {"header", "array", "object"});
  ExpectRefused(WithHeader(R"({"w":{},"w":{}})", 0), {"\"w\"", "twice"});
  ExpectRefused(WithHeader(R"({"w":3})", 0), {"\"w\"", "object"});
  ExpectRefused(WithHeader(R"({"__metadata__":[]})", 0), {"__metadata__", "object"});
  ExpectRefused(WithHeader(R"({"__metadata__":{"k":1}})", 0), {"__metadata__", "\"k\"", "string"});
}

TEST(Safetensors, RefusesFields) {
  EXPECT_NO_THROW(Parse(OneTensor(R"("dtype":"F32","shape":[4],"data_offsets":[0,16])")));
  ExpectRefused(OneTensor(R"("shape":[4],"data_offsets":[0,16])"), {"\"w\"", "\"dtype\"", "string"});
  ExpectRefused(OneTensor(R"("dtype":7,"shape":[4],"data_offsets":[0,16])"), {"\"w\"", "\"dtype\""});
  ExpectRefused(OneTensor(R"("dtype":"F32","data_offsets":[0,16])"), {"\"w\"", "\"shape\""});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[-4],"data_offsets":[0,16])"),
                {"\"w\"", "\"shape\"", "whole numbers"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[4.0],"data_offsets":[0,16])"),
                {"\"w\"", "\"shape\"", "whole numbers"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":["4"],"data_offsets":[0,16])"),
                {"\"w\"", "\"shape\"", "whole numbers"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,16])"), {"\"shape\""});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[4,0],"data_offsets":[0,0])"),
                {"\"w\"", "shape [4, 0]", "dimension of 0"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16])"), {"\"w\"", "2^63"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,16])"),
                {"\"w\"", "data_offsets", "more than 2^63"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4])"),
                {"\"w\"", "9 dimensions"});
}

TEST(Safetensors, RefusesOffsets) {
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[4],"data_offsets":[16])"), {"\"w\"", "\"data_offsets\" has 1"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[4],"data_offsets":[16,0])"),
                {"\"w\"", "[16, 0]", "leave the file"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[5],"data_offsets":[0,20])"),
                {"\"w\"", "[0, 20]", "16 bytes", "cut short"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[4],"data_offsets":[18446744073709551600,18446744073709551615])"),
                {"\"w\"", "leave the file"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[3],"data_offsets":[0,16])"), {"\"w\"", "span 16 bytes", "12"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[3],"data_offsets":[4,16])"), {"\"w\"", "begin at 4", "end to end"});
  ExpectRefused(OneTensor(R"("dtype":"F32","shape":[3],"data_offsets":[0,12])"), {"end at byte 12", "16 bytes"});
  ExpectRefused(WithHeader(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                           R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                           12),
                {"\"b\"", "begin at 4", "ends at 8"});
}

TEST(Safetensors, EveryCutIsRefused) {
  const std::string whole = OneTensor(R"("dtype":"F32","shape":[4],"data_offsets":[0,16])");
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_THROW(Parse(whole.substr(0, size)), Error) << size;
}

class SafetensorsFiles : public ::testing::Test {
 protected:
  SafetensorsFiles() : folder_(fs::path(::testing::TempDir()) / "sheepop_safetensors_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~SafetensorsFiles() override { fs::remove_all(folder_); }

  void Write(const std::string& name, std::string_view text) const { std::ofstream(folder_ / name) << text; }
  void WriteOne(const std::string& name, const std::string& tensor, char fill) const {
    SafetensorsWriter writer(folder_ / name, {{tensor, DType::kF16, {8, 2}}});
    writer.Append(tensor, std::as_bytes(std::span<const char>(std::string(32, fill))));
    writer.Commit();
  }
  void ExpectFolderRefused(ErrorCategory category, std::initializer_list<std::string_view> parts) const {
    ExpectError([&] { SafetensorsFolder::Open(folder_); }, category, parts);
  }
  fs::path folder_;
};

TEST_F(SafetensorsFiles, RoundTrip) {
  const std::string a(24, 'a'), b(6, 'b');
  SafetensorsWriter writer(folder_ / "m", {{"quo\"te", DType::kF32, {3, 2}}, {"b", DType::kBF16, {3}}}, {{"k", "v"}});
  writer.Append("quo\"te", std::as_bytes(std::span(a)).first(5));
  writer.Append("quo\"te", std::as_bytes(std::span(a)).subspan(5));
  writer.Append("b", std::as_bytes(std::span(b)));
  writer.Commit();
  const SafetensorsFile file = SafetensorsFile::Open(folder_ / "m");
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"k", "v"}}));
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[0].shape, (std::vector<uint64_t>{3, 2}));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file.tensors()[0].bytes.data()) % 8, 0u);
  EXPECT_EQ(std::memcmp(file.Find("quo\"te")->bytes.data(), a.data(), a.size()), 0);
  file.Release(*file.Find("b"));
  EXPECT_EQ(std::memcmp(file.Find("b")->bytes.data(), b.data(), b.size()), 0);
}

TEST_F(SafetensorsFiles, WriterRefusesWhatTheFormatLacks) {
  const auto refused = [&](std::vector<TensorSpec> tensors, std::initializer_list<std::string_view> parts) {
    ExpectError([&] { SafetensorsWriter(folder_ / "m", tensors); }, ErrorCategory::kInvalidArgument, parts);
  };
  refused({{"w", DType::kQ8_0, {32}}}, {"\"w\"", "Q8_0"});
  refused({{"w", DType::kF32, {0}}}, {"\"w\"", "[0]"});
  refused({{"w", DType::kF32, {1}}, {"w", DType::kF32, {1}}}, {"\"w\"", "twice"});
  refused({{"__metadata__", DType::kF32, {1}}}, {"__metadata__", "reserved"});
}

TEST_F(SafetensorsFiles, FolderWithOneFile) {
  WriteOne("model.safetensors", "w", 'x');
  const SafetensorsFolder folder = SafetensorsFolder::Open(folder_);
  ASSERT_EQ(folder.tensors().size(), 1u);
  EXPECT_EQ(folder.Find("w")->shape, (std::vector<uint64_t>{8, 2}));
  EXPECT_EQ(folder.Find("absent"), nullptr);
}

// The tensor "w" as E4M3, its bytes, and its scales.
std::string F8File(std::string_view shape, const std::string& codes, std::string_view scale_shape,
                   const std::vector<float>& scales) {
  const size_t end = codes.size() + 4 * scales.size();
  const std::string header =
      fmt::format(R"({{"w.weight":{{"dtype":"F8_E4M3","shape":{},"data_offsets":[0,{}]}},)"
                  R"("w.weight_scale_inv":{{"dtype":"F32","shape":{},"data_offsets":[{},{}]}},)"
                  R"("w.activation_scale":{{"dtype":"F32","shape":[],"data_offsets":[{},{}]}}}})",
                  shape, codes.size(), scale_shape, codes.size(), end, end, end + 4);
  std::string out = WithHeader(header, 0) + codes;
  out.append(reinterpret_cast<const char*>(scales.data()), 4 * scales.size());
  return out.append(4, '\0');
}

float Bf16At(const TensorInfo& tensor, size_t index) {
  uint16_t bits;
  std::vector<std::byte> buffer;
  std::memcpy(&bits, tensor.Read(2 * index, 2, buffer).data(), 2);
  return Bf16ToFloat(bits);
}

TEST_F(SafetensorsFiles, EightBitFloatsWithOneScaleBecomeBf16) {
  for (const char* scale_shape : {"[]", "[1]", "[1,1]"}) {
    // 1, -1.125, the least, 448, NaN, -0
    Write("model.safetensors", F8File("[2,3]", std::string("\x38\xb9\x01\x7e\xff\x80"), scale_shape, {0.5f}));
    const SafetensorsFolder folder = SafetensorsFolder::Open(folder_);
    ASSERT_EQ(folder.tensors().size(), 1u);
    const TensorInfo& w = *folder.Find("w.weight");
    EXPECT_EQ(w.type, DType::kBF16);
    EXPECT_EQ(w.shape, (std::vector<uint64_t>{2, 3}));
    ASSERT_EQ(w.size(), 12u);
    EXPECT_EQ(Bf16At(w, 0), 0.5f);
    EXPECT_EQ(Bf16At(w, 1), -0.5625f);
    EXPECT_EQ(Bf16At(w, 2), 0x1p-10f);
    EXPECT_EQ(Bf16At(w, 3), 224.0f);
    EXPECT_TRUE(std::isnan(Bf16At(w, 4)));
    EXPECT_EQ(Bf16At(w, 5), 0.0f);
    folder.Release(w);
    EXPECT_EQ(Bf16At(w, 3), 224.0f);
    EXPECT_EQ(folder.Find("w.weight_scale_inv"), nullptr);
  }
}

TEST_F(SafetensorsFiles, EightBitFloatsWithAScaleForEveryBlock) {
  std::string codes(130 * 300, '\x38');
  Write("model.safetensors", F8File("[130,300]", codes, "[2,3]", {1, 2, 3, 4, 5, 6}));
  const SafetensorsFolder folder = SafetensorsFolder::Open(folder_);
  const TensorInfo& w = *folder.Find("w.weight");
  const auto at = [&](size_t row, size_t col) { return Bf16At(w, row * 300 + col); };
  EXPECT_EQ(at(0, 0), 1);
  EXPECT_EQ(at(127, 127), 1);
  EXPECT_EQ(at(0, 128), 2);
  EXPECT_EQ(at(127, 256), 3);
  EXPECT_EQ(at(128, 127), 4);
  std::vector<std::byte> whole, part;
  w.Read(0, w.size(), whole);
  for (const size_t begin : {size_t{2}, size_t{127 * 300 * 2 + 254}, size_t{128 * 300 * 2}}) {
    const auto read = w.Part(begin, w.size() - begin).Read(10, 1100, part);
    EXPECT_TRUE(std::ranges::equal(read, std::span(whole).subspan(begin + 10, 1100))) << begin;
  }
  EXPECT_EQ(at(129, 255), 5);
  EXPECT_EQ(at(129, 299), 6);
}

TEST_F(SafetensorsFiles, EightBitFloatsWhoseScalesDoNotFitAreRefused) {
  const std::string codes(4 * 128, '\x38');
  const auto refused = [&](const std::string& file, ErrorCategory category,
                           std::initializer_list<std::string_view> parts) {
    Write("model.safetensors", file);
    ExpectError([&] { SafetensorsFolder::Open(folder_).Find("w.weight"); }, category, parts);
  };
  refused(F8File("[4,128]", codes, "[2]", {1, 2}), kUnsupported, {"\"w.weight\"", "[4, 128]", "[2]", "128 x 128"});
  refused(F8File("[4,128]", codes, "[2,1]", {1, 2}), kUnsupported, {"\"w.weight\"", "[2, 1]"});
  refused(F8File("[2,2,128]", codes, "[2,1]", {1, 2}), kUnsupported, {"\"w.weight\"", "[2, 2, 128]"});
  refused(F8File("[4,127]", codes, "[1]", {1}), kCorrupt, {"\"w.weight\"", "512 bytes", "[4, 127]"});
  refused(WithHeader(R"({"w.weight":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}})", 2), kUnsupported,
          {"\"w.weight\"", "F8_E4M3", "without its scales \"w.weight_scale_inv\""});
}

std::string Mxfp4File(std::string_view block_shape, std::string_view scale_shape, size_t blocks, size_t scales) {
  const std::string header = fmt::format(R"({{"w_blocks":{{"dtype":"U8","shape":{},"data_offsets":[0,{}]}},)"
                                         R"("w_scales":{{"dtype":"U8","shape":{},"data_offsets":[{},{}]}}}})",
                                         block_shape, blocks, scale_shape, blocks, blocks + scales);
  std::string bytes(blocks + scales, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 37 + 5);
  return WithHeader(header, 0) + bytes;
}

TEST_F(SafetensorsFiles, Mxfp4OfBlocksAndScalesApart) {
  Write("model.safetensors", Mxfp4File("[2,3,2,16]", "[2,3,2]", 192, 12));
  const SafetensorsFolder folder = SafetensorsFolder::Open(folder_);
  ASSERT_EQ(folder.tensors().size(), 1u);
  const TensorInfo& w = *folder.Find("w");
  EXPECT_EQ(w.type, DType::kMXFP4);
  EXPECT_EQ(w.shape, (std::vector<uint64_t>{2, 3, 64}));
  ASSERT_EQ(w.size(), 12u * 17);
  std::vector<std::byte> bytes, part;
  w.Read(0, w.size(), bytes);
  EXPECT_TRUE(std::ranges::equal(w.Part(34, 170).Read(51, 85, part), std::span(bytes).subspan(85, 85)));
  folder.Release(w.Part(17, 34));
  const auto in = [](size_t i) { return static_cast<uint8_t>(i * 37 + 5); };
  for (size_t block = 0; block < 12; ++block) {
    EXPECT_EQ(static_cast<uint8_t>(bytes[17 * block]), in(192 + block));
    for (size_t i = 0; i < 32; ++i) {
      const auto byte = static_cast<uint8_t>(bytes[17 * block + 1 + i % 16]);
      EXPECT_EQ(byte >> (i / 16 * 4) & 15, in(16 * block + i / 2) >> (i % 2 * 4) & 15) << block << ", " << i;
    }
  }
  const auto refused = [&](const std::string& file) {
    Write("model.safetensors", file);
    ExpectError([&] { SafetensorsFolder::Open(folder_); }, kCorrupt, {"\"w_blocks\"", "\"w_scales\"", "MXFP4"});
  };
  refused(Mxfp4File("[2,3,2,16]", "[2,3,3]", 192, 18));
  refused(Mxfp4File("[2,3,2,8]", "[2,3,2]", 96, 12));
  refused(Mxfp4File("[2,3,2,16]", "[2,3,2]", 191, 12));
  refused(Mxfp4File("[2,3,2,16]", "[2,3,2]", 192, 11));
  refused(Mxfp4File("[16]", "[]", 16, 1));
}

TEST_F(SafetensorsFiles, FolderWithShards) {
  WriteOne("model-00001-of-00002.safetensors", "a", 'a');
  WriteOne("model-00002-of-00002.safetensors", "b", 'b');
  Write("model.safetensors.index.json", R"({"metadata":{"total_size":64},"weight_map":{
    "b":"model-00002-of-00002.safetensors","a":"model-00001-of-00002.safetensors"}})");
  const SafetensorsFolder folder = SafetensorsFolder::Open(folder_);
  ASSERT_EQ(folder.tensors().size(), 2u);
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(folder.Find(name)->bytes[0], std::byte(name[0]));
    folder.Release(*folder.Find(name));
    EXPECT_EQ(folder.Find(name)->bytes[31], std::byte(name[0]));
  }
}

TEST_F(SafetensorsFiles, IndexAndShardsMustAgree) {
  WriteOne("1.safetensors", "a", 'a');
  WriteOne("2.safetensors", "a", 'a');
  const auto index = [&](std::string_view map) { Write("model.safetensors.index.json", map); };
  index(R"({"weight_map":{"a":"1.safetensors","c":"2.safetensors"}})");
  ExpectFolderRefused(kCorrupt, {"index.json", "\"c\"", "\"2.safetensors\""});
  index(R"({"weight_map":{"a":"1.safetensors","a":"2.safetensors"}})");
  ExpectFolderRefused(kCorrupt, {"index.json", "\"a\"", "twice"});
  index(R"({"weight_map":{"a":"3.safetensors"}})");
  ExpectFolderRefused(kNotFound, {"3.safetensors"});
  for (const char* path : {"../1.safetensors", "/etc/passwd", "..", ".", "", "sub/1.safetensors"}) {
    index(fmt::format(R"({{"weight_map":{{"a":"{}"}}}})", path));
    ExpectFolderRefused(kCorrupt, {"weight_map", "\"a\"", "no file of this folder"});
  }
  index(R"({"weight_map":{"a":1}})");
  ExpectFolderRefused(kCorrupt, {"weight_map", "\"a\"", "file name"});
  index(R"({"weight_map":{}})");
  ExpectFolderRefused(kCorrupt, {"weight_map", "not empty"});
  index(R"({})");
  ExpectFolderRefused(kCorrupt, {"weight_map"});
  index("version https://git-lfs.github.com/spec/v1\n");
  ExpectFolderRefused(kCorrupt, {"index.json", "Git LFS pointer"});
}

TEST_F(SafetensorsFiles, ATensorInTwoShardsIsRefused) {
  WriteOne("1.safetensors", "a", 'a');
  SafetensorsWriter writer(folder_ / "2.safetensors", {{"a", DType::kF16, {1}}, {"b", DType::kF16, {1}}});
  writer.Append("a", std::as_bytes(std::span("xx", 2)));
  writer.Append("b", std::as_bytes(std::span("xx", 2)));
  writer.Commit();
  Write("model.safetensors.index.json", R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
  ExpectFolderRefused(kCorrupt, {"\"a\"", "two files"});
}

TEST_F(SafetensorsFiles, FoldersWithOtherWeightsSayWhatToDo) {
  ExpectFolderRefused(kNotFound, {folder_.string(), "no weights", "model.safetensors.index.json"});
  Write("model-00001-of-00002.safetensors", "");
  ExpectFolderRefused(kNotFound, {"index is missing", "model-00001-of-00002.safetensors"});
  Write("m.gguf", "");
  ExpectFolderRefused(ErrorCategory::kInvalidArgument, {"give the file itself", "m.gguf"});
  Write("tf_model.h5", "");
  ExpectFolderRefused(kUnsupported, {"TensorFlow"});
  Write("pytorch_model.bin", "");
  ExpectFolderRefused(kUnsupported, {"pickled PyTorch", "save_pretrained"});
  Write("adapter_model.safetensors", "");
  ExpectFolderRefused(kUnsupported, {"adapter", "merge"});
  fs::remove_all(folder_);
  ExpectFolderRefused(kNotFound, {folder_.string(), "no folder"});
}

TEST_F(SafetensorsFiles, OtherFilesAreNamed) {
  Write("model.safetensors", "<!doctype html>");
  ExpectFolderRefused(kCorrupt, {"model.safetensors", "web page"});
}

}  // namespace
}  // namespace sheepop
