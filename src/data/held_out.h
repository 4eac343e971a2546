// Texts to learn from, and which of them are held out.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sheepop {

// A text that is to be learned from, before it is tokens.
struct Text {
  std::string id;  // and source, as far as the input names one
  std::string text;
};

// The documents of a corpus (a folder from `ingest`, or a .zst of JSON lines), or one text file. Throws kNotFound, kIo,
// kCorrupt.
std::vector<Text> ReadTexts(const std::string& input);

// Which documents are measured on and never learned.
struct HeldOut {
  std::vector<std::string> names;  // each an id, or a part of a source
  double share = 0.05;             // where no names are given
};

// Whether a hash of `id` falls into the first `share` of all.
bool DrawnToHoldOut(std::string_view id, double share);

// To learn from, and held out: by name, else a share chosen by a hash of the ids, else the end of a single text. Throws
// kInvalidArgument for a name that fits no text.
std::pair<std::vector<Text>, std::vector<Text>> SplitTexts(std::vector<Text> texts, const HeldOut& held_out);

// Takes texts as they are read.
class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual void Learn(std::string_view text) = 0;
  virtual void HoldOut(std::string_view text) = 0;
};

// SplitTexts(ReadTexts(input)) with no more than a document in memory; a text file is mapped, not read.
void ReadSplitTexts(const std::string& input, const HeldOut& held_out, TextSink& sink);

}  // namespace sheepop
