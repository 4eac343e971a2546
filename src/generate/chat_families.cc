#include "generate/chat_families.h"

#include <algorithm>
#include <array>

#include "generate/chat_shape.h"

namespace sheepop::families {
namespace {

struct Thinking {
  std::string_view open, close;
};

// The longer ones first where one is the end of another.
constexpr Thinking kThinking[] = {
    {"<|open|>think<|sep|>", "<|close|>think<|sep|>"},
    {"<|channel|>analysis<|message|>", "<|end|>"},
    {"<|channel>thought", "<channel|>"},
    {"to=self<|message|>", "<|eom|>"},
    {"<think:opensource>", "</think:opensource>"},
    {"<seed:think>", "</seed:think>"},
    {"<mm:think>", "</mm:think>"},
    {"<|START_THINKING|>", "<|END_THINKING|>"},
    {"[THINK]", "[/THINK]"},
    {"<|inner_prefix|>", "<|inner_suffix|>"},
    {"Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"},
    {"<|think|>", "<|end|>"},
    {"<think>", "</think>"},
};

struct Frames {
  std::string_view sign;             // in the source
  std::vector<std::string> opening;  // words come behind these
  std::vector<std::string> others;
};

const std::vector<Frames>& AllFrames() {
  static const std::vector<Frames> frames = {
      {"<|open|>", {"<|open|>response<|sep|>"}, {"<|close|>response<|sep|>", "<|close|>message<|sep|>"}},
      {"<|channel|>analysis",
       {"<|channel|>final<|message|>", "<|channel|>final <|constrain|>json<|message|>",
        "<|channel|>commentary<|message|>"},
       {"<|start|>assistant", "<|end|>", "<|return|>", "<|call|>"}},
      {"to=self<|message|>", {" to=user<|message|>", "<|message|>"}, {"<|start|>assistant", "<|eom|>", "<|eot|>"}},
      {"<|begin|>assistant<|content|>", {"<|content|>"}, {"<|begin|>assistant", "<|end|>", "<|calls|>"}},
      {">>>all", {">>>all\n"}, {}},
  };
  return frames;
}

constexpr std::string_view kEndsOfTurns[] = {"<|eom_id|>",
                                             "<|eot_id|>",
                                             "<|im_end|>",
                                             "</s>",
                                             "<|end_of_text|>",
                                             "<|eot|>",
                                             "<|message_sep|>",
                                             "<｜end▁of▁sentence｜>",
                                             "<|end|>",
                                             "<|call|>",
                                             "<|calls|>",
                                             "<|END_OF_TURN_TOKEN|>",
                                             "<end_of_turn>",
                                             "<turn|>",
                                             "<|tool_response>",
                                             "<|START_OF_TURN_TOKEN|>",
                                             "<SPECIAL_12>",
                                             "<|close|>message<|sep|>",
                                             "<｜hy_eos:opensource｜>"};

// Answers of one and of two calls. N, I and A stand for name, id and arguments.
struct Sample {
  std::vector<std::string_view> signs;
  std::string_view before, call, separator, behind;
};

const std::vector<Sample>& Samples() {
  static const std::vector<Sample> samples = {
      {{"<|tool_call_argument_begin|>"},
       "<|tool_calls_section_begin|>",
       "<|tool_call_begin|>functions.\1:#<|tool_call_argument_begin|>\2<|tool_call_end|>",
       "",
       "<|tool_calls_section_end|>"},
      {{"<｜tool▁calls▁begin｜>"},
       "<｜tool▁calls▁begin｜>",
       "<｜tool▁call▁begin｜>function<｜tool▁sep｜>\1\n```json\n\2\n```<｜tool▁call▁end｜>",
       "\n",
       "<｜tool▁calls▁end｜>"},
      {{"<|tool_call_start|>", "<|tool_list_start|>", "List of tools: "},
       "<|tool_call_start|>[",
       "\1(pk_a_text='pvFirst', pk_f_last='pvLast')",
       ", ",
       "]<|tool_call_end|>"},
      {{"<tool_call>"}, "", "<tool_call>\n{\"name\": \"\1\", \"arguments\": \2}\n</tool_call>", "\n", ""},
      {{"<|tool_call|>"}, "<|tool_call|>[", "{\"name\": \"\1\", \"arguments\": \2}", ", ", "]"},
      {{"functools["}, "functools[", "{\"name\": \"\1\", \"arguments\": \2}", ", ", "]"},
      {{""}, "", "{\"name\": \"\1\", \"arguments\": \2}", "\n", ""},
  };
  return samples;
}

std::string Filled(std::string_view text, size_t number) {
  std::string out;
  for (const char c : text) {
    if (c == '\1') {
      out += probe::kName;
    } else if (c == '\2') {
      out += probe::kArguments;
    } else if (c == '#') {
      out += static_cast<char>('0' + number);
    } else {
      out += c;
    }
  }
  return out;
}

struct Name {
  std::string_view family;
  std::string_view mark;
};

constexpr Name kNames[] = {
    {"minimax-m3", "]<]minimax[>["},
    {"minimax-m2", "<minimax:tool_call>"},
    {"kimi-k3", "<|open|>call"},
    {"kimi-k2", "<|tool_call_argument_begin|>"},
    {"deepseek-dsml", "｜DSML｜"},
    {"deepseek", "<｜tool▁sep｜>"},
    {"muse", "<atem:invoke"},
    {"harmony", "to=functions."},
    {"command-r7b", "<|START_ACTION|>"},
    {"command-r", "\"tool_name\""},
    {"solar", "<|tool_call:begin|>"},
    {"gemma4", "<|tool_call>call:"},
    {"lfm2", "<|tool_call_start|>"},
    {"seed-oss", "<seed:tool_call>"},
    {"glm", "<arg_key"},
    {"minicpm5", "<function name="},
    {"qwen3-coder", "<parameter="},
    {"functionary-3.1", "<function="},
    {"functionary-3.2", ">>>"},
    {"mistral-args", "[ARGS]"},
    {"mistral", "[TOOL_CALLS]"},
    {"apertus", "<|tools_prefix|>"},
    {"nemotron", "<TOOLCALL>"},
    {"apriel", "<tool_calls>["},
    {"minimax-m1", "<tool_calls>"},
    {"granite", "<|tool_call|>"},
    {"firefunction", "functools["},
    {"gigachat", "<|function_call|>"},
    {"gigachat", "function call<|role_sep|>"},
    {"hermes", "<tool_call>"},
    {"llama3", "\"parameters\""},
};

}  // namespace

std::optional<ThinkingMarks> KnownThinking(std::string_view text) {
  for (const Thinking& marks : kThinking) {
    if (text.ends_with(marks.open)) return ThinkingMarks{std::string(marks.open), std::string(marks.close)};
  }
  return {};
}

std::optional<ThinkingMarks> ThinkingIn(std::string_view source) {
  for (const Thinking& marks : kThinking) {
    const bool both =
        source.find(marks.open) != std::string_view::npos && source.find(marks.close) != std::string_view::npos;
    if (both) return ThinkingMarks{std::string(marks.open), std::string(marks.close)};
  }
  return {};
}

void AddFrames(std::string_view source, ChatRow& row) {
  for (const Frames& frames : AllFrames()) {
    if (source.find(frames.sign) == std::string_view::npos) continue;
    row.frames = frames.opening;
    row.word_frames = row.frames.size();
    row.frames.insert(row.frames.end(), frames.others.begin(), frames.others.end());
    return;
  }
}

size_t EndOfTurn(std::string_view text, size_t from) {
  size_t end = text.size();
  for (const std::string_view mark : kEndsOfTurns) end = std::min(end, text.find(mark, from));
  return end;
}

void AddUnwritten(std::string_view source, std::string_view prompt, ChatRow& row) {
  for (const Sample& sample : Samples()) {
    const bool speaks = std::ranges::any_of(sample.signs, [&](std::string_view sign) {
      return source.find(sign) != std::string_view::npos || prompt.find(sign) != std::string_view::npos;
    });
    const bool generic = sample.signs[0].empty();
    if (!speaks || (!generic && !row.writes_tools && sample.signs[0] == "<tool_call>")) continue;
    const std::string before(sample.before), behind(sample.behind);
    const std::string first = Filled(sample.call, 0);
    probe::FindCalls(before + first + behind,
                     before + first + std::string(sample.separator) + Filled(sample.call, 1) + behind, row);
    if (generic) row.family = "generic";
    return;
  }
}

std::string NameOf(const ChatRow& row) {
  if (!row.family.empty()) return row.family;
  std::string all = row.section_open;
  for (const CallPart& part : row.call) all += part.kind == CallPart::kMark ? part.text : "";
  if (row.pairs) all += row.pairs->key_open + row.pairs->key_close;
  for (const Name& name : kNames) {
    if (all.find(name.mark) != std::string::npos) return std::string(name.family);
  }
  return row.pairs ? "tagged" : "json";
}

void AddVariants(ChatRow& row) {
  if (row.family == "minicpm5" && row.pairs) {
    row.pairs->plain_open = "<![CDATA[";
    row.pairs->plain_close = "]]>";
  }
  if (row.family == "llama3") row.other_marks = {"<|python_tag|>"};
  if (row.family != "harmony") return;
  // Between the name and its message stand a channel and a type, one of them or none.
  for (size_t i = 1; i < row.call.size(); ++i) {
    const bool head = row.call[i].kind == CallPart::kMark && row.call[i - 1].kind == CallPart::kName;
    if (head) row.call[i].kind = CallPart::kHead;
  }
  // The models write the recipient into the channel's mark more often than in front of it.
  for (const std::string_view open : {"<|channel|>commentary to=functions.", "<|channel|>analysis to=functions."}) {
    row.others.push_back({{CallPart::kMark, std::string(open)},
                          {CallPart::kName, {}},
                          {CallPart::kHead, " <|constrain|>json<|message|>"},
                          {CallPart::kValue, {}}});
  }
}

}  // namespace sheepop::families
