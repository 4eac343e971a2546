// Values as models write them, in JSON, as Python's literals or in Gemma's form, byte by byte, as JSON text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

enum class ValueForm {
  kJson,    // RFC 8259; line breaks within strings are taken for their escapes
  kPython,  // 'text', "text", True, None, [..], (..), {..}; the arguments of a call, (a=1, b='x'), are an object
  kGemma,   // {city:<|"|>Oslo<|"|>,n:3}: keys without quotation marks
};

class ValueReader {
 public:
  explicit ValueReader(ValueForm form) : form_(form) {}

  enum class Step {
    kMore,
    kDone,        // the value ended with this byte
    kDoneBefore,  // the value ended before it
    kBroken,      // no value goes on so
  };
  // Not called again after the value's end.
  Step Push(char byte);
  // The JSON text that has become certain since the last call; all pieces together are one JSON value, once it is done.
  std::string Take();

  static constexpr size_t kMostDepth = 256;

 private:
  enum class State {
    kValue,
    kFirstValue,
    kKey,
    kFirstKey,
    kBareKey,
    kColon,
    kAfter,
    kString,
    kEscape,
    kHex,
    kQuote,
    kBare
  };

  Step Begin(char byte);
  Step Key(char byte);
  Step After(char byte);
  Step String(char byte);
  Step Escape(char byte);
  Step Hex(char byte);
  Step Quote(char byte);
  Step Bare(char byte);
  Step Open(char closer);
  Step Close();
  Step EndString();
  Step EndValue();
  bool InObject() const;
  bool WriteBare();
  void WriteComma();
  void Write(char byte);  // as part of a JSON string

  ValueForm form_;
  State state_ = State::kValue;
  std::vector<char> closers_;
  bool in_key_ = false;
  bool comma_ = false;  // read and not yet written
  char quote_ = '"';
  size_t matched_ = 0;                  // bytes of Gemma's quotation mark
  std::optional<std::string> perhaps_;  // Python: a quotation mark and white space that may yet be part of the text
  std::string bare_;
  char32_t code_ = 0;
  int hex_ = 0;
  std::string out_;
};

// A whole text as one JSON value; nothing where it is none.
std::optional<std::string> ValueOf(std::string_view text, ValueForm form);

void AppendJsonString(std::string_view text, std::string& out);  // without quotation marks around it

}  // namespace sheepop
