#include "data/held_out.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text_file.h"
#include "data/corpus_reader.h"

namespace sheepop {
namespace {

// FNV-1a: which documents are held out depends on their ids alone.
uint64_t HashOf(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

bool DrawnToHoldOut(std::string_view id, double share) {
  return static_cast<double>(HashOf(id) >> 11) * 0x1p-53 < share;
}

std::vector<Text> ReadTexts(const std::string& input) {
  std::vector<Text> texts;
  if (!std::filesystem::is_directory(input) && !input.ends_with(".zst")) {
    texts.push_back({input, ReadFileOrStdin(input)});
    return texts;
  }
  CorpusReader reader(input);
  for (CorpusDocument document; reader.Next(document);) {
    texts.push_back({document.id + " " + document.source, std::move(document.text)});
  }
  return texts;
}

std::pair<std::vector<Text>, std::vector<Text>> SplitTexts(std::vector<Text> texts, const HeldOut& held_out) {
  std::vector<Text> train, held;
  if (texts.size() == 1 && held_out.names.empty()) {
    const std::string& text = texts[0].text;
    auto cut = static_cast<size_t>(static_cast<double>(text.size()) * (1 - held_out.share));
    train.push_back({texts[0].id, text.substr(0, cut)});
    if (cut < text.size()) held.push_back({texts[0].id, text.substr(cut)});
    return {std::move(train), std::move(held)};
  }
  for (const std::string& name : held_out.names) {
    if (std::ranges::any_of(texts, [&](const Text& text) { return text.id.find(name) != std::string::npos; })) continue;
    throw Error(ErrorCategory::kInvalidArgument,
                "--held-out {} fits none of the {} documents; `sheepop corpus search` and "
                "the report.json of the corpus name them",
                name, texts.size());
  }
  for (Text& text : texts) {
    const bool named = std::ranges::any_of(
        held_out.names, [&](const std::string& name) { return text.id.find(name) != std::string::npos; });
    const bool drawn = held_out.names.empty() && DrawnToHoldOut(text.id, held_out.share);
    (named || drawn ? held : train).push_back(std::move(text));
  }
  return {std::move(train), std::move(held)};
}

void ReadSplitTexts(const std::string& input, const HeldOut& held_out, TextSink& sink) {
  const auto split = [&](std::string_view text) {
    const auto cut = static_cast<size_t>(static_cast<double>(text.size()) * (1 - held_out.share));
    sink.Learn(text.substr(0, cut));
    if (cut < text.size()) sink.HoldOut(text.substr(cut));
  };
  if (input == "-" || (!std::filesystem::is_directory(input) && !input.ends_with(".zst"))) {
    if (!std::filesystem::is_regular_file(input)) return split(ReadFileOrStdin(input));
    const MappedFile file = MappedFile::Open(input);
    return split({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
  }
  CorpusReader reader(input);
  std::vector<bool> fits(held_out.names.size());
  CorpusDocument document, next;
  bool more = reader.Next(document);
  for (bool first = true; more; first = false, std::swap(document, next)) {
    more = reader.Next(next);
    if (first && !more && held_out.names.empty()) return split(document.text);
    const std::string id = document.id + " " + document.source;
    bool held = held_out.names.empty() && DrawnToHoldOut(id, held_out.share);
    for (size_t i = 0; i < fits.size(); ++i) {
      if (id.find(held_out.names[i]) == std::string::npos) continue;
      fits[i] = held = true;
    }
    held ? sink.HoldOut(document.text) : sink.Learn(document.text);
  }
  for (size_t i = 0; i < fits.size(); ++i) {
    if (fits[i]) continue;
    throw Error(
        ErrorCategory::kInvalidArgument,
        "--held-out {} fits none of the documents; `sheepop corpus search` and the report.json of the corpus name them",
        held_out.names[i]);
  }
}

}  // namespace sheepop
