#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "generate/chat_call.h"

namespace sheepop {
namespace {

bool IsSpace(char c) { return kWhite.find(c) != std::string_view::npos; }

constexpr std::string_view kNameKeys[] = {"name", "tool_name", "function"};
constexpr std::string_view kArgumentKeys[] = {"arguments", "parameters", "args"};
constexpr std::string_view kIdKeys[] = {"id", "tool_call_id", "call_id"};

template <size_t n>
bool IsOneOf(std::string_view key, const std::string_view (&names)[n]) {
  return std::ranges::find(names, key) != std::end(names);
}

// JSON text of a string, as that string.
std::string Unquoted(const std::string& text) {
  boost::system::error_code failed;
  const boost::json::value value = boost::json::parse(text, failed);
  return !failed && value.is_string() ? std::string(value.get_string()) : "";
}

class ObjectReader final : public CallReader {
 public:
  ObjectReader(const ChatRow& row, std::string skip, const ToolSchemas& tools)
      : row_(row), tools_(tools), skip_(std::move(skip)) {}

  Step Push(char byte) override {
    switch (state_) {
      case State::kOpen:
        if (IsSpace(byte)) return Step::kMore;
        if (at_ < skip_.size()) return byte == skip_[at_++] ? Step::kMore : Step::kBroken;
        if (byte != '{') return Step::kBroken;
        state_ = State::kKey;
        return Step::kMore;
      case State::kKey: return Key(byte);
      case State::kColon:
        if (IsSpace(byte)) return Step::kMore;
        if (byte != ':') return Step::kBroken;
        return BeginValue();
      case State::kValue: return Value(byte);
      case State::kAfter:
        if (IsSpace(byte)) return Step::kMore;
        if (byte == '}') return End();
        if (byte != ',') return Step::kBroken;
        state_ = State::kKey;
        after_comma_ = true;
        return Step::kMore;
    }
    return Step::kBroken;
  }

 private:
  enum class State { kOpen, kKey, kColon, kValue, kAfter };

  Step Key(char byte) {
    if (key_.empty()) {
      if (IsSpace(byte)) return Step::kMore;
      if (byte == '}' && !after_comma_) return End();
      if (byte != '"') return Step::kBroken;
      key_ = byte;
      escaped_ = false;
      return Step::kMore;
    }
    key_ += byte;
    if (key_.size() > kMostName) return Step::kBroken;
    const bool escapes = byte == '\\' && !escaped_;
    const bool ends = byte == '"' && !escaped_;
    escaped_ = escapes;
    if (ends) state_ = State::kColon;
    return Step::kMore;
  }

  Step BeginValue() {
    const std::string key = Unquoted(std::exchange(key_, {}));
    state_ = State::kValue;
    value_ = ValueReader(ValueForm::kJson);
    held_.clear();
    if (row_.name_is_key) {
      if (!name_.empty() || !tools_.empty() ? !tools_.Has(key) || !name_.empty() : key.empty()) return Step::kBroken;
      name_ = key;
      role_ = Role::kArguments;
    } else if (IsOneOf(key, kNameKeys) && name_.empty()) {
      role_ = Role::kName;
    } else if (IsOneOf(key, kArgumentKeys) && !have_arguments_) {
      role_ = Role::kArguments;
    } else {
      role_ = IsOneOf(key, kIdKeys) ? Role::kId : Role::kOther;
    }
    starts_ = true;
    return Step::kMore;
  }

  Step Value(char byte) {
    if (starts_) {
      if (IsSpace(byte)) return Step::kMore;
      starts_ = false;
      streams_ = role_ == Role::kArguments && byte == '{' && !name_.empty();
      if (role_ == Role::kArguments) {
        if (byte != '{' && byte != '"' && byte != 'n') return Step::kBroken;
        have_arguments_ = true;
      } else if (role_ == Role::kName && byte != '"') {
        role_ = Role::kOther;
      }
      if (streams_) begun_ = true;
    }
    const ValueReader::Step step = value_.Push(byte);
    if (step == ValueReader::Step::kBroken) return Step::kBroken;
    std::string text = value_.Take();
    (streams_ ? arguments_ : held_) += text;
    if (role_ == Role::kName && held_.size() > kMostName) return Step::kBroken;
    if (step == ValueReader::Step::kMore) return Step::kMore;
    state_ = State::kAfter;
    if (!EndValue()) return Step::kBroken;
    return step == ValueReader::Step::kDone ? Step::kMore : Push(byte);
  }

  bool EndValue() {
    if (role_ == Role::kId) id_ = held_.starts_with('"') ? Unquoted(held_) : held_;
    if (role_ == Role::kName) {
      name_ = Unquoted(held_);
      if (name_.empty() || (!tools_.empty() && !tools_.Has(name_))) return false;
      if (have_arguments_) Begin(std::exchange(early_, {}));
    } else if (role_ == Role::kArguments && !streams_) {
      // Some write the arguments as a string of JSON.
      std::string text = held_.starts_with('"') ? Unquoted(held_) : held_ == "null" ? "{}" : held_;
      if (!text.starts_with('{') || !ValueOf(text, ValueForm::kJson)) return false;
      if (name_.empty()) {
        early_ = std::move(text);
      } else {
        Begin(std::move(text));
      }
    }
    return true;
  }

  void Begin(std::string arguments) {
    begun_ = true;
    arguments_ += arguments;
  }

  Step End() {
    if (name_.empty()) return Step::kBroken;
    if (!begun_) Begin("{}");
    return Step::kDone;
  }

  enum class Role { kName, kArguments, kId, kOther };

  const ChatRow& row_;
  const ToolSchemas& tools_;
  std::string skip_;
  size_t at_ = 0;
  State state_ = State::kOpen;
  Role role_ = Role::kOther;
  std::string key_;  // as it is written, with its quotation marks
  bool escaped_ = false, after_comma_ = false;
  ValueReader value_{ValueForm::kJson};
  bool starts_ = false;
  bool streams_ = false;  // the arguments are handed out as they come
  bool have_arguments_ = false;
  std::string held_;   // the member's value so far
  std::string early_;  // arguments that stand in front of the name
};

}  // namespace

std::unique_ptr<CallReader> ReadObject(const ChatRow& row, std::string skip, const ToolSchemas& tools) {
  return std::make_unique<ObjectReader>(row, std::move(skip), tools);
}

}  // namespace sheepop
