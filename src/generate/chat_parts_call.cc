#include <algorithm>

#include "generate/chat_call.h"

namespace sheepop {
namespace {

bool IsSpace(char c) { return kWhite.find(c) != std::string_view::npos; }

bool IsNameByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
         c == '.' || c == '/' || static_cast<unsigned char>(c) >= 0x80;
}

// One of several marks, white space aside.
class MarkMatcher {
 public:
  void Add(std::string_view mark) { marks_.push_back(WithoutSpace(mark)); }

  enum class Step { kMore, kFound, kNone };
  Step Push(char byte) {
    if (IsSpace(byte)) return Step::kMore;
    read_ += byte;
    found_ = std::ranges::find(marks_, read_) - marks_.begin();
    if (static_cast<size_t>(found_) < marks_.size()) return Step::kFound;
    const bool may = std::ranges::any_of(marks_, [&](const std::string& mark) { return mark.starts_with(read_); });
    return may ? Step::kMore : Step::kNone;
  }
  size_t found() const { return static_cast<size_t>(found_); }

 private:
  std::vector<std::string> marks_;
  std::string read_;
  ptrdiff_t found_ = 0;
};

// Arguments as marked text, up to the mark behind the last.
class PairsReader {
 public:
  using Step = CallReader::Step;
  PairsReader(const PairMarks& marks, const ToolSchemas& tools, const std::string& name, std::string end)
      : marks_(marks), tools_(tools), name_(name), end_(std::move(end)) {
    ExpectKey();
  }

  Step Push(char byte) {
    switch (state_) {
      case State::kBetween: return Between(byte);
      case State::kKey: return Key(byte);
      case State::kWord: return Word(byte);
      case State::kLead: return Lead(byte);
      case State::kValue: return Value(byte);
    }
    return Step::kBroken;
  }

  std::string Take() { return std::exchange(out_, {}); }

 private:
  enum class State { kBetween, kKey, kWord, kLead, kValue };

  void ExpectKey() {
    state_ = State::kBetween;
    matcher_ = {};
    matcher_.Add(marks_.key_open);
    matcher_.Add(end_);
  }

  Step Between(char byte) {
    switch (matcher_.Push(byte)) {
      case MarkMatcher::Step::kMore: return Step::kMore;
      case MarkMatcher::Step::kNone: return Step::kBroken;
      case MarkMatcher::Step::kFound: break;
    }
    if (matcher_.found() == 1) return EndAll();
    key_.clear();
    word_.clear();
    state_ = State::kKey;
    return Step::kMore;
  }

  Step EndAll() {
    out_ += any_ ? "}" : "{}";
    return Step::kDone;
  }

  // The key, and what stands between it and its value, white space aside.
  Step Key(char byte) {
    key_ += byte;
    if (key_.size() > kMostName + marks_.key_close.size()) return Step::kBroken;
    // The mark behind the last argument may go on as a key's does: "<key>" and "</call>".
    if (WithoutSpace(marks_.key_open + key_) == end_) return EndAll();
    const std::string close = WithoutSpace(marks_.key_close), so_far = WithoutSpace(key_);
    if (!so_far.ends_with(close)) return Step::kMore;
    // The key itself may hold spaces; its mark begins where the mark's first byte stands last.
    size_t at = key_.size();
    for (size_t left = close.size(); left > 0;) {
      if (!IsSpace(key_[--at])) --left;
    }
    key_.resize(at);
    key_ = std::string(Trim(key_));
    if (key_.empty()) return Step::kBroken;
    if (marks_.attribute_close.empty()) return BeginValue();
    state_ = State::kWord;
    return Step::kMore;
  }

  Step Word(char byte) {
    word_ += byte;
    if (word_.size() > kMostName) return Step::kBroken;
    if (!word_.ends_with(marks_.attribute_close)) return Step::kMore;
    word_.resize(word_.size() - marks_.attribute_close.size());
    return BeginValue();
  }

  Step BeginValue() {
    state_ = State::kLead;
    lead_.clear();
    value_.clear();
    close_ = marks_.value_close;
    if (marks_.names_key) close_ += key_ + marks_.value_close_behind_key;
    const boost::json::value* root = tools_.Parameters(name_);
    const bool word_says_text = !marks_.attribute_close.empty() && word_ == marks_.text_word;
    const bool by_schema = marks_.attribute_close.empty() && TypesOf(tools_.Argument(name_, key_), root).only_text();
    streams_ = word_says_text || by_schema;
    out_ += any_ ? ",\"" : "{\"";
    any_ = true;
    AppendJsonString(key_, out_);
    out_ += streams_ ? "\":\"" : "\":";
    return Step::kMore;
  }

  // White space, and a mark behind which the text is as it is, closing marks and all.
  Step Lead(char byte) {
    lead_ += byte;
    if (marks_.lead.starts_with(lead_)) return Step::kMore;
    const std::string_view rest =
        std::string_view(lead_).substr(lead_.starts_with(marks_.lead) ? marks_.lead.size() : 0);
    if (!marks_.plain_open.empty() && std::string_view(marks_.plain_open).starts_with(rest)) {
      if (rest.size() < marks_.plain_open.size()) return Step::kMore;
      close_ = marks_.plain_close + close_;
      state_ = State::kValue;
      return Step::kMore;
    }
    state_ = State::kValue;
    Step step = Step::kMore;
    for (const char held : std::string(rest)) step = Value(held);
    return step;
  }

  Step Value(char byte) {
    value_ += byte;
    if (value_.ends_with(close_)) {
      value_.resize(value_.size() - close_.size());
      if (!marks_.trail.empty() && value_.ends_with(marks_.trail)) value_.resize(value_.size() - marks_.trail.size());
      if (streams_) {
        AppendJsonString(value_, out_);
        out_ += '"';
      } else {
        out_ += ArgumentJson(value_, tools_.Argument(name_, key_), tools_.Parameters(name_), marks_, word_);
      }
      ExpectKey();
      return Step::kMore;
    }
    if (!streams_) return Step::kMore;
    const size_t sure = value_.size() - Held();
    AppendJsonString(std::string_view(value_).substr(0, sure), out_);
    value_.erase(0, sure);
    return Step::kMore;
  }

  // How many of the value's last bytes may begin its closing mark, with the white space in front of it.
  size_t Held() const {
    const std::string close = marks_.trail + close_;
    for (size_t n = std::min(value_.size(), close.size() - 1); n > 0; --n) {
      if (value_.ends_with(std::string_view(close).substr(0, n))) return n;
    }
    for (size_t n = std::min(value_.size(), close_.size() - 1); n > 0; --n) {
      if (value_.ends_with(std::string_view(close_).substr(0, n))) return n;
    }
    return 0;
  }

  const PairMarks& marks_;
  const ToolSchemas& tools_;
  const std::string& name_;
  std::string end_;
  State state_ = State::kBetween;
  MarkMatcher matcher_;
  bool any_ = false;
  std::string key_, word_, lead_, value_, close_;
  bool streams_ = false;
  std::string out_;
};

class PartsReader final : public CallReader {
 public:
  PartsReader(const ChatRow& row, std::vector<CallPart> parts, std::string skip, const ToolSchemas& tools)
      : row_(row), tools_(tools), parts_(std::move(parts)) {
    if (!skip.empty()) parts_.insert(parts_.begin(), {CallPart::kMark, std::move(skip)});
    Enter();
  }

  Step Push(char byte) override {
    if (at_ == parts_.size()) return Step::kDoneBefore;
    const CallPart& part = parts_[at_];
    switch (part.kind) {
      case CallPart::kMark: return Mark(byte);
      case CallPart::kHead: return Head(byte, part.text);
      case CallPart::kName:
      case CallPart::kId:
      case CallPart::kNumber: return Word(byte);
      case CallPart::kValue: return Value(byte);
      case CallPart::kPairs: return Pairs(byte);
    }
    return Step::kBroken;
  }

 private:
  void Enter() {
    matcher_ = {};
    word_.clear();
    if (at_ == parts_.size()) return;
    const CallPart& part = parts_[at_];
    if (part.kind == CallPart::kMark) {
      matcher_.Add(part.text);
      if (WithoutSpace(part.text).empty()) Advance();
    } else if (part.kind == CallPart::kValue) {
      value_ = ValueReader(part.form);
      starts_ = true;
    } else if (part.kind == CallPart::kPairs) {
      begun_ = true;
      const bool last = at_ + 1 == parts_.size();
      pairs_ = std::make_unique<PairsReader>(*row_.pairs, tools_, name_,
                                             last ? "" : PairsEnd(*row_.pairs, parts_[at_ + 1].text));
    }
  }

  void Advance() {
    ++at_;
    Enter();
  }

  Step Mark(char byte) {
    switch (matcher_.Push(byte)) {
      case MarkMatcher::Step::kMore: return Step::kMore;
      case MarkMatcher::Step::kNone: return Step::kBroken;
      case MarkMatcher::Step::kFound: Advance(); return Step::kMore;
    }
    return Step::kBroken;
  }

  Step Head(char byte, std::string_view text) {
    word_ += byte;
    if (word_.size() > kMostHead || byte == '\n' || byte == '{') return Step::kBroken;
    if (word_.ends_with(text.substr(text.rfind('<')))) Advance();
    return Step::kMore;
  }

  Step Word(char byte) {
    const CallPart::Kind kind = parts_[at_].kind;
    const bool first = word_.empty();
    if (first && IsSpace(byte)) return Step::kMore;
    const bool goes_on = kind == CallPart::kNumber ? byte >= '0' && byte <= '9' : IsNameByte(byte);
    if (goes_on) {
      word_ += byte;
      return word_.size() > kMostName ? Step::kBroken : Step::kMore;
    }
    if (first) return Step::kBroken;
    if (kind == CallPart::kId) id_ = word_;
    if (kind == CallPart::kName) {
      if (!name_.empty() ? word_ != name_ : !tools_.empty() && !tools_.Has(word_)) return Step::kBroken;
      name_ = word_;
    }
    // Kimi's calls are known by their name and number.
    const bool counted = kind == CallPart::kNumber && at_ >= 2 && parts_[at_ - 1].text == ":";
    if (counted) id_ = "functions." + name_ + ":" + word_;
    Advance();
    return Push(byte);
  }

  Step Value(char byte) {
    if (std::exchange(starts_, false)) {
      if (IsSpace(byte)) {
        starts_ = true;
        return Step::kMore;
      }
      const char open = parts_[at_].form == ValueForm::kPython ? '(' : '{';
      if (byte != open) return Step::kBroken;
      begun_ = true;
    }
    const ValueReader::Step step = value_.Push(byte);
    if (step == ValueReader::Step::kBroken) return Step::kBroken;
    arguments_ += value_.Take();
    if (step == ValueReader::Step::kMore) return Step::kMore;
    at_ = parts_.size();
    return step == ValueReader::Step::kDone ? Step::kDone : Step::kDoneBefore;
  }

  Step Pairs(char byte) {
    const Step step = pairs_->Push(byte);
    arguments_ += pairs_->Take();
    if (step == Step::kDone) at_ = parts_.size();
    return step;
  }

  static constexpr size_t kMostHead = 128;

  const ChatRow& row_;
  const ToolSchemas& tools_;
  std::vector<CallPart> parts_;
  size_t at_ = 0;
  MarkMatcher matcher_;
  std::string word_;
  ValueReader value_{ValueForm::kJson};
  bool starts_ = false;
  std::unique_ptr<PairsReader> pairs_;
};

}  // namespace

std::string PairsEnd(const PairMarks& pairs, std::string_view mark) {
  const std::string whole = WithoutSpace(mark), open = WithoutSpace(pairs.key_open);
  for (size_t end = whole.find('>'); end < whole.size(); end = whole.find('>', end + 1)) {
    if (!open.starts_with(std::string_view(whole).substr(0, end + 1))) return whole.substr(0, end + 1);
  }
  return whole;
}

std::unique_ptr<CallReader> ReadParts(const ChatRow& row, std::vector<CallPart> parts, std::string skip,
                                      const ToolSchemas& tools) {
  return std::make_unique<PartsReader>(row, std::move(parts), std::move(skip), tools);
}

}  // namespace sheepop
