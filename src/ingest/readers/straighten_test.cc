#include "ingest/readers/straighten.h"

#include <gtest/gtest.h>

#include <string>

namespace sheepop {
namespace {

LayoutPage Page(int lines, int words, float slope) {
  LayoutBlock block;
  for (int l = 0; l < lines; ++l) {
    LayoutLine line;
    for (int w = 0; w < words; ++w) {
      const float x = 100.0f * static_cast<float>(w), y = 50.0f * static_cast<float>(l) + slope * x;
      line.words.push_back({{x, y, x + 80, y + 20}, "word"});
    }
    line.box = line.words.front().box;
    block.lines.push_back(std::move(line));
  }
  return {1000, 1000, {block}};
}

TEST(Straighten, ThePageTellsItsSlope) {
  EXPECT_NEAR(Slope(Page(8, 6, 0.04f)), 0.04, 1e-4);
  EXPECT_NEAR(Slope(Page(8, 6, -0.02f)), -0.02, 1e-4);
  EXPECT_EQ(Slope(Page(3, 6, 0.04f)), 0) << "too few lines";
  EXPECT_EQ(Slope(Page(8, 2, 0.04f)), 0) << "too short ones";
}

TEST(Straighten, ASlopingLineLiesLevel) {
  const size_t size = 200;
  std::string pixels(size * size, '\xFF');
  for (size_t x = 20; x < 180; ++x) {
    const size_t y = 90 + x / 10;  // sinks by a tenth
    for (size_t k = 0; k < 5; ++k) pixels[(y + k) * size + x] = 0;
  }
  const std::string pgm = Straightened({size, size, pixels}, 0.1);
  const std::vector<GrayImage> images = SplitPgm(pgm);
  ASSERT_EQ(images.size(), 1u);
  ASSERT_EQ(images[0].width, size);
  for (const size_t x : {40u, 100u, 160u}) {
    EXPECT_LT(static_cast<unsigned char>(images[0].pixels[102 * size + x]), 64) << x;
    EXPECT_EQ(static_cast<unsigned char>(images[0].pixels[80 * size + x]), 255) << x;
  }
}

}  // namespace
}  // namespace sheepop
