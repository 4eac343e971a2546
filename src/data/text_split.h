// Which texts are learned and which are held out, as the folder of a run or of shards records it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

inline constexpr const char* kSplitFile = "split.json";

struct SplitText {
  std::string id, source;       // id: "" outside a corpus
  uint64_t begin = 0, end = 0;  // bytes of the text; of conversations the line, from 1, and the next
  uint64_t words_cut = 0;       // of a held-out text: what a learned one has, too
};

struct TextSplit {
  std::vector<SplitText> learned, held_out;  // each in the order of the input
  uint64_t words_cut = 0;                    // of all
  std::map<std::string, uint64_t> unread;    // fields that no document of a corpus has, and how many have them
};

// {"learned": [...], "held_out": [...]}, one object {"id", "source", "begin", "end"} a line, with "words_cut"
// where there are such. What is no UTF-8 in a name is
// replaced.
std::string SplitJson(const TextSplit& split);

// What SplitJson wrote. Throws kCorrupt, naming `name`.
TextSplit ReadSplitJson(std::string_view json, std::string_view name);

// What became of the texts between two splits of one corpus, in words: "2 documents are new (b.txt, c.txt), 1 is gone
// (a.txt)", at most three of them by name. Empty when it holds the same ones.
std::string DifferenceOf(const TextSplit& then, const TextSplit& now);

}  // namespace sheepop
