#include "serve/answer.h"

#include <fmt/core.h>

#include <algorithm>

namespace sheepop {
namespace {

void AddTo(std::vector<AnswerPart>& parts, const AnswerDelta& delta) {
  const size_t begin = parts.empty() ? 0 : parts.back().end;
  switch (delta.kind) {
    case AnswerDelta::kCallBegin:
      parts.push_back({.kind = delta.kind, .text = "", .name = delta.text, .id = delta.id, .end = begin});
      break;
    case AnswerDelta::kCallArguments: parts.back().text += delta.text; break;
    case AnswerDelta::kCallEnd: parts.back().whole = true; break;
    case AnswerDelta::kText:
    case AnswerDelta::kThinking:
      if (parts.empty() || parts.back().kind != delta.kind) {
        parts.push_back({.kind = delta.kind, .text = "", .end = begin});
      }
      parts.back().text += delta.text;
  }
}

}  // namespace

void AddTo(std::vector<AnswerPart>& parts, std::span<const AnswerDelta> deltas, size_t tokens) {
  for (const AnswerDelta& delta : deltas) AddTo(parts, delta);
  if (!parts.empty()) parts.back().end = tokens;
}

std::span<const TokenRecord> TokensOf(const ChoiceResult& result, size_t index) {
  const size_t begin = index == 0 ? 0 : result.parts[index - 1].end;
  return std::span(result.tokens).subspan(begin, result.parts[index].end - begin);
}

std::string TextOf(const ChoiceResult& result, AnswerDelta::Kind kind) {
  std::string text;
  for (const AnswerPart& part : result.parts) {
    if (part.kind == kind) text += part.text;
  }
  return text;
}

bool HasCalls(const ChoiceResult& result) {
  return std::ranges::any_of(result.parts, [](const AnswerPart& part) { return part.kind == AnswerDelta::kCallBegin; });
}

void DropBroken(std::vector<AnswerPart>& parts) {
  std::erase_if(parts, [](const AnswerPart& part) { return part.kind == AnswerDelta::kCallBegin && !part.whole; });
}

std::string CallId(std::string_view prefix, const AnswerHead& head, size_t choice, size_t call,
                   const std::string& written) {
  return written.empty() ? fmt::format("{}{}_{}_{}", prefix, head.id, choice, call) : written;
}

}  // namespace sheepop
