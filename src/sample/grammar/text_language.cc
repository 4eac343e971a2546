#include "sample/grammar/text_language.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace sheepop::grammar {
namespace {

using Segments = std::span<const RegexPool::Segment>;

constexpr size_t kMostLanguageBytes = size_t{256} << 20;

// Where in the text a state is: between two characters, or so far within one that it is one of a range of characters. The
// regular expression is that of the text before this character.
struct Place {
  enum Kind : uint8_t {
    kNowhere,
    kStart,      // before the quotation mark
    kBetween,    // two characters
    kTail,       // within UTF-8: `left` bytes are missing, c is the character were they 0x80
    kEscape,     // after a reverse solidus
    kHex,        // \u and 4 - left digits, whose number is c
    kLowEscape,  // after the escape of a high surrogate; with the lowest of low ones it would be c
    kLowU,       // ... and a reverse solidus
    kLowHex,     // ... and u and 4 - left digits; c is the character were the rest 0
    kEnd,        // after the quotation mark
  };
  Kind kind = kNowhere;
  uint8_t left = 0;
  char32_t c = 0;
  RegexId regex{};
  bool operator==(const Place&) const = default;
};

struct PlaceHash {
  size_t operator()(const Place& place) const {
    const uint64_t low = uint64_t{place.kind} << 28U | uint64_t{place.left} << 24U | place.c;
    return (low << 32U ^ static_cast<uint64_t>(place.regex)) * 0x9E3779B97F4A7C15U >> 7U;
  }
};

Segments::iterator SegmentAt(Segments segments, char32_t c) {  // that holds c, else the first one behind
  return std::lower_bound(segments.begin(), segments.end(), c,
                          [](const RegexPool::Segment& segment, char32_t x) { return segment.last < x; });
}

class CharLanguage : public ByteLanguage {
 public:
  CharLanguage(std::shared_ptr<RegexPool> pool, RegexId regex) : pool_(std::move(pool)), regex_(regex) { IdOf({}); }

  State Next(State state, uint8_t byte) final {
    State& next = RowOf(state).next[byte];
    if (next != kUnknown) return next;
    const State found = IdOf(Step(places_[state], byte));
    return RowOf(state).next[byte] = found;
  }

  ByteSet Allowed(State state) final {
    Row& row = RowOf(state);
    if (!row.complete) {
      for (size_t byte = 0; byte < 256; ++byte) {
        if (Next(state, static_cast<uint8_t>(byte)) != kDead) row.allowed.Add(static_cast<uint8_t>(byte));
      }
      row.complete = true;
    }
    return row.allowed;
  }

  size_t PlainRun(State state, size_t most) final {
    return places_[state].kind == Place::kBetween ? pool_->PlainRun(places_[state].regex, most) : 0;
  }

  size_t bytes() const final { return places_.size() * kStateBytes + row_count_ * sizeof(Row); }

 protected:
  virtual Place Step(const Place& place, uint8_t byte) = 0;

  State IdOf(const Place& place) {
    if (place.kind == Place::kNowhere && !places_.empty()) return kDead;
    if (last_id_ != kDead && place == places_[last_id_]) return last_id_;  // neighbouring bytes often lead to the same
    const auto [at, fresh] = ids_.try_emplace(place, static_cast<State>(places_.size()));
    if (fresh) {
      places_.push_back(place);
      rows_.emplace_back();
    }
    last_id_ = at->second;
    return last_id_;
  }

  const Place& place(State state) const { return places_[state]; }
  RegexPool& pool() const { return *pool_; }
  RegexId regex() const { return regex_; }

  Place After(RegexId regex, char32_t c) const {
    const Segments segments = pool_->Segments(regex);
    const auto at = SegmentAt(segments, c);
    if (at == segments.end() || at->first > c) return {};
    return {Place::kBetween, 0, 0, at->next};
  }

  bool LeadsOn(RegexId regex, char32_t first, char32_t last) const {
    const Segments segments = pool_->Segments(regex);
    const auto at = SegmentAt(segments, first);
    return at != segments.end() && at->first <= last;
  }

  // Where all of `first` to `last` lead to the same, which of them it will be does not matter: `place` is then the one for
  // `c`, which stands for all such, and for an expression of which that is true.
  Place Simplest(Place place, char32_t first, char32_t last, char32_t c) const {
    const Segments segments = pool_->Segments(place.regex);
    const auto at = SegmentAt(segments, first);
    if (at == segments.end() || at->first > last) return {};
    if (at->first > first || at->last < last) return place;
    place.regex = pool_->Concat(pool_->Chars(CharSet::All()), at->next);
    place.c = c;
    return place;
  }

  Place Lead(RegexId regex, uint8_t byte) const {
    if (byte < 0x80) return After(regex, byte);
    if (byte >= 0xC2 && byte <= 0xDF) return Tail(regex, (byte & 0x1FU) << 6U, 1);
    if (byte >= 0xE0 && byte <= 0xEF) return Tail(regex, (byte & 0x0FU) << 12U, 2);
    if (byte >= 0xF0 && byte <= 0xF4) return Tail(regex, (byte & 0x07U) << 18U, 3);
    return {};
  }

  Place TailByte(const Place& place, uint8_t byte) const {
    if ((byte & 0xC0U) != 0x80) return {};
    const uint8_t left = place.left - 1;
    const char32_t c = place.c + (static_cast<char32_t>(byte & 0x3FU) << (6U * left));
    if (place.c == 0 && c < Shortest(place.left)) return {};
    return left == 0 ? After(place.regex, c) : Tail(place.regex, c, left);
  }

 private:
  static constexpr State kUnknown = UINT32_MAX;
  static constexpr size_t kStateBytes = 2 * sizeof(Place) + 64;

  struct Row {
    std::array<State, 256> next;
    ByteSet allowed;
    bool complete = false;
  };

  // The first character whose UTF-8 has so many bytes behind the lead.
  static char32_t Shortest(uint8_t tail) { return tail == 3 ? 0x10000 : tail == 2 ? 0x800 : 0x80; }

  Place Tail(RegexId regex, char32_t c, uint8_t left) const {
    const char32_t last = c + (char32_t{1} << (6U * left)) - 1;
    const Place place = {Place::kTail, left, c, regex};
    constexpr std::array<char32_t, 4> kStandsForAll = {0, 0x80, 0x1000, 0x40000};
    if (c != 0) return Simplest(place, c, last, kStandsForAll[left]);
    return LeadsOn(regex, Shortest(left), last) ? place : Place{};
  }

  Row& RowOf(State state) {
    if (!rows_[state]) {
      if (bytes() > kMostLanguageBytes) {
        throw Error(ErrorCategory::kLimit, "the automaton of a text needs more than {} MiB: use a simpler pattern",
                    kMostLanguageBytes >> 20U);
      }
      rows_[state] = std::make_unique<Row>();
      rows_[state]->next.fill(kUnknown);
      ++row_count_;
    }
    return *rows_[state];
  }

  std::shared_ptr<RegexPool> pool_;
  RegexId regex_;
  std::vector<Place> places_;
  std::vector<std::unique_ptr<Row>> rows_;
  std::unordered_map<Place, State, PlaceHash> ids_;
  size_t row_count_ = 0;
  State last_id_ = kDead;
};

class TextLanguage final : public CharLanguage {
 public:
  using CharLanguage::CharLanguage;

  State Start() override { return pool().IsNone(regex()) ? kDead : IdOf({Place::kBetween, 0, 0, regex()}); }

  bool Accepts(State state) override {
    return place(state).kind == Place::kBetween && pool().Nullable(place(state).regex);
  }

 private:
  Place Step(const Place& place, uint8_t byte) override {
    if (place.kind == Place::kBetween) return Lead(place.regex, byte);
    return place.kind == Place::kTail ? TailByte(place, byte) : Place{};
  }
};

// Of a hexadecimal digit; nothing for other bytes.
std::optional<uint32_t> DigitOf(uint8_t byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const uint8_t lower = byte | 0x20U;
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return std::nullopt;
}

class JsonStringLanguage final : public CharLanguage {
 public:
  using CharLanguage::CharLanguage;

  State Start() override { return pool().IsNone(regex()) ? kDead : IdOf({Place::kStart, 0, 0, regex()}); }

  bool Accepts(State state) override { return place(state).kind == Place::kEnd; }

  size_t PlainMost(State state) override {
    switch (place(state).kind) {
      case Place::kBetween: return pool().Longest(place(state).regex);
      case Place::kNowhere:
      case Place::kStart:
      case Place::kTail:
      case Place::kEnd: return 0;
      default: return SIZE_MAX;  // within an escape
    }
  }

 private:
  static constexpr char32_t kHigh = 0xD800;  // the first of the high surrogates
  static constexpr char32_t kLow = 0xDC00;
  static constexpr char32_t kLastLow = 0xDFFF;
  static constexpr char32_t kPaired = 0x10000;  // the first that pairs stand for

  static char32_t PairedWith(char32_t high) { return kPaired + ((high - kHigh) << 10U); }

  Place Step(const Place& place, uint8_t byte) override {
    const RegexId regex = place.regex;
    switch (place.kind) {
      case Place::kStart: return byte == '"' ? Place{Place::kBetween, 0, 0, regex} : Place{};
      case Place::kBetween:
        if (byte == '"') return pool().Nullable(regex) ? Place{Place::kEnd, 0, 0, RegexId{}} : Place{};
        if (byte == '\\') return LeadsOn(regex, 0, 0x10FFFF) ? Place{Place::kEscape, 0, 0, regex} : Place{};
        return byte < 0x20 ? Place{} : Lead(regex, byte);
      case Place::kTail: return TailByte(place, byte);
      case Place::kEscape: return Escaped(regex, byte);
      case Place::kHex: return HexDigit(place, byte);
      case Place::kLowEscape: return byte == '\\' ? Place{Place::kLowU, 0, place.c, regex} : Place{};
      case Place::kLowU: return byte == 'u' ? Place{Place::kLowHex, 4, place.c, regex} : Place{};
      case Place::kLowHex: return LowHexDigit(place, byte);
      case Place::kNowhere:
      case Place::kEnd: break;
    }
    return {};
  }

  Place Escaped(RegexId regex, uint8_t byte) const {
    switch (byte) {
      case '"':
      case '\\':
      case '/': return After(regex, byte);
      case 'b': return After(regex, '\b');
      case 'f': return After(regex, '\f');
      case 'n': return After(regex, '\n');
      case 'r': return After(regex, '\r');
      case 't': return After(regex, '\t');
      case 'u': return {Place::kHex, 4, 0, regex};
      default: return {};
    }
  }

  Place HexDigit(const Place& place, uint8_t byte) const {
    const std::optional<uint32_t> digit = DigitOf(byte);
    if (!digit) return {};
    const char32_t c = place.c << 4U | *digit;
    const uint8_t left = place.left - 1;
    const char32_t first = c << (4U * left);
    const char32_t last = first | ((char32_t{1} << (4U * left)) - 1);
    const Place next = {Place::kHex, left, c, place.regex};
    if (last < kHigh || first > kLastLow) {
      return left == 0 ? After(place.regex, c) : Simplest(next, first, last, 0);
    }
    const char32_t highest = std::min<char32_t>(last, kLow - 1);
    const bool pairs =
        first < kLow && LeadsOn(place.regex, PairedWith(std::max(first, kHigh)), PairedWith(highest) + 0x3FF);
    if (left > 0) return pairs || LeadsOn(place.regex, first, last) ? next : Place{};
    return pairs ? Pair(Place::kLowEscape, 0, PairedWith(c), 10, place.regex) : Place{};
  }

  Place LowHexDigit(const Place& place, uint8_t byte) const {
    const std::optional<uint32_t> digit = DigitOf(byte);
    if (!digit) return {};
    switch (place.left) {
      case 4: return *digit == 0xD ? Place{Place::kLowHex, 3, place.c, place.regex} : Place{};
      case 3:
        return *digit >= 0xC ? Pair(Place::kLowHex, 2, place.c + ((*digit - 0xC) << 8U), 8, place.regex) : Place{};
      case 2: return Pair(Place::kLowHex, 1, place.c + (*digit << 4U), 4, place.regex);
      default: return After(place.regex, place.c + *digit);
    }
  }

  // One of the characters from c on, of which `bits` bits are missing.
  Place Pair(Place::Kind kind, uint8_t left, char32_t c, uint32_t bits, RegexId regex) const {
    return Simplest({kind, left, c, regex}, c, c | ((char32_t{1} << bits) - 1), kPaired);
  }
};

class Literal final : public ByteLanguage {
 public:
  explicit Literal(std::string_view bytes) : bytes_(bytes) {}

  State Start() override { return 1; }
  State Next(State state, uint8_t byte) override {
    return state <= bytes_.size() && static_cast<uint8_t>(bytes_[state - 1]) == byte ? state + 1 : kDead;
  }
  bool Accepts(State state) override { return state == bytes_.size() + 1; }
  ByteSet Allowed(State state) override {
    ByteSet set;
    if (state <= bytes_.size()) set.Add(static_cast<uint8_t>(bytes_[state - 1]));
    return set;
  }
  std::string Text(State state) override { return bytes_.substr(0, state - 1); }
  size_t bytes() const override { return sizeof(*this) + bytes_.capacity(); }

 private:
  std::string bytes_;
};

// A tree: each state is a text.
class Capturing final : public ByteLanguage {
 public:
  explicit Capturing(std::unique_ptr<ByteLanguage> inner) : inner_(std::move(inner)), nodes_(1) {}

  State Start() override {
    if (nodes_.size() == 1) {
      const State start = inner_->Start();
      if (start == kDead) return kDead;
      nodes_.push_back({.inner = start});
    }
    return 1;
  }

  State Next(State state, uint8_t byte) override {
    const uint64_t key = uint64_t{state} << 8U | byte;
    if (const auto known = children_.find(key); known != children_.end()) return known->second;
    const State inner = inner_->Next(nodes_[state].inner, byte);
    if (inner == kDead) return kDead;
    if (nodes_.size() * kNodeBytes > kMostLanguageBytes) {
      throw Error(ErrorCategory::kLimit, "the texts of a terminal that are remembered need more than {} MiB",
                  kMostLanguageBytes >> 20U);
    }
    const State next = static_cast<State>(nodes_.size());
    nodes_.push_back({inner, state, byte});
    children_.emplace(key, next);
    return next;
  }

  bool Accepts(State state) override { return inner_->Accepts(nodes_[state].inner); }
  ByteSet Allowed(State state) override { return inner_->Allowed(nodes_[state].inner); }
  size_t PlainRun(State state, size_t most) override { return inner_->PlainRun(nodes_[state].inner, most); }
  size_t PlainMost(State state) override { return inner_->PlainMost(nodes_[state].inner); }

  std::string Text(State state) override {
    std::string text;
    for (; state > 1; state = nodes_[state].parent) text.push_back(static_cast<char>(nodes_[state].byte));
    std::reverse(text.begin(), text.end());
    return text;
  }

  size_t bytes() const override { return inner_->bytes() + nodes_.size() * kNodeBytes; }

 private:
  struct Node {
    State inner = kDead;
    State parent = kDead;
    uint8_t byte = 0;
  };
  static constexpr size_t kNodeBytes = 2 * sizeof(Node) + 48;

  std::unique_ptr<ByteLanguage> inner_;
  std::vector<Node> nodes_;
  std::unordered_map<uint64_t, State> children_;
};

}  // namespace

std::unique_ptr<ByteLanguage> MakeTextLanguage(std::shared_ptr<RegexPool> pool, RegexId regex) {
  return std::make_unique<TextLanguage>(std::move(pool), regex);
}

std::unique_ptr<ByteLanguage> MakeJsonStringLanguage(std::shared_ptr<RegexPool> pool, RegexId regex) {
  return std::make_unique<JsonStringLanguage>(std::move(pool), regex);
}

std::unique_ptr<ByteLanguage> MakeLiteral(std::string_view bytes) { return std::make_unique<Literal>(bytes); }

std::unique_ptr<ByteLanguage> MakeCapturing(std::unique_ptr<ByteLanguage> language) {
  return std::make_unique<Capturing>(std::move(language));
}

}  // namespace sheepop::grammar
