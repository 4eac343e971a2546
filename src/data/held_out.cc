#include "data/held_out.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text_file.h"
#include "data/corpus_reader.h"
#include "data/folded_words.h"

namespace sheepop {
namespace {

class Splitter {
 public:
  SourceSplitter(const std::string& input, const HeldOut& held_out, TextSink& sink)
      : input_(input), held_out_(held_out), sink_(sink), fits_(held_out.names.size()) {}

  // `only`: there is no other document.
  void Take(const std::string& id, const std::string& source, std::string_view text, bool only) {
    ++documents_;
    const SplitText whole{id, source, 0, text.size()};
    if (only && held_out_.names.empty()) return Cut(whole, text);
    const std::string name = id.empty() ? source : id + " " + source;
    bool held = held_out_.names.empty() && DrawnToHoldOut(text, held_out_.share);
    for (size_t i = 0; i < fits_.size(); ++i) {
      if (name.find(held_out_.names[i]) == std::string_view::npos) continue;
      fits_[i] = held = true;
    }
    held ? HoldOut(whole, text) : Learn(whole, text);
  }

  TextSplit Finish() {
    for (size_t i = 0; i < fits_.size(); ++i) {
      if (fits_[i]) continue;
      throw Error(ErrorCategory::kInvalidArgument,
                  "--held-out {} fits none of the {} documents of {}; of a corpus, `sheepop corpus search` and its "
                  "report.json name them; of a single text, --held-out-share holds out the end",
                  held_out_.names[i], documents_, input_);
    }
    if (!split_.learned.empty() || held_out_.names.empty()) return std::move(split_);
    throw Error(ErrorCategory::kInvalidArgument,
                "--held-out {} leaves nothing to learn of the {} documents of {}; name fewer, or give --held-out-share",
                fmt::join(held_out_.names, " "), documents_, input_);
  }

 private:
  void Learn(SplitText name, std::string_view text) {
    split_.learned.push_back(std::move(name));
    sink_.Learn(text);
  }

  void HoldOut(SplitText name, std::string_view text) {
    split_.held_out.push_back(std::move(name));
    sink_.HoldOut(text);
  }

  void Cut(const SplitText& whole, std::string_view text) {
    const auto cut = static_cast<size_t>(static_cast<double>(text.size()) * (1 - held_out_.share));
    Learn({whole.id, whole.source, 0, cut}, text.substr(0, cut));
    if (cut < text.size()) HoldOut({whole.id, whole.source, cut, text.size()}, text.substr(cut));
  }

  const std::string& input_;
  const HeldOut& held_out_;
  TextSink& sink_;
  std::vector<bool> fits_;
  TextSplit split_;
  size_t documents_ = 0;
};

void ReadCorpus(const std::string& input, SourceSplitter& splitter) {
  CorpusReader reader(input);
  CorpusDocument document, next;
  bool more = reader.Next(document);
  for (bool first = true; more; first = false, std::swap(document, next)) {
    more = reader.Next(next);
    splitter.Take(document.id, document.source, document.text, first && !more);
  }
}

}  // namespace

bool DrawnToHoldOut(std::string_view text, double share) {
  return static_cast<double>(HashOfWords(text) >> 11) * 0x1p-53 < share;
}

TextSplit ReadSplitTexts(const std::string& input, const HeldOut& held_out, TextSink& sink) {
  Splitter splitter(input, held_out, sink);
  if (input != "-" && (std::filesystem::is_directory(input) || input.ends_with(".zst"))) {
    ReadCorpus(input, splitter);
  } else if (std::filesystem::is_regular_file(input)) {
    const MappedFile file = MappedFile::Open(input);
    splitter.Take("", input, {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}, true);
  } else {
    splitter.Take("", input, ReadFileOrStdin(input), true);
  }
  return splitter.Finish();
}

}  // namespace sheepop
