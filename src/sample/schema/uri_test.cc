#include "sample/schema/uri.h"

#include <gtest/gtest.h>

namespace sheepop::schema {
namespace {

// RFC 3986, sections 5.4.1 and 5.4.2, without fragments.
TEST(ResolveUri, HasTheExamplesOfTheRfc) {
  const std::pair<std::string_view, std::string_view> kExamples[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {";x", "http://a/b/c/;x"},
      {"g;x?y", "http://a/b/c/g;x?y"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
  };
  for (const auto& [reference, target] : kExamples) EXPECT_EQ(ResolveUri("http://a/b/c/d;p?q", reference), target);
}

TEST(ResolveUri, TakesBasesThatAreNotAbsolute) {
  EXPECT_EQ(ResolveUri("", "item.json"), "item.json");
  EXPECT_EQ(ResolveUri("folder/item.json", "other.json"), "folder/other.json");
  EXPECT_EQ(ResolveUri("http://a", "b"), "http://a/b");
  EXPECT_EQ(ResolveUri("urn:uuid:deadbeef", ""), "urn:uuid:deadbeef");
  EXPECT_EQ(ResolveUri("", ""), "");
}

TEST(Uri, FragmentsAndEscapes) {
  EXPECT_EQ(SplitFragment("a#b#c"), (std::pair<std::string_view, std::string_view>("a", "b#c")));
  EXPECT_EQ(SplitFragment("a").second, "");
  EXPECT_EQ(PercentDecoded("a%25%7Eb%2"), "a%~b%2");
  EXPECT_EQ(PercentDecoded("%zz%4"), "%zz%4");
  EXPECT_EQ(PointerToken("a/b~c"), "a~1b~0c");
  EXPECT_EQ(FromPointerToken("a~1b~0c~2~"), "a/b~c~2~");
  EXPECT_EQ(FromPointerToken("~01"), "~1");
}

}  // namespace
}  // namespace sheepop::schema
