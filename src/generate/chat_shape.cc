#include "generate/chat_shape.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sheepop::probe {
namespace {

struct Slot {
  CallPart::Kind kind;
  size_t begin, end;
  ValueForm form = ValueForm::kJson;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordByte(char c) { return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

size_t CommonPrefix(std::string_view a, std::string_view b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

size_t CommonSuffix(std::string_view a, std::string_view b) {
  size_t n = 0;
  while (n < std::min(a.size(), b.size()) && a[a.size() - 1 - n] == b[b.size() - 1 - n]) ++n;
  return n;
}

// How much of their ends is equal and begins with no half of a mark.
size_t CommonEnd(std::string_view a, std::string_view b) {
  size_t common = CommonSuffix(a, b);
  const size_t cut = a.size() - common;
  if (BegunMark(a.substr(0, cut)) == cut) return common;
  const size_t end = a.find(a[BegunMark(a.substr(0, cut))] == '<' ? '>' : ']', cut);
  return end == std::string_view::npos ? common : a.size() - end - 1;
}

// Where the value that begins here ends; npos where there is none.
size_t EndOfValue(std::string_view text, size_t begin, ValueForm form) {
  ValueReader reader(form);
  for (size_t i = begin; i < text.size(); ++i) {
    switch (reader.Push(text[i])) {
      case ValueReader::Step::kMore: continue;
      case ValueReader::Step::kDone: return i + 1;
      default: return std::string_view::npos;
    }
  }
  return std::string_view::npos;
}

// The arguments around the first key at or behind `from`.
std::optional<Slot> FindArguments(std::string_view text, size_t from) {
  const size_t key = text.find(kFirstKey, from);
  if (key == std::string_view::npos || key == 0) return {};
  const size_t key_end = key + kFirstKey.size();
  if (key_end == text.size()) return {};
  const auto value = [&](size_t begin, ValueForm form) -> std::optional<Slot> {
    const size_t end = EndOfValue(text, begin, form);
    if (end == std::string_view::npos) return {};
    return Slot{CallPart::kValue, begin, end, form};
  };
  if (text[key - 1] == '"' && text[key_end] == '"') {
    const size_t brace = text.rfind('{', key);
    const bool near =
        brace != std::string_view::npos && brace >= from && Trim(text.substr(brace + 1, key - brace - 2)).empty();
    if (near) return value(brace, ValueForm::kJson);
  }
  if (text[key - 1] == '(' && text[key_end] == '=') return value(key - 1, ValueForm::kPython);
  if (text[key - 1] == '{' && text[key_end] == ':') return value(key - 1, ValueForm::kGemma);
  if (text[key - 1] == '\'' || text[key_end] == '\'' || text[key_end] == '\\') return {};
  const size_t last = text.find(kLastValue, key);
  if (last == std::string_view::npos) return {};
  return Slot{CallPart::kPairs, key, last + kLastValue.size()};
}

// The name, the id and the arguments of the call that begins at `from`.
std::optional<std::vector<Slot>> SlotsOf(std::string_view text, size_t from, size_t number) {
  const std::optional<Slot> arguments = FindArguments(text, from);
  if (!arguments) return {};
  std::vector<Slot> slots = {*arguments};
  for (size_t at = text.find(kName, from); at < arguments->begin; at = text.find(kName, at + 1)) {
    slots.push_back({CallPart::kName, at, at + kName.size()});
  }
  if (slots.size() == 1) return {};
  const size_t next = text.find(kName, arguments->end);
  const size_t id = text.find(kIds[number], from);
  if (id < next) slots.push_back({CallPart::kId, id, id + kIds[number].size()});
  std::ranges::sort(slots, {}, &Slot::begin);
  return slots;
}

void AddMark(std::string_view text, std::vector<CallPart>& parts) {
  if (!text.empty()) parts.push_back({CallPart::kMark, std::string(text)});
}

// A mark of the first call and of the second: equal, or with a count in it.
void AddCounted(std::string_view first, std::string_view second, std::vector<CallPart>& parts) {
  size_t begin = CommonPrefix(first, second);
  if (second.empty() || begin == first.size()) return AddMark(first, parts);
  size_t end = begin;
  while (begin > 0 && IsDigit(first[begin - 1])) --begin;
  while (end < first.size() && IsDigit(first[end])) ++end;
  if (begin == end) return AddMark(first, parts);
  AddMark(first.substr(0, begin), parts);
  parts.push_back({CallPart::kNumber, {}});
  AddMark(first.substr(end), parts);
}

struct Opening {
  std::vector<CallPart> call;
  std::string_view section;  // the rest in front of the first call
  std::string_view between;  // the rest behind the call before
};

// What stands in front of the first call and between two calls: their common end opens a call.
Opening Split(std::string_view first, std::string_view between) {
  Opening opening;
  for (;;) {
    const size_t common = CommonEnd(first, between);
    std::vector<CallPart> mark;
    AddMark(first.substr(first.size() - common), mark);
    opening.call.insert(opening.call.begin(), mark.begin(), mark.end());
    first.remove_suffix(common);
    between.remove_suffix(common);
    const bool counted =
        common > 0 && !first.empty() && !between.empty() && IsDigit(first.back()) && IsDigit(between.back());
    if (!counted) break;
    opening.call.insert(opening.call.begin(), {CallPart::kNumber, {}});
    while (!first.empty() && IsDigit(first.back())) first.remove_suffix(1);
    while (!between.empty() && IsDigit(between.back())) between.remove_suffix(1);
  }
  opening.section = first;
  opening.between = between;
  return opening;
}

// `text`: from the first key to behind the last value. `before`: what stands between the name and the first key.
// Takes the key's mark from the end of `before`.
std::optional<PairMarks> FindPairs(std::string_view text, std::string_view& before) {
  PairMarks pairs;
  const size_t value = text.find(kFirstValue);
  const size_t second = text.find("pk_b_count"), count = text.find("4711");
  if (value == std::string_view::npos || second == std::string_view::npos || count == std::string_view::npos) return {};
  std::string_view close = text.substr(kFirstKey.size(), value - kFirstKey.size());
  const std::string_view other = text.substr(second + 10, count - second - 10);
  std::string_view between = text.substr(value + kFirstValue.size(), second - value - kFirstValue.size());
  std::string_view open = before.substr(before.size() - CommonEnd(before, between));
  while (!open.empty() && (open[0] == '>' || open[0] == '"' || kWhite.find(open[0]) != std::string_view::npos)) {
    open.remove_prefix(1);
  }
  if (open.empty()) return {};
  before.remove_suffix(open.size());
  between.remove_suffix(open.size());
  pairs.key_open = open;
  pairs.lead = close.substr(TrimBack(close).size());
  close.remove_suffix(pairs.lead.size());
  if (close != TrimBack(other)) {
    size_t same = CommonPrefix(close, other), end = CommonSuffix(close, TrimBack(other));
    while (same > 0 && IsWordByte(close[same - 1])) --same;
    while (end > 0 && IsWordByte(close[close.size() - end])) --end;
    pairs.key_close = close.substr(0, same);
    pairs.attribute_close = close.substr(close.size() - end);
    const auto word = [&](std::string_view key) {
      const size_t at = text.find(pairs.key_close, text.find(key) + key.size()) + pairs.key_close.size();
      return std::string(text.substr(at, text.find(pairs.attribute_close, at) - at));
    };
    pairs.text_word = word(kFirstKey);
    pairs.number_word = word("pk_b_count");
    pairs.boolean_word = word("pk_c_flag");
    pairs.object_word = word("pk_d_deep");
    pairs.array_word = word("pk_e_list");
  } else {
    pairs.key_close = close;
  }
  pairs.trail = between.substr(0, between.size() - TrimFront(between).size());
  pairs.between = between.substr(TrimBack(between).size());
  between = Trim(between);
  const size_t key = between.find(kFirstKey);
  pairs.names_key = key != std::string_view::npos;
  pairs.value_close = between.substr(0, key);
  if (pairs.names_key) pairs.value_close_behind_key = between.substr(key + kFirstKey.size());
  pairs.nested = text.find(pairs.key_open + "pk_in") != std::string_view::npos;
  return pairs;
}

bool BeginsObject(std::string_view opening) {
  const size_t brace = opening.rfind('{');
  return brace != std::string_view::npos && TrimFront(opening.substr(brace + 1)).starts_with('"') &&
         opening.ends_with('"');
}

// The mark behind a call's arguments, without what the value's own closing mark has of it.
std::string_view BehindValues(std::string_view close, const ChatRow& row) {
  if (!row.pairs) return close;
  const std::string mark =
      row.pairs->value_close + (row.pairs->names_key ? std::string(kLastKey) + row.pairs->value_close_behind_key : "");
  const std::string_view rest = TrimFront(close);
  return rest.starts_with(mark) ? rest.substr(mark.size()) : close;
}

}  // namespace

size_t BegunMark(std::string_view text) {
  const size_t tag = text.rfind('<');
  if (tag != std::string_view::npos && text.find('>', tag) == std::string_view::npos) return tag;
  const size_t bracket = text.rfind('[');
  const bool word = bracket != std::string_view::npos && bracket + 1 < text.size() && IsWordByte(text[bracket + 1]);
  return word && text.find(']', bracket) == std::string_view::npos ? bracket : text.size();
}

size_t FirstName(std::string_view text) {
  const std::optional<std::vector<Slot>> slots = SlotsOf(text, 0, 0);
  return slots ? std::ranges::find(*slots, CallPart::kName, &Slot::kind)->begin : std::string_view::npos;
}

bool FindCalls(std::string_view one, std::string_view two, ChatRow& row) {
  const auto slots = SlotsOf(one, 0, 0);
  if (!slots) return false;
  const auto first = two.empty() ? std::nullopt : SlotsOf(two, 0, 0);
  const auto second = first ? SlotsOf(two, first->back().end, 1) : std::nullopt;
  row.parallel = second && second->size() == slots->size() && first->size() == slots->size();
  const std::string_view before = one.substr(0, slots->front().begin);
  const std::string_view behind = one.substr(slots->back().end);
  Opening opening;
  std::string_view close = behind;
  if (row.parallel) {
    opening = Split(before, two.substr(first->back().end, second->front().begin - first->back().end));
    const size_t common = CommonPrefix(behind, opening.between);
    close = behind.substr(0, common);
    row.section_open = opening.section;
    row.separator = opening.between.substr(common);
    row.section_close = TrimBack(behind.substr(common));
  } else {
    AddMark(before, opening.call);
  }
  row.call = std::move(opening.call);
  for (size_t i = 0; i < slots->size(); ++i) {
    const Slot& slot = (*slots)[i];
    if (i > 0) {
      std::string_view mark = one.substr((*slots)[i - 1].end, slot.begin - (*slots)[i - 1].end);
      if (slot.kind == CallPart::kPairs) {
        row.pairs = FindPairs(one.substr(slot.begin, slot.end - slot.begin), mark);
        if (!row.pairs) return false;
      }
      const size_t from = row.parallel ? (*second)[i - 1].end : 0;
      const std::string_view other = row.parallel ? two.substr(from, (*second)[i].begin - from) : std::string_view();
      AddCounted(mark, other.substr(0, std::min(mark.size(), other.size())), row.call);
    }
    row.call.push_back({slot.kind, {}, slot.form});
  }
  const std::string_view rest = BehindValues(close, row);
  AddMark(rest, row.call);
  const bool json = std::ranges::any_of(
      *slots, [](const Slot& slot) { return slot.kind == CallPart::kValue && slot.form == ValueForm::kJson; });
  const CallPart& front = row.call.front();
  std::string lead;
  for (const CallPart& part : row.call) {
    if (part.kind == CallPart::kName || part.kind == CallPart::kId) break;
    lead += part.kind == CallPart::kMark ? part.text : "0";
  }
  row.object = json && front.kind == CallPart::kMark && BeginsObject(lead);
  row.name_is_key = row.object && TrimBack(lead.substr(0, lead.size() - 1)).ends_with('{') &&
                    slots->front().kind == CallPart::kName &&
                    TrimFront(one.substr(slots->front().end)).starts_with("\":");
  return true;
}

}  // namespace sheepop::probe
