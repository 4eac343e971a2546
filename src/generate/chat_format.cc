#include "generate/chat_format.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "generate/chat_row.h"

namespace sheepop {
namespace {

boost::json::object TokenNames(const Tokenizer& tokenizer) {
  boost::json::object names;
  const SpecialTokenIds& special = tokenizer.special();
  const auto add = [&](std::string_view name, std::optional<Token> token) {
    names[name] = token ? std::string(tokenizer.Piece(*token)) : "";
  };
  add("bos_token", special.bos);
  add("eos_token", special.eos);
  add("pad_token", special.pad);
  add("unk_token", special.unknown);
  return names;
}

// All texts of the row in which a mark may stand.
std::string AllMarks(const ChatRow& row) {
  std::string all =
      "<|\"|>\n" + row.prompt_lead + '\n' + row.section_open + '\n' + row.section_close + '\n' + row.separator;
  const auto add = [&](std::string_view text) { all.append("\n").append(text); };
  if (row.thinking) {
    add(row.thinking->open);
    add(row.thinking->close);
  }
  for (const std::string& frame : row.frames) add(frame);
  for (const std::string& mark : row.other_marks) add(mark);
  for (const CallPart& part : row.call) add(part.text);
  for (const auto& other : row.others) {
    for (const CallPart& part : other) add(part.text);
  }
  if (row.pairs) {
    for (const std::string* text : {&row.pairs->key_open, &row.pairs->key_close, &row.pairs->attribute_close,
                                    &row.pairs->value_close, &row.pairs->value_close_behind_key}) {
      add(*text);
    }
  }
  return all;
}

}  // namespace

ChatFormat ChatFormat::Of(const ChatTemplate& chat, const Tokenizer& tokenizer) {
  auto row = std::make_shared<Row>();
  static_cast<ChatRow&>(*row) = ProbeRow(chat, TokenNames(tokenizer));
  const std::string marks = AllMarks(*row);
  for (size_t i = 0; i < tokenizer.vocab_size(); ++i) {
    const auto token = static_cast<Token>(i);
    if (tokenizer.Kind(token) != TokenKind::kControl) continue;
    const std::string_view piece = tokenizer.Piece(token);
    if (piece.size() < 2 || marks.find(piece) == std::string::npos) continue;
    row->mark_tokens.push_back(token);
    row->mark_names.emplace_back(piece);
  }
  ChatFormat format;
  format.row_ = std::move(row);
  return format;
}

std::string_view ChatFormat::family() const { return row_->family; }
const std::optional<ThinkingMarks>& ChatFormat::thinking() const { return row_->thinking; }
bool ChatFormat::writes_tools() const { return row_->writes_tools; }
bool ChatFormat::parallel() const { return row_->parallel; }
bool ChatFormat::wants_object_arguments() const { return row_->object_arguments; }

bool ChatFormat::InThoughts(std::string_view prompt) const {
  return row_->thinking && TrimBack(prompt).ends_with(row_->thinking->open);
}

std::string_view ChatFormat::thought_field() const { return row_->thought_field; }

bool ChatFormat::IsMark(Token token) const { return std::ranges::binary_search(row_->mark_tokens, token); }

}  // namespace sheepop
