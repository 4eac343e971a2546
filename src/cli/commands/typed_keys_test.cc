#include "cli/commands/typed_keys.h"

#include <gtest/gtest.h>

#include <string_view>

#include "base/error_matchers.h"

namespace sheepop::cli {
namespace {

// All characters that come of these bytes.
std::wstring Keys(std::string_view bytes) {
  TypedKeys keys;
  std::wstring out;
  for (const char byte : bytes) {
    keys.Take(byte);
    while (const auto key = keys.Next()) out += *key;
  }
  return out;
}

std::wstring Pasted(std::string_view bytes) {
  TypedKeys keys;
  for (const char byte : bytes) keys.Take(byte);
  return keys.TakePaste();
}

TEST(TypedKeys, DecodesUtf8) {
  EXPECT_EQ(Keys("a\u00e9\u732b\U0001F411\r"), L"a\u00e9\u732b\U0001F411\r");
  EXPECT_EQ(Keys("caf\xe9 x"), L"caf\ufffd x");
  EXPECT_EQ(Keys("\xe7\x8c"), L"") << "more may come";
  EXPECT_EQ(Keys("\xe7\x8c\x1b[A"), L"\ufffd\x10");
  EXPECT_EQ(Keys("\xff\xc0"), L"\ufffd\ufffd");
}

TEST(TypedKeys, GivesKeysTheirControlCharacters) {
  EXPECT_EQ(Keys("\x1b[A\x1b[B\x1bOC\x1b[D"), L"\x10\x0e\x06\x02");
  EXPECT_EQ(Keys("\x1b[H\x1b[4~\x1b[3~"), (std::wstring{1, 5, kDeleteKey}));
  EXPECT_EQ(Keys("\x1b[1;5D"), L"\x1b\x62");
  EXPECT_EQ(Keys("\x1b\x62"), L"\x1b\x62");
  EXPECT_EQ(Keys("\x1b\u00e9"), L"\x1b\u00e9");
  EXPECT_EQ(Keys("\x1b\x1b[A\x1b[1\x1b[B"), L"\x10\x0e") << "what was begun is given up";
}

TEST(TypedKeys, TakesNoTextFromOtherKeys) {
  EXPECT_EQ(Keys("a\x1b[15~\x1bOPb\x1b[I\x1b[<0;3;4Mc"), L"abc");
  EXPECT_EQ(Keys("\x1b[" + std::string(40, '1') + "a").size(), 11u);
}

TEST(TypedKeys, APasteIsOneKey) {
  EXPECT_EQ(Keys("see: \x1b[200~one\rtwo\x1b[A\n\x1b[201~."), (std::wstring(L"see: ") + kPasteKey + L"."));
  EXPECT_EQ(Pasted("\x1b[200~one\rtwo\r\n\nthree\x7f\n\r\n\x1b[201~"), L"one\ntwo\n\nthree\x7f");
  EXPECT_EQ(Pasted(std::string_view("\x1b[200~a\0b\xe7\x1b[201~", 16)), L"a\ufffdb\ufffd");
  EXPECT_EQ(Pasted("\x1b[200~one\x1b[201~\x1b[200~two\x1b[201~"), L"onetwo");
  EXPECT_EQ(Pasted("\x1b[200~one"), L"");
}

TEST(TypedKeys, APasteIsBounded) {
  TypedKeys keys;
  for (const char byte : std::string_view("\x1b[200~")) keys.Take(byte);
  const auto much = [&] {
    for (size_t i = 0; i < (size_t{16} << 20) + 2; ++i) keys.Take('a');
  };
  ExpectError(much, ErrorCategory::kLimit, {"16777216"});
}

TEST(Wide, AndBack) {
  EXPECT_EQ(Narrow(Wide("a\n\u00e9\u732b\U0001F411")), "a\n\u00e9\u732b\U0001F411");
  EXPECT_EQ(Wide(std::string_view("a\0\xff", 3)), L"a\ufffd\ufffd");
}

}  // namespace
}  // namespace sheepop::cli
