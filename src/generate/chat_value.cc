#include "generate/chat_value.h"

#include <fmt/core.h>

#include <utility>

#include "base/utf8.h"

namespace sheepop {
namespace {

constexpr std::string_view kGemmaQuote = "<|\"|>";

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// RFC 8259, section 6.
bool IsJsonNumber(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t begin = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    return at > begin;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

void AppendJsonByte(char byte, std::string& out) {
  const auto u = static_cast<unsigned char>(byte);
  if (byte == '"' || byte == '\\') {
    out += '\\';
    out += byte;
  } else if (byte == '\n') {
    out += "\\n";
  } else if (byte == '\r') {
    out += "\\r";
  } else if (byte == '\t') {
    out += "\\t";
  } else if (u < 0x20) {
    out += fmt::format("\\u{:04x}", u);
  } else {
    out += byte;
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  for (const char byte : text) AppendJsonByte(byte, out);
}

std::string ValueReader::Take() { return std::exchange(out_, {}); }

ValueReader::Step ValueReader::Push(char byte) {
  switch (state_) {
    case State::kValue:
    case State::kFirstValue: return Begin(byte);
    case State::kKey:
    case State::kFirstKey:
    case State::kBareKey: return Key(byte);
    case State::kColon:
      if (form_ == ValueForm::kJson && IsSpace(byte)) out_ += byte;
      if (IsSpace(byte)) return Step::kMore;
      if (byte != (closers_.back() == ')' ? '=' : ':')) return Step::kBroken;
      out_ += ':';
      state_ = State::kValue;
      return Step::kMore;
    case State::kAfter: return After(byte);
    case State::kString: return String(byte);
    case State::kEscape: return Escape(byte);
    case State::kHex: return Hex(byte);
    case State::kQuote: return Quote(byte);
    case State::kBare: return Bare(byte);
  }
  return Step::kBroken;
}

ValueReader::Step ValueReader::Open(char closer) {
  if (closers_.size() == kMostDepth) return Step::kBroken;
  closers_.push_back(closer);
  out_ += InObject() ? '{' : '[';
  state_ = InObject() ? State::kFirstKey : State::kFirstValue;
  return Step::kMore;
}

// The brackets right behind a function's name hold its arguments; all others are a tuple.
bool ValueReader::InObject() const {
  return closers_.back() == '}' || (closers_.back() == ')' && closers_.size() == 1);
}

void ValueReader::WriteComma() {
  if (std::exchange(comma_, false)) out_ += ',';
}

ValueReader::Step ValueReader::Close() {
  comma_ = false;
  out_ += InObject() ? '}' : ']';
  closers_.pop_back();
  return EndValue();
}

ValueReader::Step ValueReader::EndValue() {
  state_ = State::kAfter;
  return closers_.empty() ? Step::kDone : Step::kMore;
}

ValueReader::Step ValueReader::Begin(char byte) {
  if (IsSpace(byte)) {
    if (form_ == ValueForm::kJson) out_ += byte;
    return Step::kMore;
  }
  if (!closers_.empty() && byte == closers_.back() && !InObject() &&
      (state_ == State::kFirstValue || form_ != ValueForm::kJson)) {
    return Close();
  }
  WriteComma();
  if (byte == '{') return Open('}');
  if (byte == '[') return Open(']');
  if (byte == '(' && form_ == ValueForm::kPython) return Open(')');
  in_key_ = false;
  if (byte == '"' || (byte == '\'' && form_ == ValueForm::kPython)) {
    quote_ = byte;
    out_ += '"';
    state_ = State::kString;
    return Step::kMore;
  }
  if (byte == '<' && form_ == ValueForm::kGemma) {
    matched_ = 1;
    state_ = State::kQuote;
    return Step::kMore;
  }
  bare_.clear();
  state_ = State::kBare;
  return Bare(byte);
}

ValueReader::Step ValueReader::Key(char byte) {
  const bool call = closers_.back() == ')';
  if (state_ == State::kBareKey) {
    const bool ends = byte == (call ? '=' : ':') || IsSpace(byte);
    if (!ends) {
      if (byte == ',' || byte == '(' || byte == ')' || byte == '{' || byte == '}' || byte == '\'' || byte == '"' ||
          bare_.size() > 256) {
        return Step::kBroken;
      }
      bare_ += byte;
      return Step::kMore;
    }
    out_ += '"';
    AppendJsonString(bare_, out_);
    out_ += '"';
    state_ = State::kColon;
    return Push(byte);
  }
  if (IsSpace(byte)) {
    if (form_ == ValueForm::kJson) out_ += byte;
    return Step::kMore;
  }
  if (byte == closers_.back() && (state_ == State::kFirstKey || form_ != ValueForm::kJson)) return Close();
  in_key_ = true;
  WriteComma();
  if (!call && (byte == '"' || (byte == '\'' && form_ == ValueForm::kPython))) {
    quote_ = byte;
    out_ += '"';
    state_ = State::kString;
    return Step::kMore;
  }
  if (form_ == ValueForm::kJson) return Step::kBroken;
  if (byte == '<' && form_ == ValueForm::kGemma) {
    matched_ = 1;
    state_ = State::kQuote;
    return Step::kMore;
  }
  bare_.clear();
  state_ = State::kBareKey;
  return Key(byte);
}

ValueReader::Step ValueReader::After(char byte) {
  if (IsSpace(byte)) {
    if (form_ == ValueForm::kJson) out_ += byte;
    return Step::kMore;
  }
  if (byte == closers_.back()) return Close();
  if (byte != ',') return Step::kBroken;
  comma_ = true;  // outside of JSON a bracket may follow it
  if (form_ == ValueForm::kJson) WriteComma();
  state_ = InObject() ? State::kKey : State::kValue;
  return Step::kMore;
}

void ValueReader::Write(char byte) { AppendJsonByte(byte, out_); }

ValueReader::Step ValueReader::EndString() {
  out_ += '"';
  if (!in_key_) return EndValue();
  state_ = State::kColon;
  return Step::kMore;
}

ValueReader::Step ValueReader::String(char byte) {
  if (perhaps_) {
    if (IsSpace(byte)) {
      *perhaps_ += byte;
      return Step::kMore;
    }
    const std::string held = *std::exchange(perhaps_, std::nullopt);
    if (byte == ',' || byte == ')' || byte == ']' || byte == '}' || byte == ':') {
      const Step step = EndString();
      return step == Step::kMore ? Push(byte) : Step::kDoneBefore;
    }
    AppendJsonString(held, out_);  // a quotation mark that the model did not escape
    return String(byte);
  }
  if (form_ == ValueForm::kGemma && quote_ == '<') {
    if (byte == kGemmaQuote[matched_]) {
      if (++matched_ < kGemmaQuote.size()) return Step::kMore;
      matched_ = 0;
      return EndString();
    }
    AppendJsonString(kGemmaQuote.substr(0, std::exchange(matched_, 0)), out_);
    if (byte == '<') {
      matched_ = 1;
    } else {
      Write(byte);
    }
    return Step::kMore;
  }
  if (byte == quote_) {
    if (form_ != ValueForm::kPython) return EndString();
    perhaps_ = std::string(1, byte);
    return Step::kMore;
  }
  if (byte == '\\') {
    state_ = State::kEscape;
    return Step::kMore;
  }
  Write(byte);
  return Step::kMore;
}

ValueReader::Step ValueReader::Escape(char byte) {
  state_ = State::kString;
  constexpr std::string_view kSame = "\"\\/bfnrt";
  if (byte == 'u' || (form_ == ValueForm::kPython && (byte == 'x' || byte == 'U'))) {
    code_ = 0;
    hex_ = byte == 'u' ? 4 : byte == 'x' ? 2 : 8;
    state_ = State::kHex;
    if (form_ != ValueForm::kPython) out_ += "\\u";
    return Step::kMore;
  }
  if (kSame.find(byte) != std::string_view::npos) {
    out_ += '\\';
    out_ += byte;
    return Step::kMore;
  }
  if (form_ == ValueForm::kJson) return Step::kBroken;
  if (byte == '\'') {
    out_ += '\'';
  } else {
    out_ += "\\\\";  // Python keeps an escape that it does not know
    Write(byte);
  }
  return Step::kMore;
}

ValueReader::Step ValueReader::Hex(char byte) {
  const char lower = static_cast<char>(byte | 0x20);
  const bool letter = lower >= 'a' && lower <= 'f';
  if (!IsDigit(byte) && !letter) return Step::kBroken;
  code_ = code_ * 16 + static_cast<char32_t>(letter ? lower - 'a' + 10 : byte - '0');
  if (form_ != ValueForm::kPython) out_ += byte;
  if (--hex_ > 0) return Step::kMore;
  state_ = State::kString;
  if (form_ != ValueForm::kPython) return Step::kMore;
  if (code_ > 0x10FFFF) return Step::kBroken;
  if (code_ < 0x20 || (code_ >= 0xD800 && code_ <= 0xDFFF)) {
    out_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(code_));
  } else if (code_ == '"' || code_ == '\\') {
    Write(static_cast<char>(code_));
  } else {
    AppendUtf8(code_, out_);
  }
  return Step::kMore;
}

ValueReader::Step ValueReader::Quote(char byte) {
  if (byte != kGemmaQuote[matched_]) return Step::kBroken;
  if (++matched_ < kGemmaQuote.size()) return Step::kMore;
  matched_ = 0;
  quote_ = '<';
  out_ += '"';
  state_ = State::kString;
  return Step::kMore;
}

ValueReader::Step ValueReader::Bare(char byte) {
  const bool ends = IsSpace(byte) || byte == ',' || byte == ']' || byte == '}' || byte == ')';
  if (!ends) {
    if (bare_.size() > 4096) return Step::kBroken;
    bare_ += byte;
    return Step::kMore;
  }
  if (!WriteBare()) return Step::kBroken;
  const Step step = EndValue();
  return step == Step::kMore ? Push(byte) : Step::kDoneBefore;
}

bool ValueReader::WriteBare() {
  const bool json = form_ == ValueForm::kJson;
  if (IsJsonNumber(bare_) || bare_ == "true" || bare_ == "false" || bare_ == "null") {
    out_ += bare_;
  } else if (json || bare_.empty()) {
    return false;
  } else if (bare_ == "True" || bare_ == "False") {
    out_ += bare_ == "True" ? "true" : "false";
  } else if (bare_ == "None") {
    out_ += "null";
  } else if (form_ == ValueForm::kPython) {
    return false;
  } else {
    out_ += '"';
    AppendJsonString(bare_, out_);
    out_ += '"';
  }
  return true;
}

std::optional<std::string> ValueOf(std::string_view text, ValueForm form) {
  ValueReader reader(form);
  using Step = ValueReader::Step;
  for (size_t i = 0; i <= text.size(); ++i) {
    // A comma behind the text ends numbers, words and Python's strings.
    const Step step = reader.Push(i < text.size() ? text[i] : ',');
    if (step == Step::kBroken) return std::nullopt;
    if (step == Step::kMore) continue;
    const size_t end = step == Step::kDone ? i + 1 : i;
    const std::string_view rest = text.substr(std::min(end, text.size()));
    if (rest.find_first_not_of(" \n\t\r") != std::string_view::npos) return std::nullopt;
    return reader.Take();
  }
  return std::nullopt;
}

}  // namespace sheepop
