#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "ingest/clean/steps.h"

namespace sheepop {
namespace {

constexpr size_t kEdgeLines = 3;      // looked at, at the top and the bottom of a page
constexpr size_t kLongestHead = 160;  // bytes; a longer line is text
constexpr size_t kRepeats = 3;        // pages, each at most two after the last (left and right pages differ)

struct PageLine {
  std::string_view text;  // without the breaks
  size_t begin, end;      // of it and the breaks after it, in the page
};

struct Page {
  std::string_view text;
  std::vector<PageLine> lines;
};

bool IsBreak(char c) { return c == kSoftBreak || c == kHardBreak || c == kColumnBreak; }

Page SplitLines(std::string_view text) {
  Page page{text, {}};
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    while (at < text.size() && !IsBreak(text[at])) ++at;
    const size_t end = at;
    while (at < text.size() && IsBreak(text[at])) ++at;
    if (end > begin) page.lines.push_back({text.substr(begin, end - begin), begin, at});
  }
  return page;
}

std::vector<Page> SplitPages(std::string_view text) {
  std::vector<Page> pages;
  while (true) {
    const size_t end = text.find(kPageBreak);
    pages.push_back(SplitLines(text.substr(0, end)));
    if (end == std::string_view::npos) return pages;
    text.remove_prefix(end + 1);
  }
}

// Equal for lines that differ in their numbers only; empty for what cannot be a header.
std::string Key(std::string_view line) {
  if (line.size() > kLongestHead) return "";
  std::string key;
  bool letters = false;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isdigit(byte)) {
      if (!key.ends_with('#')) key.push_back('#');
    } else if (byte > 0x20) {
      key.push_back(static_cast<char>(std::tolower(byte)));
      letters = letters || std::isalpha(byte) || byte >= 0x80;
    }
  }
  return letters ? key : "";
}

std::optional<int> Roman(std::string_view text) {
  static constexpr std::pair<char, int> kDigits[] = {{'i', 1}, {'v', 5}, {'x', 10}, {'l', 50}, {'c', 100}};
  if (text.empty() || text.size() > 9) return std::nullopt;
  int value = 0, last = 0;
  for (size_t i = text.size(); i-- > 0;) {
    const char c = static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
    const auto* digit =
        std::find_if(std::begin(kDigits), std::end(kDigits), [&](const auto& d) { return d.first == c; });
    if (digit == std::end(kDigits)) return std::nullopt;
    value += digit->second < last ? -digit->second : digit->second;
    last = std::max(last, digit->second);
  }
  return value;
}

// "12", "- 12 -", "Page 12", "12 / 40", "xii": the number that a line consists of.
std::optional<int> PageNumber(std::string_view line) {
  if (line.size() > 24) return std::nullopt;
  std::vector<std::string> words;
  bool in_word = false;
  for (const char c : line) {
    const bool word = std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80;
    if (word && !in_word) words.emplace_back();
    if (word) words.back().push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    in_word = word;
  }
  if (!words.empty() && (words.front() == "page" || words.front() == "p" || words.front() == "seite"))
    words.erase(words.begin());
  if (words.size() == 3 && words[1] == "of") words.erase(words.begin() + 1);
  if (words.empty() || words.size() > 2) return std::nullopt;
  if (words.size() == 2 && words[1].find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const std::string& word = words.front();
  if (word.size() <= 5 && word.find_first_not_of("0123456789") == std::string::npos) return std::stoi(word);
  return words.size() == 1 ? Roman(word) : std::nullopt;
}

using Edge = std::vector<size_t>;  // line numbers of a page, from its edge inward

Edge EdgeLines(const Page& page, bool top) {
  Edge edge;
  for (size_t i = 0; i < std::min(kEdgeLines, page.lines.size()); ++i)
    edge.push_back(top ? i : page.lines.size() - 1 - i);
  return edge;
}

class Furniture {
 public:
  explicit Furniture(const std::vector<Page>& pages) : pages_(pages) {
    FindHeads(true);
    FindHeads(false);
    FindNumbers();
  }

  bool Holds(size_t page, std::string_view line) const {
    if (const auto number = PageNumber(line); number && offset_ && *number - static_cast<int>(page) == *offset_)
      return true;
    const auto found = heads_.find(Key(line));
    return found != heads_.end() && page >= found->second.first && page <= found->second.second;
  }

 private:
  void FindHeads(bool top) {
    struct Run {
      size_t first = 0, last = 0, count = 0;
    };
    std::map<std::string, Run> runs;
    for (size_t p = 0; p < pages_.size(); ++p) {
      for (const size_t i : EdgeLines(pages_[p], top)) {
        const std::string key = Key(pages_[p].lines[i].text);
        if (key.empty()) continue;
        Run& run = runs[key];
        if (run.count > 0 && run.last == p) continue;
        if (run.count == 0 || p - run.last > 2) run = {p, p, 0};
        run.last = p;
        if (++run.count < kRepeats) continue;
        auto [place, fresh] = heads_.try_emplace(key, run.first, p);
        place->second.first = std::min(place->second.first, run.first);
        place->second.second = p;
      }
    }
  }

  void FindNumbers() {
    std::map<int, size_t> offsets;
    for (size_t p = 0; p < pages_.size(); ++p) {
      std::vector<int> here;
      for (const bool top : {true, false}) {
        for (const size_t i : EdgeLines(pages_[p], top)) {
          if (const auto number = PageNumber(pages_[p].lines[i].text)) here.push_back(*number - static_cast<int>(p));
        }
      }
      std::sort(here.begin(), here.end());
      here.erase(std::unique(here.begin(), here.end()), here.end());
      for (const int offset : here) ++offsets[offset];
    }
    const auto best = std::max_element(offsets.begin(), offsets.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (best != offsets.end() && best->second >= 2 && best->second * 3 >= pages_.size()) offset_ = best->first;
  }

  const std::vector<Page>& pages_;
  std::map<std::string, std::pair<size_t, size_t>> heads_;  // key -> first and last page where it is furniture
  std::optional<int> offset_;                               // printed number less page index
};

class PageFurniture : public CleanStep {
 public:
  std::string_view name() const override { return "page_furniture"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    if (!document.laid_out) return result;
    const std::vector<Page> pages = SplitPages(document.text);
    if (pages.size() < 2) return result;
    const Furniture furniture(pages);
    std::string out;
    for (size_t p = 0; p < pages.size(); ++p) {
      const auto& lines = pages[p].lines;
      size_t first = 0, last = lines.size();
      while (first < std::min(kEdgeLines, lines.size()) && furniture.Holds(p, lines[first].text)) ++first;
      while (last > first && lines.size() - last < kEdgeLines && furniture.Holds(p, lines[last - 1].text)) --last;
      result.changes += first + lines.size() - last;
      if (p > 0) out.push_back(kPageBreak);
      if (first < last) {
        const size_t end = lines[last - 1].begin + lines[last - 1].text.size();
        out.append(pages[p].text.substr(lines[first].begin, end - lines[first].begin));
      }
    }
    document.text = std::move(out);
    return result;
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakePageFurniture() { return std::make_unique<PageFurniture>(); }

}  // namespace sheepop
