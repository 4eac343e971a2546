#include "base/file_kind.h"

#include <gtest/gtest.h>

#include <string>

namespace sheepop {
namespace {

using std::string_literals::operator""s;

struct Case {
  FileKind kind;
  std::string bytes;
  std::string_view says;  // a part of the error
};

const Case kCases[] = {
    {FileKind::kEmpty, "", "is empty"},
    {FileKind::kGguf, "GGUF\3\0\0\0"s, "is a GGUF model"},
    {FileKind::kGgufBigEndian, "GGUF\0\0\0\3"s, "big-endian GGUF"},
    {FileKind::kOldGgml, "lmgg\1\0\0\0"s, "GGUF replaced"},
    {FileKind::kOldGgml, "fmgg\1\0\0\0"s, "\"fmgg\""},
    {FileKind::kOldGgml, "tjgg\3\0\0\0"s, "old GGML, GGMF or GGJT model"},
    {FileKind::kOldGgml, "algg\1\0\0\0"s, "get a GGUF file"},
    {FileKind::kSafetensors, "\2\0\0\0\0\0\0\0{}"s, "give the folder that holds it"},
    {FileKind::kSafetensors, "\x1f\x8b\0\0\0\0\0\0{"s + std::string(0x8b1f, ' '), "safetensors"},
    {FileKind::kZip, "PK\3\4\0\0"s, "pickled PyTorch weights"},
    {FileKind::kPickle, "\x80\2\x8a\n"s, "pickled PyTorch weights"},
    {FileKind::kLfsPointer, "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", "git lfs pull"},
    {FileKind::kHtml, "\n<!DOCTYPE html><html>", "web page"},
    {FileKind::kHtml, "<HTML>", "/resolve/"},
    {FileKind::kJson, "  {\"a\": 1}", "JSON text"},
    {FileKind::kHdf5, "\x89HDF\r\n\x1a\n"s, "HDF5"},
    {FileKind::kGzip, "\x1f\x8b\x08\0"s, "unpack it first"},
    {FileKind::kTar, std::string(257, 'a') + "ustar", "tar archive"},
    {FileKind::kText, "Entry not found\nsecond line", "begins \"Entry not found\""},
    {FileKind::kUnknown, "\0\1\2\3"s, "\"\\x00\\x01\\x02\\x03\""},
};

TEST(Sniff, KnowsFilesByTheirFirstBytes) {
  for (const Case& c : kCases) {
    const auto bytes = std::as_bytes(std::span(c.bytes));
    EXPECT_EQ(Sniff(bytes), c.kind) << c.says;
    const Error error = WrongFile("model.bin", bytes, "a model");
    EXPECT_TRUE(std::string_view(error.what()).starts_with("model.bin ")) << error.what();
    EXPECT_NE(std::string_view(error.what()).find(c.says), std::string_view::npos) << error.what();
  }
}

TEST(Sniff, TextMayEndInsideACharacterAtTheLookedAtBytes) {
  std::string text(511, 'a');
  text += "\xc3\xa9";
  EXPECT_EQ(Sniff(std::as_bytes(std::span(text))), FileKind::kText);
  EXPECT_EQ(Sniff(std::as_bytes(std::span<const char>("a\xff"s + text))), FileKind::kUnknown);
}

}  // namespace
}  // namespace sheepop
