// What the report.json of a corpus says of its inputs, read line by line: CorpusWriter writes an entry a line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

struct ReportedInput {
  std::string source, fate, reason;
  uint64_t documents = 0;  // that were taken of it; records are counted each
};

// In the order of the corpus, until `take` returns false; none where the folder holds no report. What is no entry is passed
// over.
void ForEachInput(const std::filesystem::path& corpus, const std::function<bool(const ReportedInput&)>& take);

struct OtherInputs {
  uint64_t documents = 0;
  std::string where;  // the folder that they lie in, or the file
};

// The documents of the corpus whose source is none of `inputs` and lies in none: what a run over these would take out. The
// sources are compared as they were given, relative ones from the working folder, and by where their links lead.
OtherInputs InputsNotNamed(const std::filesystem::path& corpus, const std::vector<std::filesystem::path>& inputs);

// What became of the input of that source, or of the one that ends with it, which gave the corpus no document; "" when the
// report holds none.
std::string WhyNoDocument(const std::filesystem::path& corpus, std::string_view name);

}  // namespace sheepop
