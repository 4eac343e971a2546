// A family of chat templates: how its models write calls and thoughts. Filled by chat_probe.cc, read by the reader and by
// the grammar writer.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "generate/chat_format.h"
#include "generate/chat_value.h"

namespace sheepop {

// A call as a text: what stands in it one behind the other.
struct CallPart {
  enum Kind {
    kMark,    // `text`, as the template writes it; white space in it is the model's to write or not
    kHead,    // `text`, up to its last tag; other words may stand in front of that
    kName,    // of the function
    kId,      // of the call
    kNumber,  // a count of the calls
    kValue,   // the arguments as one value, in `form`
    kPairs,   // the arguments by PairMarks
  };
  Kind kind = kMark;
  std::string text;
  ValueForm form = ValueForm::kJson;
};

// Arguments as marked text: key_open KEY key_close VALUE value_close, for each.
struct PairMarks {
  std::string key_open, key_close;
  // Where not empty the key is followed by key_close, a word for the value's type, and attribute_close.
  std::string attribute_close;
  std::string text_word;  // of a string
  std::string number_word, boolean_word, object_word, array_word;
  std::string value_close;              // without `trail`
  std::string value_close_behind_key;   // where the key stands in the closing mark: what follows it there
  std::string lead, trail;              // white space around each value
  std::string between;                  // white space between a value's closing mark and the next key
  std::string plain_open, plain_close;  // around texts that hold marks; may be empty
  bool nested = false;                  // objects and lists are marked so too, list items as "item"
  bool names_key = false;               // value_close, the key, value_close_behind_key
};

struct ChatRow {
  std::string family;
  std::optional<ThinkingMarks> thinking;
  std::string prompt_lead;          // of the mark in front of the answer, what the prompt holds already
  std::vector<std::string> frames;  // marks around text that are no part of it
  size_t word_frames = 0;           // the first ones, behind which words come
  std::string section_open, section_close, separator;  // around and between calls
  std::vector<CallPart> call;
  // The other ways in which models of this family write a call's parts up to its arguments.
  std::vector<std::vector<CallPart>> others;
  std::vector<std::string> other_marks;  // in front of a call that is a JSON object
  // The call is a JSON object: its first mark ends in the object's beginning. Its members may come in any order.
  bool object = false;
  bool name_is_key = false;  // {"NAME": ARGUMENTS}
  std::optional<PairMarks> pairs;
  std::string thought_field;  // of a message: what a template reads its thoughts from; empty where it reads none
  bool writes_tools = false, parallel = false, object_arguments = true;
  std::vector<Token> mark_tokens;       // ascending
  std::vector<std::string> mark_names;  // their pieces

  // What opens the calls: section_open and the call's first mark, as far as they are text outside of any JSON.
  std::string Opening() const;
  bool bare() const { return Opening().empty(); }  // a call begins with its JSON
};

struct ChatFormat::Row : ChatRow {};

// Fills everything but the tokens.
ChatRow ProbeRow(const ChatTemplate& chat, boost::json::object special_tokens);

// White space.
inline constexpr std::string_view kWhite = " \t\r\n";
std::string_view TrimFront(std::string_view text);
std::string_view TrimBack(std::string_view text);
std::string_view Trim(std::string_view text);
std::string WithoutSpace(std::string_view text);

}  // namespace sheepop
