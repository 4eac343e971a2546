// Whether a document's text says what its source says: the words of both counted against each other, the source's taken
// from its bytes by other code than that which converted it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

struct Fidelity {
  uint64_t words = 0;    // of the source
  uint64_t missing = 0;  // of those, in the source more often than in the text
  uint64_t added = 0;    // of letters, in the text more often than in the source
  std::vector<std::string> missing_words,
      added_words;  // the first of each, in the order of where they stand, once each

  // More than a trace is missing: more than three words, or 0.5%.
  bool IsLow() const { return missing > 3 || missing * 200 > words; }
};

// A page whose text layer was compared with what OCR reads in its picture.
struct PageFidelity {
  uint32_t page = 0;      // counted from 0
  double confidence = 0;  // of OCR, 0 to 100
  Fidelity words;         // of the picture against the text layer

  // More than three words and 5% are missing or added, which is beyond what OCR misreads where it is sure.
  bool Differs() const {
    const auto many = [&](uint64_t count) { return count > 3 && count * 20 > words.words; };
    return confidence >= 75 && (many(words.missing) || many(words.added));
  }
};

// Words are runs of letters and digits; what stands between them, and where lines end, does not count. A letter of a
// script written without spaces is a word. A word that is parted or joined otherwise in the text is not missing as long as
// it stands between its neighbours there. Both texts are valid UTF-8.
Fidelity CompareWords(std::string_view source, std::string_view text);

}  // namespace sheepop
