// Which texts are learned and which are held out, as the folder of a run or of shards records it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sheepop {

inline constexpr const char* kSplitFile = "split.json";

struct SplitText {
  std::string id, source;       // id: "" outside a corpus
  uint64_t begin = 0, end = 0;  // bytes of the text; of conversations the line, from 1, and the next
};

struct TextSplit {
  std::vector<SplitText> learned, held_out;  // each in the order of the input
};

// {"learned": [...], "held_out": [...]}, one object {"id", "source", "begin", "end"} a line. What is no UTF-8 in a name is
// replaced.
std::string SplitJson(const TextSplit& split);

}  // namespace sheepop
