#include "ingest/text_alignment.h"

#include <algorithm>

namespace sheepop {
namespace {

constexpr size_t kNear = 96;      // code points removed and added that are looked for one by one
constexpr size_t kLeast = 3;      // equal code points at the end of a text that end an edit
constexpr size_t kAnchor = 32;    // equal code points that end any edit
constexpr size_t kFarEdits = 64;  // looked for in the whole of the texts

class Aligner {
 public:
  Aligner(std::u32string_view before, std::u32string_view after) : before_(before), after_(after) {}

  std::vector<TextEdit> Run() {
    for (Skip(); i_ < before_.size() || j_ < after_.size(); Skip()) {
      const auto [removed, added] = NextEdit();
      Add({i_, i_ + removed, j_, j_ + added});
      i_ += removed;
      j_ += added;
    }
    for (size_t e = 0; e < edits_.size(); ++e) Slide(edits_[e], e > 0 ? edits_[e - 1].before_end : 0);
    return std::move(edits_);
  }

 private:
  static constexpr size_t kNone = std::u32string_view::npos;

  struct Lengths {
    size_t removed, added;
  };

  void Skip() {
    while (i_ < before_.size() && j_ < after_.size() && before_[i_] == after_[j_]) ++i_, ++j_;
  }

  // A larger edit needs more to end it, and the end of a text as much as is left. Steps change marks of a layout to spaces and
  // lines: in looking ahead any white space is like any other.
  bool Agree(size_t removed, size_t added, size_t least) const {
    size_t i = i_ + removed, j = j_ + added;
    if (i > before_.size() || j > after_.size()) return false;
    if (i < before_.size() && j < after_.size() && before_[i] != after_[j]) return false;
    const size_t need = std::min(least + 2 * (removed + added), kAnchor);
    const auto skip = [](std::u32string_view text, size_t& at) {
      const size_t begin = at;
      while (at < text.size() && text[at] <= U' ') ++at;
      return at > begin;
    };
    for (size_t agreed = 0; agreed < need; ++agreed) {
      const bool blank = skip(before_, i), also = skip(after_, j);
      const bool end = i == before_.size(), other_end = j == after_.size();
      if (end || other_end) return (end && other_end) || agreed >= kLeast;
      if (blank != also || before_[i++] != after_[j++]) return false;
    }
    return true;
  }

  // Sentences begin alike, so that much must agree; where changes stand close together, less.
  Lengths NextEdit() {
    for (const size_t least : {size_t{12}, size_t{3}}) {
      for (size_t size = 1; size <= kNear; ++size) {
        for (size_t added = 0; added <= size; ++added) {
          if (Agree(size - added, added, least)) return {size - added, added};
        }
      }
    }
    const Lengths rest{before_.size() - i_, after_.size() - j_};
    if (++far_edits_ > kFarEdits) return rest;
    const size_t removed = Distance(before_.substr(i_), after_.substr(j_));
    const size_t added = Distance(after_.substr(j_), before_.substr(i_));
    if (removed == kNone && added == kNone) return rest;
    return removed <= added ? Lengths{removed, 0} : Lengths{0, added};
  }

  static size_t Distance(std::u32string_view text, std::u32string_view next) {
    return next.size() < kAnchor ? kNone : text.find(next.substr(0, kAnchor));
  }

  void Add(const TextEdit& edit) {
    if (!edits_.empty() && edits_.back().before_end == edit.before && edits_.back().after_end == edit.after) {
      edits_.back().before_end = edit.before_end;
      edits_.back().after_end = edit.after_end;
    } else {
      edits_.push_back(edit);
    }
  }

  // "it ended.[\nThe book\nThe] next" reads worse than "it ended.\n[The book\n]The next".
  void Slide(TextEdit& edit, size_t bound) const {
    if (edit.after != edit.after_end) return;
    size_t word = kNone, line = kNone;  // how far back one begins
    for (size_t back = 0;; ++back) {
      const size_t begin = edit.before - back;
      const char32_t last = begin == 0 ? U'\n' : before_[begin - 1];
      if (last < U' ') {
        line = back;
        break;
      }
      if (last == U' ' && word == kNone) word = back;
      if (begin <= bound || last != before_[edit.before_end - back - 1]) break;
    }
    const size_t back = line != kNone ? line : word != kNone ? word : 0;
    edit.before -= back;
    edit.before_end -= back;
    edit.after -= back;
    edit.after_end -= back;
  }

  std::u32string_view before_, after_;
  size_t i_ = 0, j_ = 0, far_edits_ = 0;
  std::vector<TextEdit> edits_;
};

}  // namespace

std::vector<TextEdit> AlignTexts(std::u32string_view before, std::u32string_view after) {
  return Aligner(before, after).Run();
}

}  // namespace sheepop
