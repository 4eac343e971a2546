#include "serve/page/assets.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace sheepop {
namespace {

bool IsMarkup(const Asset& asset) { return asset.content_type.starts_with("text/html"); }

// What stands between `before` and the next `after`, each time.
std::vector<std::string> Between(std::string_view text, std::string_view before, std::string_view after) {
  std::vector<std::string> found;
  for (size_t at = text.find(before); at != text.npos; at = text.find(before, at)) {
    at += before.size();
    found.emplace_back(text.substr(at, text.find(after, at) - at));
  }
  return found;
}

TEST(PageAssets, AreTheFilesWithTheirTypes) {
  ASSERT_NE(FindPageAsset("/"), nullptr);
  EXPECT_EQ(FindPageAsset("/")->content_type, "text/html; charset=utf-8");
  EXPECT_TRUE(FindPageAsset("/")->body.starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(FindPageAsset("/")->body.ends_with("</html>\n"));
  ASSERT_NE(FindPageAsset("/page/main.js"), nullptr);
  EXPECT_EQ(FindPageAsset("/page/main.js")->content_type, "text/javascript; charset=utf-8");
  ASSERT_NE(FindPageAsset("/page/page.css"), nullptr);
  EXPECT_EQ(FindPageAsset("/page/page.css")->content_type, "text/css; charset=utf-8");
  ASSERT_NE(FindPageAsset("/page/icon.svg"), nullptr);
  EXPECT_EQ(FindPageAsset("/page/icon.svg")->content_type, "image/svg+xml");
  std::set<std::string_view> paths;
  for (const Asset& asset : PageAssets()) {
    EXPECT_TRUE(paths.insert(asset.path).second) << asset.path;
    EXPECT_FALSE(asset.body.empty()) << asset.path;
  }
}

TEST(PageAssets, NameNothingThatIsNotThere) {
  for (const char* attribute : {" src=\"", " href=\""}) {
    for (const std::string& name : Between(FindPageAsset("/")->body, attribute, "\"")) {
      if (name.starts_with('#')) continue;
      EXPECT_NE(FindPageAsset("/" + name), nullptr) << name;
    }
  }
  size_t imports = 0;
  for (const Asset& asset : PageAssets()) {
    for (const std::string& name : Between(asset.body, " from \"./", "\"")) {
      EXPECT_NE(FindPageAsset("/page/" + name), nullptr) << asset.path << " imports " << name;
      ++imports;
    }
  }
  EXPECT_GT(imports, 20u);
}

TEST(PageAssets, KeepToTheServerAndMakeNoMarkupOfText) {
  for (const Asset& asset : PageAssets()) {
    for (const char* forbidden :
         {"https://", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("}) {
      EXPECT_EQ(asset.body.find(forbidden), asset.body.npos) << asset.path << " has " << forbidden;
    }
    if (!IsMarkup(asset)) continue;
    for (const char* forbidden : {"<script>", "<style", " style=", " onclick=", "javascript:"}) {
      EXPECT_EQ(asset.body.find(forbidden), asset.body.npos) << asset.path << " has " << forbidden;
    }
  }
}

TEST(PageAssets, AreSmall) {
  size_t sum = 0;
  for (const Asset& asset : PageAssets()) sum += asset.body.size();
  EXPECT_LE(sum, 120u << 10);
}

}  // namespace
}  // namespace sheepop
