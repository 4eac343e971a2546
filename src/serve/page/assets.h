// The files of the web page, part of the program: index.html at "/", the others at "/page/NAME". They load nothing but
// each other, have no script or style inside markup, and so work under the Content-Security-Policy "default-src 'self'".
#pragma once

#include <span>
#include <string_view>

namespace sheepop {

struct Asset {
  std::string_view path;  // of the URL: "/page/main.js"
  std::string_view content_type;
  std::string_view body;
};

// In no order; valid as long as the program runs.
std::span<const Asset> PageAssets();

// Null where there is none.
const Asset* FindPageAsset(std::string_view path);

}  // namespace sheepop
