// Running heads, footers and page numbers: what repeats at one place near the edge of pages, in one size, apart from the text.
#include <fmt/core.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "base/utf8.h"
#include "ingest/clean/steps.h"

namespace sheepop {
namespace {

constexpr float kEdge = 0.25f;        // of a page's height, at the top and at the bottom
constexpr size_t kLongestHead = 160;  // bytes; a longer line is text
constexpr size_t kRepeats = 3;        // pages, each at most two after the last (left and right pages differ)
constexpr float kSamePlace = 4;       // points
constexpr float kSameMargin = 8;
constexpr int kNoOffset = 1 << 30;
constexpr size_t kMostPlaces = 8;  // in which one text is followed

struct PageLine {
  std::string_view text;
  size_t begin = 0, end = 0;         // of it and the marks after it, in the page
  const LinePlace* place = nullptr;  // null: unknown, and the line is text
  std::string key;                   // of a line that may be furniture
  std::optional<int> number;         // that it consists of
  bool repeats = false;              // at one place in one size, on pages that follow each other
  bool furniture = false;
};

struct Page {
  std::string_view text;
  std::vector<PageLine> lines;   // in the order of the text
  std::vector<size_t> downward;  // lines with a place, from the top
  float height = 0;              // of most of its lines
};

bool IsMark(char c) { return IsLayoutMark(c) && c != kPageBreak; }

// Those of up to six figures.
std::vector<int> Numbers(std::string_view line) {
  std::vector<int> numbers;
  for (size_t at = 0; at < line.size();) {
    size_t end = at;
    while (end < line.size() && std::isdigit(static_cast<unsigned char>(line[end]))) ++end;
    if (end > at && end - at <= 6) numbers.push_back(std::stoi(std::string(line.substr(at, end - at))));
    at = end + 1;
  }
  return numbers;
}

// Equal for lines that differ in their numbers, spaces and case only; empty for what cannot be a header.
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

// What two copies of one text have in common when only one bears the page's number.
std::string Letters(std::string_view key) {
  std::string letters;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalpha(byte) || byte >= 0x80) letters.push_back(c);
  }
  return letters;
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

// Salutations, refrains and sentences that go on end so; heads do not.
bool EndsOpen(std::string_view line) {
  return line.ends_with(',') || line.ends_with(';') || line.ends_with(':') || line.ends_with('!');
}

bool EndsSentence(std::string_view line) {
  return EndsOpen(line) || line.ends_with('.') || line.ends_with('?') || line.ends_with('"') ||
         line.ends_with("\u201D") || line.ends_with("\u2019") || line.ends_with("\u00BB");
}

bool BeginsLower(std::string_view line) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(DecodeUtf8(line).code_point)) == UTF8PROC_CATEGORY_LL;
}

Page SplitLines(std::string_view text) {
  Page page;
  page.text = text;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    while (at < text.size() && !IsMark(text[at])) ++at;
    const size_t end = at;
    while (at < text.size() && IsMark(text[at])) ++at;
    if (end == begin) continue;
    PageLine line;
    line.text = text.substr(begin, end - begin);
    line.begin = begin;
    line.end = at;
    page.lines.push_back(std::move(line));
  }
  return page;
}

// Gives each line its place: both stand in the order of the text.
void SetPlaces(std::vector<Page>& pages, const std::vector<LinePlace>& places) {
  size_t next = 0;
  for (size_t p = 0; p < pages.size(); ++p) {
    Page& page = pages[p];
    size_t marks = 0, at = 0;
    for (size_t i = 0; i < page.lines.size(); ++i) {
      PageLine& line = page.lines[i];
      for (; at < line.begin; ++at) marks += IsMark(page.text[at]);
      while (next < places.size() && std::pair(places[next].page, places[next].marks) <
                                         std::pair(static_cast<uint32_t>(p), static_cast<uint32_t>(marks))) {
        ++next;
      }
      if (next == places.size() || places[next].page != p || places[next].marks != marks) continue;
      line.place = &places[next];
      page.downward.push_back(i);
    }
    std::stable_sort(page.downward.begin(), page.downward.end(),
                     [&](size_t a, size_t b) { return page.lines[a].place->y0 < page.lines[b].place->y0; });
  }
}

float Height(const PageLine& line) { return line.place->y1 - line.place->y0; }

bool AtTop(const LinePlace& place) { return place.y1 <= kEdge * place.page_height; }
bool AtBottom(const LinePlace& place) { return place.y0 >= (1 - kEdge) * place.page_height; }

class Finder {
 public:
  explicit Finder(std::vector<Page>& pages) : pages_(pages) {
    for (Page& page : pages_) Measure(page);
    for (const bool top : {true, false}) FindRepeats(top);
    FindNumbers();
    Decide();
    for (Page& page : pages_) KeepMost(page);
    KeepFirstCopies();
  }

 private:
  struct Copy {
    size_t page, line;
  };
  using Copies = std::vector<Copy>;

  PageLine& At(const Copy& copy) { return pages_[copy.page].lines[copy.line]; }

  static void Measure(Page& page) {
    std::vector<float> heights;
    for (const size_t i : page.downward) {
      PageLine& line = page.lines[i];
      const bool top = AtTop(*line.place), bottom = AtBottom(*line.place);
      if (top || bottom) {
        line.key = Key(line.text);
        line.number = PageNumber(line.text);
      }
      // Long lines are the text's; a title and a head are short.
      heights.insert(heights.end(), 1 + line.text.size() / 16, Height(line));
    }
    if (heights.empty()) return;
    const auto middle = heights.begin() + static_cast<ptrdiff_t>(heights.size() / 2);
    std::nth_element(heights.begin(), middle, heights.end());
    page.height = *middle;
  }

  bool SamePlace(const Copy& a, const Copy& b) {
    const LinePlace &x = *At(a).place, &y = *At(b).place;
    const float height = Height(At(a));
    return std::abs(x.y0 - y.y0) <= kSamePlace && std::abs(Height(At(b)) - height) <= 0.1f * height + 0.1f;
  }

  bool SameMargin(const Copy& a, const Copy& b) {
    const LinePlace &x = *At(a).place, &y = *At(b).place;
    return std::abs(x.x0 - y.x0) <= kSameMargin || std::abs(x.x1 - y.x1) <= kSameMargin ||
           std::abs(x.x0 + x.x1 - y.x0 - y.x1) <= 2 * kSameMargin;
  }

  void FindRepeats(bool top) {
    std::map<std::string, std::vector<Copies>> texts;  // by place
    for (size_t p = 0; p < pages_.size(); ++p) {
      for (const size_t i : pages_[p].downward) {
        const PageLine& line = pages_[p].lines[i];
        if (line.key.empty() || AtTop(*line.place) != top) continue;
        std::vector<Copies>& places = texts[line.key];
        const Copy copy{p, i};
        const auto same = std::find_if(places.begin(), places.end(),
                                       [&](const Copies& copies) { return SamePlace(copies.back(), copy); });
        if (same != places.end()) {
          if (same->back().page != p) same->push_back(copy);
        } else if (places.size() < kMostPlaces) {
          places.push_back({copy});
        }
      }
    }
    for (const auto& [key, places] : texts) {
      for (const Copies& copies : places) SplitRuns(copies);
    }
  }

  // Right and left pages may have margins of their own: a copy stands like one of the two on each side of it.
  bool StandsAlike(const Copies& copies, size_t i) {
    for (size_t j = i < 2 ? 0 : i - 2; j < std::min(copies.size(), i + 3); ++j) {
      if (j != i && SameMargin(copies[i], copies[j])) return true;
    }
    return false;
  }

  void SplitRuns(const Copies& copies) {
    Copies run;
    const auto close = [&] {
      if (run.size() >= kRepeats) runs_.push_back(run);
      run.clear();
    };
    for (size_t i = 0; i < copies.size(); ++i) {
      if (!StandsAlike(copies, i)) continue;
      if (!run.empty() && copies[i].page - run.back().page > 2) close();
      run.push_back(copies[i]);
    }
    close();
  }

  void FindNumbers() {
    std::map<int, size_t> offsets;
    for (size_t p = 0; p < pages_.size(); ++p) {
      std::set<int> here;
      for (const PageLine& line : pages_[p].lines) {
        if (line.number) here.insert(*line.number - static_cast<int>(p));
      }
      for (const int offset : here) ++offsets[offset];
    }
    const auto best = std::max_element(offsets.begin(), offsets.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (best != offsets.end() && best->second >= 2 && best->second * 3 >= pages_.size()) offset_ = best->first;
  }

  bool IsNumber(size_t page, const PageLine& line) const {
    return offset_ && line.number && *line.number - static_cast<int>(page) == *offset_;
  }

  // The white between the line and the text, beyond other lines that repeat; nothing when text stands outside of it.
  std::optional<float> WhiteInside(const Copy& copy) {
    const Page& page = pages_[copy.page];
    const PageLine& line = page.lines[copy.line];
    const bool top = AtTop(*line.place);
    const float middle = (line.place->y0 + line.place->y1) / 2;
    float edge = top ? line.place->y1 : line.place->y0, white = 0;
    const auto visit = [&](size_t i) -> bool {  // false: the text is reached
      const PageLine& other = page.lines[i];
      const bool fixed = other.repeats || IsNumber(copy.page, other);
      const float here = (other.place->y0 + other.place->y1) / 2;
      if (top ? here < line.place->y0 : here > line.place->y1) return fixed;
      if (std::abs(here - middle) < 0.7f * Height(line)) return true;
      white = std::max(white, top ? other.place->y0 - edge : edge - other.place->y1);
      edge = top ? other.place->y1 : other.place->y0;
      return fixed;
    };
    const auto outside = [&](size_t i) {
      const LinePlace& place = *page.lines[i].place;
      return top ? (place.y0 + place.y1) / 2 < line.place->y0 : (place.y0 + place.y1) / 2 > line.place->y1;
    };
    const auto walk = [&](auto begin, auto end) -> std::optional<float> {
      for (auto at = begin; at != end; ++at) {
        if (visit(*at)) continue;
        if (outside(*at)) return std::nullopt;
        return white;
      }
      return std::nullopt;  // no text at all
    };
    return top ? walk(page.downward.begin(), page.downward.end()) : walk(page.downward.rbegin(), page.downward.rend());
  }

  // A verse ends before its page does; a line of prose that goes on does not.
  static bool IsFull(const Page& page, const PageLine& line) {
    if (!line.place) return false;
    float widest = 0;
    for (const size_t i : page.downward) widest = std::max(widest, page.lines[i].place->x1 - page.lines[i].place->x0);
    return line.place->x1 - line.place->x0 >= 0.8f * widest;
  }

  // The text of the pages of a run breaks off in the middle of sentences and goes on after the line.
  bool Interrupts(const Copies& run) {
    size_t interrupted = 0;
    for (const Copy& copy : run) {
      if (copy.page + 1 >= pages_.size()) continue;
      const auto text = [&](size_t p) {
        std::vector<const PageLine*> lines;
        for (const PageLine& line : pages_[p].lines) {
          if (!line.repeats && !IsNumber(p, line)) lines.push_back(&line);
        }
        return lines;
      };
      const auto here = text(copy.page), next = text(copy.page + 1);
      interrupted += !here.empty() && !next.empty() && !EndsSentence(here.back()->text) &&
                     BeginsLower(next.front()->text) && IsFull(pages_[copy.page], *here.back());
    }
    return interrupted >= 2 && interrupted * 3 >= run.size();
  }

  // Small type whose number rises with the pages.
  bool CountsPages(const Copies& run) {
    std::vector<int> offsets;  // of each number of the line, while it stays the same
    size_t small = 0;
    for (const Copy& copy : run) {
      const PageLine& line = At(copy);
      small += Height(line) <= 0.95f * pages_[copy.page].height;
      std::vector<int> numbers = Numbers(line.text);
      for (int& number : numbers) number -= static_cast<int>(copy.page);
      if (&copy == &run.front()) {
        offsets = std::move(numbers);
      } else if (numbers.size() != offsets.size()) {
        return false;
      } else {
        for (size_t i = 0; i < numbers.size(); ++i) {
          if (numbers[i] != offsets[i]) offsets[i] = kNoOffset;
        }
      }
    }
    return small * 2 > run.size() &&
           std::any_of(offsets.begin(), offsets.end(), [](int offset) { return offset != kNoOffset; });
  }

  void Decide() {
    for (const Copies& run : runs_) {
      for (const Copy& copy : run) At(copy).repeats = true;
    }
    for (const Copies& run : runs_) {
      size_t apart = 0, outermost = 0, fitting = 0;
      for (const Copy& copy : run) {
        const PageLine& line = At(copy);
        const std::optional<float> white = WhiteInside(copy);
        const float height = pages_[copy.page].height;
        fitting += Height(line) <= 1.12f * height && !EndsOpen(line.text);
        outermost += white.has_value();
        apart += white && *white > 1.75f * std::max(height, Height(line));
      }
      if (fitting * 2 <= run.size() || outermost * 2 <= run.size()) continue;
      if (apart * 2 <= run.size() && !Interrupts(run) && !CountsPages(run)) continue;
      for (const Copy& copy : run) At(copy).furniture = true;
    }
    for (size_t p = 0; p < pages_.size(); ++p) {
      for (const size_t i : pages_[p].downward) {
        PageLine& line = pages_[p].lines[i];
        line.furniture = line.furniture || (IsNumber(p, line) && WhiteInside({p, i}));
      }
    }
  }

  // At most a third of a page's lines go, besides its number, and not the last one.
  void KeepMost(Page& page) {
    size_t most = page.lines.size() / 3, left = page.lines.size();
    const auto p = static_cast<size_t>(&page - pages_.data());
    for (PageLine& line : page.lines) {
      if (!line.furniture) continue;
      const bool number = IsNumber(p, line);
      if (left == 1 || (!number && most == 0)) {
        line.furniture = false;
        continue;
      }
      most -= !number;
      --left;
    }
  }

  // A text that would be gone from the whole document stays where it is first.
  void KeepFirstCopies() {
    std::set<std::string> kept;
    for (const Page& page : pages_) {
      for (const PageLine& line : page.lines) {
        if (!line.furniture) kept.insert(Letters(Key(line.text)));
      }
    }
    for (size_t p = 0; p < pages_.size(); ++p) {
      for (PageLine& line : pages_[p].lines) {
        if (!line.furniture || IsNumber(p, line)) continue;
        if (kept.insert(Letters(line.key)).second) line.furniture = false;
      }
    }
  }

  std::vector<Page>& pages_;
  std::vector<Copies> runs_;
  std::optional<int> offset_;  // printed number less page index
};

// "3, 5 to 9, 12", of pages counted from 0.
std::string PageList(const std::vector<size_t>& pages) {
  std::string list;
  for (size_t i = 0; i < pages.size();) {
    size_t end = i;
    while (end + 1 < pages.size() && pages[end + 1] == pages[end] + 1) ++end;
    if (!list.empty()) list += ", ";
    list += end == i ? fmt::format("{}", pages[i] + 1) : fmt::format("{} to {}", pages[i] + 1, pages[end] + 1);
    i = end + 1;
  }
  return list;
}

// A note for each text that was removed: its first copy, and the pages.
void NoteRemoved(const std::vector<Page>& pages, Document& document) {
  struct Removed {
    std::string_view text;
    std::vector<size_t> pages;
  };
  std::vector<Removed> removed;
  std::map<std::string, size_t> index;
  for (size_t p = 0; p < pages.size(); ++p) {
    for (const PageLine& line : pages[p].lines) {
      if (!line.furniture) continue;
      const auto [place, fresh] = index.try_emplace(line.number ? "" : line.key, removed.size());
      if (fresh) removed.push_back({line.text, {}});
      std::vector<size_t>& on = removed[place->second].pages;
      if (on.empty() || on.back() != p) on.push_back(p);
    }
  }
  for (const Removed& one : removed) {
    const bool number = PageNumber(one.text).has_value();
    document.notes.push_back(fmt::format("page furniture removed: {}\"{}\" on {} {}",
                                         number ? "page numbers from " : "", one.text,
                                         one.pages.size() == 1 ? "page" : "pages", PageList(one.pages)));
  }
}

std::string WithoutFurniture(const Page& page) {
  std::string out;
  size_t end = 0;  // of the last kept line's text
  for (const PageLine& line : page.lines) {
    if (line.furniture) continue;
    if (!out.empty()) {
      // What stood between two kept lines; a removed line between them takes its own marks along.
      const size_t marks = line.begin;
      size_t from = marks;
      while (from > end && IsMark(page.text[from - 1])) --from;
      out.append(page.text.substr(from, marks - from));
    }
    out.append(line.text);
    end = line.begin + line.text.size();
  }
  return out;
}

class PageFurniture : public CleanStep {
 public:
  std::string_view name() const override { return "page_furniture"; }

  CleanResult Apply(Document& document) const override {
    CleanResult result;
    const std::vector<LinePlace> places = std::move(document.places);
    document.places.clear();
    if (!document.laid_out || places.empty()) return result;
    std::vector<Page> pages;
    for (std::string_view rest = document.text;;) {
      const size_t end = rest.find(kPageBreak);
      pages.push_back(SplitLines(rest.substr(0, end)));
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
    if (pages.size() < 2) return result;
    SetPlaces(pages, places);
    const Finder finder(pages);
    NoteRemoved(pages, document);
    std::string out;
    for (const Page& page : pages) {
      if (&page != &pages.front()) out.push_back(kPageBreak);
      out += WithoutFurniture(page);
      result.changes += static_cast<uint64_t>(
          std::count_if(page.lines.begin(), page.lines.end(), [](const PageLine& line) { return line.furniture; }));
    }
    document.text = std::move(out);
    return result;
  }
};

}  // namespace

std::unique_ptr<CleanStep> MakePageFurniture() { return std::make_unique<PageFurniture>(); }

}  // namespace sheepop
