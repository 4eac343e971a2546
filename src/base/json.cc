#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/quoted.h"

namespace sheepop {
namespace {

constexpr size_t kMaxDepth = 64;

// Builds the value as Boost's own parser does, but refuses what that one settles in silence: a repeated key.
class Builder {
 public:
  using string_view = boost::json::string_view;
  using error_code = boost::json::error_code;

  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;

  bool on_document_begin(error_code&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    keys_.emplace_back();
    return true;
  }
  bool on_object_end(size_t count, error_code&) {
    keys_.pop_back();
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(size_t count, error_code&) {
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(string_view part, size_t, error_code&) {
    key_ += std::string_view(part);
    stack_.push_chars(part);
    return true;
  }
  bool on_key(string_view part, size_t, error_code& error) {
    key_ += std::string_view(part);
    stack_.push_key(part);
    const bool added = keys_.back().insert(key_).second;
    if (!added) {
      repeated_key_ = key_;
      error = boost::json::error::syntax;
    }
    key_.clear();
    return added;
  }
  bool on_string_part(string_view part, size_t, error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(string_view part, size_t, error_code&) {
    stack_.push_string(part);
    return true;
  }
  bool on_number_part(string_view part, error_code&) {
    number_ += std::string_view(part);
    return true;
  }
  bool on_int64(int64_t value, string_view, error_code&) { return Push(value); }
  bool on_uint64(uint64_t value, string_view, error_code&) { return Push(value); }
  bool on_double(double value, string_view part, error_code&) {
    number_ += std::string_view(part);
    // Boost's own is the neighbour of the nearest double for one text of 17 digits in nine. What lies outside the range
    // of doubles stays as Boost has it.
    double nearest = value;
    std::from_chars(number_.data(), number_.data() + number_.size(), nearest);
    return Push(nearest);
  }
  bool on_bool(bool value, error_code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  const std::optional<std::string>& repeated_key() const { return repeated_key_; }
  boost::json::value Release() { return stack_.release(); }

 private:
  template <typename Number>
  bool Push(Number value) {
    number_.clear();
    if constexpr (std::is_same_v<Number, double>) {
      stack_.push_double(value);
    } else if constexpr (std::is_signed_v<Number>) {
      stack_.push_int64(value);
    } else {
      stack_.push_uint64(value);
    }
    return true;
  }

  boost::json::value_stack stack_;
  std::string key_;                                    // the key whose parts are arriving
  std::string number_;                                 // likewise
  std::vector<std::unordered_set<std::string>> keys_;  // of the open objects, outermost first
  std::optional<std::string> repeated_key_;
};

}  // namespace

boost::json::value ParseJson(std::string_view text, std::string_view name, size_t max_bytes) {
  if (text.size() > max_bytes) {
    throw Error(ErrorCategory::kLimit, "{}: {} bytes of JSON, the bound is {}", name, text.size(), max_bytes);
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<Builder> parser(options);
  boost::json::error_code error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (const auto& key = parser.handler().repeated_key()) {
    throw Error(ErrorCategory::kCorrupt, "{}: key {} appears twice in one object", name, Quoted(*key));
  }
  if (error == boost::json::error::too_deep) {
    throw Error(ErrorCategory::kLimit, "{}: at byte {} of {}, JSON is nested deeper than the bound of {} levels", name,
                used, text.size(), kMaxDepth);
  }
  if (error) {
    throw Error(ErrorCategory::kCorrupt, "{}: not valid JSON at byte {} of {}: {}", name, used, text.size(),
                error.message());
  }
  if (text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
    throw Error(ErrorCategory::kCorrupt, "{}: something follows the JSON value at byte {} of {}", name, used,
                text.size());
  }
  return parser.handler().Release();
}

boost::json::object ParseJsonObject(std::string_view text, std::string_view name, size_t max_bytes) {
  boost::json::value value = ParseJson(text, name, max_bytes);
  if (!value.is_object()) {
    throw Error(ErrorCategory::kCorrupt, "{}: holds a JSON {}, must hold an object", name,
                std::string(boost::json::to_string(value.kind())));
  }
  return std::move(value.get_object());
}

}  // namespace sheepop
