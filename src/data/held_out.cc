#include "data/held_out.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text_file.h"
#include "data/corpus_reader.h"
#include "data/folded_words.h"
#include "data/shared_passages.h"

namespace sheepop {
namespace {

// Which of the documents that it is asked about are held out.
class Choice {
 public:
  Choice(const std::string& input, const HeldOut& held_out)
      : input_(input), held_out_(held_out), fits_(held_out.names.size()) {}

  bool Holds(const std::string& id, const std::string& source, std::string_view text) {
    ++documents_;
    const std::string name = id.empty() ? source : id + " " + source;
    bool held = held_out_.names.empty() && DrawnToHoldOut(text, held_out_.share);
    for (size_t i = 0; i < fits_.size(); ++i) {
      if (name.find(held_out_.names[i]) == std::string_view::npos) continue;
      fits_[i] = held = true;
    }
    learned_ += !held;
    return held;
  }

  void Check() const {
    for (size_t i = 0; i < fits_.size(); ++i) {
      if (fits_[i]) continue;
      throw Error(ErrorCategory::kInvalidArgument,
                  "--held-out {} fits none of the {} documents of {}; of a corpus, `sheepop corpus search` and its "
                  "report.json name them; of a single text, --held-out-share holds out the end",
                  held_out_.names[i], documents_, input_);
    }
    if (learned_ > 0 || held_out_.names.empty()) return;
    throw Error(ErrorCategory::kInvalidArgument,
                "--held-out {} leaves nothing to learn of the {} documents of {}; name fewer, or give --held-out-share",
                fmt::join(held_out_.names, " "), documents_, input_);
  }

 private:
  const std::string& input_;
  const HeldOut& held_out_;
  std::vector<bool> fits_;
  size_t documents_ = 0, learned_ = 0;
};

using TakeDocument = std::function<void(size_t number, const CorpusDocument&)>;

void ForEachDocument(const std::string& input, const TakeDocument& take) {
  CorpusReader reader(input);
  CorpusDocument document;
  for (size_t number = 0; reader.Next(document); ++number) take(number, document);
}

// Learns all but the end of a text, and holds that out.
TextSplit CutText(const SplitText& whole, std::string_view text, double share, TextSink& sink) {
  const auto cut = static_cast<size_t>(static_cast<double>(text.size()) * (1 - share));
  TextSplit split;
  split.learned.push_back({whole.id, whole.source, 0, cut});
  sink.Learn(text.substr(0, cut));
  if (cut == text.size()) return split;
  split.held_out.push_back({whole.id, whole.source, cut, text.size()});
  sink.HoldOut(text.substr(cut));
  return split;
}

// Reads a corpus once to see which documents are held out, once for what is learned, and once for what is left of those
// that are held out.
class CorpusSplitter {
 public:
  CorpusSplitter(const std::string& input, const HeldOut& held_out, TextSink& sink)
      : input_(input), held_out_(held_out), sink_(sink), choice_(input, held_out) {}

  TextSplit Run() {
    ForEachDocument(input_, [&](size_t, const CorpusDocument& document) {
      held_.push_back(choice_.Holds(document.id, document.source, document.text));
      if (held_.back()) passages_.HoldOut(document.text);
    });
    choice_.Check();
    if (held_.size() == 1 && held_out_.names.empty()) {
      ForEachDocument(input_, [&](size_t, const CorpusDocument& document) {
        split_ = CutText({document.id, document.source}, document.text, held_out_.share, sink_);
      });
      return std::move(split_);
    }
    ForEachDocument(input_, [&](size_t number, const CorpusDocument& document) {
      if (!Held(number)) Learn(document);
    });
    if (std::ranges::find(held_, true) == held_.end()) return std::move(split_);
    ForEachDocument(input_, [&](size_t number, const CorpusDocument& document) {
      if (Held(number)) HoldOut(document);
    });
    return std::move(split_);
  }

 private:
  bool Held(size_t number) const {
    if (number < held_.size()) return held_[number];
    throw Error(ErrorCategory::kIo, "{} has grown beyond {} documents while it was read", input_, held_.size());
  }

  void Learn(const CorpusDocument& document) {
    split_.learned.push_back({document.id, document.source, 0, document.text.size()});
    passages_.Learn(document.text);
    sink_.Learn(document.text);
  }

  void HoldOut(const CorpusDocument& document) {
    uint64_t cut = 0;
    const std::string left = passages_.Without(document.text, cut);
    split_.words_cut += cut;
    split_.held_out.push_back({document.id, document.source, 0, document.text.size(), cut});
    if (cut == 0 || left.find_first_not_of(" \t\r\n") != std::string::npos) sink_.HoldOut(left);
  }

  const std::string& input_;
  const HeldOut& held_out_;
  TextSink& sink_;
  Choice choice_;
  std::vector<bool> held_;  // [documents]
  SharedPassages passages_;
  TextSplit split_;
};

}  // namespace

bool DrawnToHoldOut(std::string_view text, double share) {
  return static_cast<double>(HashOfWords(text) >> 11) * 0x1p-53 < share;
}

TextSplit ReadSplitTexts(const std::string& input, const HeldOut& held_out, TextSink& sink) {
  if (input != "-" && (std::filesystem::is_directory(input) || input.ends_with(".zst"))) {
    return CorpusSplitter(input, held_out, sink).Run();
  }
  const auto split = [&](std::string_view text) {
    Choice choice(input, held_out);
    choice.Holds("", input, text);
    choice.Check();
    return CutText({"", input}, text, held_out.share, sink);
  };
  if (!std::filesystem::is_regular_file(input)) return split(ReadFileOrStdin(input));
  const MappedFile file = MappedFile::Open(input);
  return split({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
}

}  // namespace sheepop
