#include "serve/page/assets.h"

#include <algorithm>

namespace sheepop {

const Asset* FindPageAsset(std::string_view path) {
  const std::span<const Asset> assets = PageAssets();
  auto found = std::ranges::find(assets, path, &Asset::path);
  return found == assets.end() ? nullptr : &*found;
}

}  // namespace sheepop
