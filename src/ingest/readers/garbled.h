// Tells a text layer that says something from one whose fonts have no map to characters, or a wrong one.
#pragma once

#include <string_view>

namespace sheepop {

struct Garble {
  std::string_view sign;  // what is wrong, as a person is told it; "" when the text makes sense
  bool certain = false;   // false: worth comparing with what the page shows, and no more
  explicit operator bool() const { return !sign.empty(); }
};

// By characters that mean nothing, symbols in place of letters, accented letters nearly everywhere, pairs of letters that
// no language has side by side (from some ten on), and on pages of 30 words and more the lack of function words. Lists of
// abbreviations and tables of codes may look alike.
Garble FindGarble(std::string_view utf8);

}  // namespace sheepop
