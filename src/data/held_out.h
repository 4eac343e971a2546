// Texts to learn from, and which of them are held out: the one rule for vocabularies, token shards and training.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/text_split.h"

namespace sheepop {

// Which documents are measured on and never learned.
struct HeldOut {
  std::vector<std::string> names;  // each an id, or a part of a source
  double share = 0.05;             // where no names are given
};

// Where in [0, 1) a hash of what `text` says, case and white space aside, falls; a share holds out what lies below it. No
// name, place or neighbour has a part in it, so the same text is always on the same side.
double DrawOf(std::string_view text);
bool DrawnToHoldOut(std::string_view text, double share);

// Takes texts as they are read.
class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual void Learn(std::string_view text) = 0;
  virtual void HoldOut(std::string_view text) = 0;
};

// Reads the documents of a corpus (a folder from `ingest`, or a .zst of JSON lines), or one text file ("-" is standard
// input), and says where each went. Held out are those with one of the names; without names those that DrawnToHoldOut
// draws, or the end of a text that is the only one; where so few are drawn, or so much of the text, that one side has no
// fair part (below a fifth of the share, beyond five times it), the ends of the longest documents, a fifth of each at
// most, so that of two documents or more something is always held out. What a held-out document shares with a learned one
// (shared_passages.h) is cut from the held-out one, and one of which nothing is left goes to no side; the sink gets all
// that is learned first. One document is in memory, and 9 bytes a word held out; a corpus is read up to four times, a
// text file is mapped. Throws kInvalidArgument for a name that fits no document and for names that leave nothing to
// learn, kNotFound, kIo, kCorrupt, and what the sink throws.
TextSplit ReadSplitTexts(const std::string& input, const HeldOut& held_out, TextSink& sink);

}  // namespace sheepop
