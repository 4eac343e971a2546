#include "serve/api/tokens.h"

#include <fmt/core.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "serve/api/chat.h"
#include "serve/api/prompt_ids.h"

namespace sheepop {
namespace {

namespace json = boost::json;

json::value PieceOf(std::string_view piece) {
  if (IsValidUtf8(piece)) return json::value(piece);
  json::array bytes;
  for (const char c : piece) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

// The ids of messages: a chat request, but for what says how to tell them.
std::vector<Token> IdsOfMessages(Fields& fields, const json::object& body, const RequestContext& context) {
  json::object chat = body;
  for (std::string_view name : {"with_pieces", "return_token_strs", "parse_special"}) chat.erase(name);
  for (std::string_view name : {"add_special_tokens", "add_special"}) {
    if (fields.Bool(name).value_or(false)) {
      fields.Refuse(name, "is true, but of messages the template says what is in front: leave it out");
    }
    chat.erase(name);
  }
  return ParseChat(chat, context).ask.prompts.at(0).ids;
}

std::vector<Token> IdsOfText(Fields& fields, std::string_view name, const ServedModel& model) {
  const std::optional<std::string> text = fields.String(name);
  if (!text) fields.Refuse(name, "is missing: give prompt, content or messages");
  const std::string_view add_name = fields.OneOf({"add_special_tokens", "add_special"});
  const bool add = fields.Bool(add_name).value_or(name == "prompt");
  const SpecialTokens how =
      fields.Bool("parse_special").value_or(true) ? SpecialTokens::kParse : SpecialTokens::kAsText;
  const Tokenizer& tokenizer = *model.loaded.tokenizer;
  return ForField(fields.Path(name),
                  [&] { return add ? tokenizer.EncodePrompt(*text, how) : tokenizer.Encode(*text, how); });
}

}  // namespace

json::object TokenizeText(const json::object& body, const RequestContext& context) {
  Fields fields(body);
  std::vector<std::string> unused;
  const std::shared_ptr<const ServedModel> model = context.models.Find(fields.String("model").value_or(""));
  const Tokenizer& tokenizer = *model->loaded.tokenizer;
  const bool pieces = fields.Bool("with_pieces").value_or(false);
  const bool strings = fields.Bool("return_token_strs").value_or(false);
  const std::string_view name = fields.OneOf({"prompt", "content", "messages"});
  std::vector<Token> ids;
  if (name == "messages") {
    ids = IdsOfMessages(fields, body, context);  // refuses unknown fields
  } else {
    ids = IdsOfText(fields, name, *model);
    fields.Finish(context.unknown, unused);
  }
  json::array tokens, texts;
  for (const Token id : ids) {
    const std::string_view piece = tokenizer.Piece(id);
    tokens.push_back(pieces ? json::value{{"id", id}, {"piece", PieceOf(piece)}} : json::value(id));
    if (strings) texts.push_back(json::value(ToValidUtf8(piece)));
  }
  json::object answer{{"tokens", std::move(tokens)}, {"count", ids.size()}, {"max_model_len", model->context}};
  if (strings) answer["token_strs"] = std::move(texts);
  return answer;
}

json::object DetokenizeIds(const json::object& body, const RequestContext& context) {
  Fields fields(body);
  std::vector<std::string> unused;
  const std::shared_ptr<const ServedModel> model = context.models.Find(fields.String("model").value_or(""));
  const json::array* const tokens = fields.Array("tokens");
  if (!tokens) fields.Refuse("tokens", "is missing, must be a list of ids");
  fields.Finish(context.unknown, unused);
  const std::vector<Token> ids = ReadIds(*tokens, *model, fields.Path("tokens"));
  const std::string text = ToValidUtf8(model->loaded.tokenizer->Decode(ids));
  return {{"prompt", text}, {"content", text}};
}

json::object ApplyTemplate(const json::object& body, const RequestContext& context) {
  return json::object({{"prompt", ParseChat(body, context).ask.prompts.at(0).text}});
}

json::object TokenizerInfo(const ServedModel& model) {
  const Tokenizer& tokenizer = *model.loaded.tokenizer;
  const SpecialTokenIds& special = tokenizer.special();
  auto text = [&](std::optional<Token> id) {
    return id ? json::value(ToValidUtf8(tokenizer.Piece(*id))) : json::value(nullptr);
  };
  return {{"bos_token", text(special.bos)},
          {"eos_token", text(special.eos)},
          {"pad_token", text(special.pad)},
          {"unk_token", text(special.unknown)},
          {"add_bos_token", special.add_bos},
          {"chat_template", model.chat ? json::value(model.chat->source()) : json::value(nullptr)}};
}

}  // namespace sheepop
