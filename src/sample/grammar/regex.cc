#include "sample/grammar/regex.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "base/quoted.h"
#include "base/utf8.h"
#include "sample/grammar/regex_nodes.h"

namespace sheepop::grammar {
namespace {

uint32_t Number(RegexId r) { return static_cast<uint32_t>(r); }

std::vector<uint32_t> Numbers(std::span<const RegexId> ids) {
  std::vector<uint32_t> numbers;
  numbers.reserve(ids.size());
  for (const RegexId id : ids) numbers.push_back(Number(id));
  return numbers;
}

// The words in their order, by a walk that keeps the way to where it is.
class WordList {
 public:
  WordList(RegexPool& pool, size_t most) : pool_(pool), most_(most) {}

  std::optional<std::vector<std::string>> Of(RegexId start) {
    if (pool_.IsNone(start)) return words_;
    if (!Enter(start)) return std::nullopt;
    while (!way_.empty()) {
      Place& place = way_.back();
      if (place.segment == place.segments.size()) {
        on_way_.erase(place.state);
        way_.pop_back();
        if (!way_.empty()) word_.resize(way_.back().length);
        continue;
      }
      const RegexPool::Segment& segment = place.segments[place.segment];
      const char32_t c = segment.first + place.offset;
      if (c == segment.last) {
        ++place.segment;
        place.offset = 0;
      } else {
        ++place.offset;
      }
      AppendUtf8(c, word_);
      if (!Enter(segment.next)) return std::nullopt;
    }
    return std::move(words_);
  }

 private:
  struct Place {
    RegexId state;
    std::span<const RegexPool::Segment> segments;
    size_t length;  // of the word that leads here
    size_t segment = 0;
    char32_t offset = 0;
  };

  // False where there are too many words. Every character that leads on has a word, and a state that comes again on its
  // own way has endlessly many.
  bool Enter(RegexId state) {
    if (!on_way_.insert(state).second) return false;
    if (pool_.Nullable(state)) {
      if (words_.size() == most_) return false;
      words_.push_back(word_);
    }
    const std::span<const RegexPool::Segment> segments = pool_.Segments(state);
    size_t ahead = words_.size();
    for (const RegexPool::Segment& segment : segments) ahead += segment.last - segment.first + 1;
    if (ahead > most_) return false;
    way_.push_back({state, segments, word_.size()});
    return true;
  }

  RegexPool& pool_;
  size_t most_;
  std::vector<std::string> words_;
  std::string word_;
  std::vector<Place> way_;
  std::unordered_set<RegexId> on_way_;
};

}  // namespace

RegexPool::RegexPool() : body_(std::make_unique<Body>()) {}
RegexPool::~RegexPool() = default;

RegexId RegexPool::None() { return RegexId{Body::kNone}; }
RegexId RegexPool::Epsilon() { return RegexId{Body::kEpsilon}; }
RegexId RegexPool::Any() { return RegexId{Body::kAny}; }
RegexId RegexPool::Chars(const CharSet& set) { return RegexId{body_->Chars(body_->InternSet(set))}; }

RegexId RegexPool::Text(std::string_view utf8) {
  std::vector<RegexId> parts;
  for (std::string_view rest = utf8; !rest.empty();) {
    const Utf8Step step = DecodeUtf8(rest);
    if (!step.valid) throw Error(ErrorCategory::kInvalidArgument, "{} is not UTF-8", Quoted(utf8));
    parts.push_back(Chars(CharSet::Of(step.code_point)));
    rest.remove_prefix(step.length);
  }
  return Concat(parts);
}

RegexId RegexPool::Concat(std::span<const RegexId> parts) {
  uint32_t joined = Body::kEpsilon;
  for (size_t i = parts.size(); i-- > 0;) joined = body_->Concat(Number(parts[i]), joined);
  return RegexId{joined};
}

RegexId RegexPool::Union(std::span<const RegexId> parts) { return RegexId{body_->Union(Numbers(parts))}; }
RegexId RegexPool::Intersection(std::span<const RegexId> parts) { return RegexId{body_->Intersection(Numbers(parts))}; }
RegexId RegexPool::Complement(RegexId r) { return RegexId{body_->Complement(Number(r))}; }

RegexId RegexPool::Repeat(RegexId r, uint64_t least, std::optional<uint64_t> most) {
  return RegexId{body_->Repeat(Number(r), least, most.value_or(Body::kEndless))};
}

uint64_t RegexPool::Longest(RegexId r) const { return body_->node(Number(r)).longest; }
bool RegexPool::Nullable(RegexId r) const { return body_->node(Number(r)).nullable; }

std::span<const RegexPool::Class> RegexPool::Derivatives(RegexId r) {
  std::vector<std::pair<RegexId, std::vector<CharSet::Range>>> ranges;
  for (const Segment& segment : Segments(r)) {
    auto at = std::find_if(ranges.begin(), ranges.end(), [&](const auto& one) { return one.first == segment.next; });
    if (at == ranges.end()) at = ranges.insert(ranges.end(), {segment.next, {}});
    at->second.push_back({segment.first, segment.last});
  }
  body_->classes.clear();
  for (auto& [next, chars] : ranges) body_->classes.push_back({CharSet(std::move(chars)), next});
  return body_->classes;
}

std::span<const RegexPool::Segment> RegexPool::Segments(RegexId r) { return body_->Alive(Number(r)); }

bool RegexPool::IsNone(RegexId r) { return body_->IsNone(Number(r)); }

std::optional<std::vector<std::string>> RegexPool::Words(RegexId r, size_t most) { return WordList(*this, most).Of(r); }

bool RegexPool::Matches(RegexId r, std::string_view utf8) {
  while (!utf8.empty()) {
    const Utf8Step step = DecodeUtf8(utf8);
    if (!step.valid) return false;
    utf8.remove_prefix(step.length);
    const std::span<const Segment> segments = body_->Derive(Number(r));
    const auto after = std::upper_bound(segments.begin(), segments.end(), step.code_point,
                                        [](char32_t c, const Segment& segment) { return c < segment.first; });
    if (after == segments.begin() || step.code_point > std::prev(after)->last) return false;
    r = std::prev(after)->next;
  }
  return Nullable(r);
}

size_t RegexPool::PlainRun(RegexId r, size_t most) { return body_->PlainRun(Number(r), most); }
RegexId RegexPool::NonEmpty(RegexId r) { return RegexId{body_->NonEmpty(Number(r))}; }
RegexId RegexPool::Reverse(RegexId r) { return RegexId{body_->Reverse(Number(r))}; }
size_t RegexPool::bytes() const { return body_->bytes(); }

}  // namespace sheepop::grammar
