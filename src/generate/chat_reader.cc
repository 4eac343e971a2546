#include <algorithm>
#include <boost/json/value.hpp>
#include <utility>

#include "base/utf8.h"
#include "generate/chat_call.h"
#include "generate/chat_row.h"

namespace sheepop {
namespace {

bool IsSpace(char c) { return kWhite.find(c) != std::string_view::npos; }

// A mark that opens a call, and what reads the rest of it.
struct Opening {
  std::string mark;  // as it stands in text
  std::string skip;  // what must follow it, without white space
  bool object = false;
  std::vector<CallPart> rest;
};

// Up to the end of the first <...> or [NAME] in it: what stands behind is matched with any white space.
std::string FirstTag(std::string_view mark) {
  const char close = mark.starts_with('[') ? ']' : '>';
  return std::string(mark.substr(0, std::min(mark.find(close), mark.size() - 1) + 1));
}

Opening MakeOpening(const std::string& section, const std::vector<CallPart>& call, bool object) {
  Opening opening{"", "", object, {}};
  const bool marked = !call.empty() && call[0].kind == CallPart::kMark;
  std::string text = section + (marked ? call[0].text : "");
  if (object) text = text.substr(0, text.rfind('{'));
  const std::string_view all = Trim(text);
  opening.mark = all.substr(0, all.find_last_not_of("[{("
                                                    "\n\t\r ") +
                                   1);
  opening.skip = WithoutSpace(all.substr(opening.mark.size()));
  if (!object) opening.rest.assign(call.begin() + (marked ? 1 : 0), call.end());
  return opening;
}

std::vector<Opening> OpeningsOf(const ChatRow& row, const std::vector<std::string>& tails) {
  std::vector<Opening> openings = {MakeOpening(row.section_open, row.call, row.object)};
  // Some leave the section's mark out.
  constexpr size_t kTelling = 4;
  Opening alone = MakeOpening("", row.call, row.object);
  if (!row.section_open.empty() && alone.mark.size() >= kTelling) openings.push_back(std::move(alone));
  for (const auto& other : row.others) openings.push_back(MakeOpening("", other, false));
  for (const std::string& mark : row.other_marks) openings.push_back({mark, "", true, {}});
  std::erase_if(openings, [](const Opening& opening) { return opening.mark.empty(); });
  for (Opening& opening : openings) {
    const std::string tag = FirstTag(opening.mark);
    const auto begins = [&](const std::string& mark) { return mark.starts_with(tag); };
    const bool shared = std::ranges::any_of(row.frames, begins) || std::ranges::any_of(tails, begins) ||
                        (row.thinking && (begins(row.thinking->open) || begins(row.thinking->close)));
    if (shared) continue;
    opening.skip = WithoutSpace(opening.mark.substr(tag.size())) + opening.skip;
    opening.mark = tag;
  }
  return openings;
}

}  // namespace

struct ChatFormat::Reader::Body {
  Body(std::shared_ptr<const ChatFormat::Row> shared, boost::json::array given, bool reads_tools, bool in_thoughts)
      : row(std::move(shared)), tools(std::move(given)), schemas(tools) {
    const CallPart& last = row->call.back();
    if (last.kind == CallPart::kMark) AddTail(row->object ? last.text.substr(last.text.rfind('}') + 1) : last.text);
    AddTail(row->separator);
    AddTail(row->section_close);
    if (row->pairs && last.kind == CallPart::kMark) {
      AddTail(WithoutSpace(last.text).substr(PairsEnd(*row->pairs, last.text).size()));
    }
    if (reads_tools) openings = OpeningsOf(*row, tails);
    bare = reads_tools && row->bare();
    if (in_thoughts && row->thinking) mode = Mode::kThinking;
    trims = in_thoughts;
    if (reads_tools) {
      input = row->prompt_lead;
      lead_left = input.size();
      Run();
    }
  }

  void AddTail(std::string_view mark) {
    std::string plain = WithoutSpace(mark);
    if (!plain.empty()) tails.push_back(std::move(plain));
  }

  void Run() {
    size_t at = 0;
    while (at < input.size()) {
      Push(input[at++]);
      if (again.empty()) continue;
      input.replace(0, at, std::exchange(again, {}));
      at = 0;
    }
    input.clear();
  }

  void Push(char byte) {
    switch (mode) {
      case Mode::kText:
      case Mode::kThinking:
        if (trims && IsSpace(byte)) return;
        trims = false;
        if (bare && mode == Mode::kText && !text_begun && calls.empty() && byte == '{' && Trim(held).empty()) {
          Open({"", "", true, {}}, std::exchange(held, {}));
          return Call(byte);
        }
        held += byte;
        return Scan();
      case Mode::kCall: return Call(byte);
      case Mode::kAfterCall: return AfterCall(byte);
    }
  }

  // --- text and thoughts ---

  // The marks that count where the text stands.
  template <typename F>
  void VisitMarks(F visit) const {
    if (row->thinking) {
      if (mode == Mode::kThinking) {
        visit(row->thinking->close, Mark::kThinkClose, nullptr);
        // A mark of control tokens parts an answer even where the thoughts' own was forgotten.
        for (const std::string& frame : row->frames) {
          if (frame.starts_with("<|") && frame != row->thinking->close) visit(frame, Mark::kFrame, nullptr);
        }
        return;
      }
      // In the midst of words the marks of thoughts are words; where marks part an answer they are not.
      if (!text_begun || !row->frames.empty()) visit(row->thinking->open, Mark::kThinkOpen, nullptr);
      if (!text_begun && row->frames.empty()) visit(row->thinking->close, Mark::kThinkClose, nullptr);
    }
    for (const Opening& opening : openings) visit(opening.mark, Mark::kOpening, &opening);
    for (const std::string& frame : row->frames) visit(frame, Mark::kFrame, nullptr);
  }

  enum class Mark { kNone, kThinkOpen, kThinkClose, kOpening, kFrame };

  bool HasMarks() const {
    bool has = false;
    VisitMarks([&](const std::string&, Mark, const Opening*) { has = true; });
    return has;
  }

  // Hands out what cannot become a mark with white space in front of it.
  void Scan() {
    for (size_t from = 0; from < held.size(); ++from) {
      const std::string_view rest = std::string_view(held).substr(from);
      const std::string_view inner = TrimFront(rest);
      Mark found = Mark::kNone;
      const Opening* opening = nullptr;
      bool may = inner.empty() && rest.size() < kMostSpace && HasMarks();
      size_t longest = 0;
      if (!inner.empty()) {
        VisitMarks([&](const std::string& mark, Mark kind, const Opening* opens) {
          if (mark.size() > inner.size() && std::string_view(mark).starts_with(inner)) may = true;
          if (mark != inner || mark.size() <= longest) return;
          longest = mark.size();
          found = kind;
          opening = opens;
        });
      }
      if (found == Mark::kNone && !may) continue;
      const std::string text = held.substr(0, from);
      if (found != Mark::kNone) {
        const std::string marked = std::exchange(held, {}).substr(from);
        Emit(text);
        return Found(found, opening, marked);
      }
      held.erase(0, from);
      return Emit(text);
    }
    Emit(std::exchange(held, {}));
  }

  void Found(Mark mark, const Opening* opening, const std::string& marked) {
    switch (mark) {
      case Mark::kThinkOpen:
        mode = Mode::kThinking;
        trims = true;
        return;
      case Mark::kThinkClose:
        mode = Mode::kText;
        trims = true;
        return;
      case Mark::kFrame:
        Emit(marked.substr(0, marked.size() - TrimFront(marked).size()));
        mode = Mode::kText;
        lead_left = 0;
        return;
      case Mark::kOpening: return Open(*opening, marked);
      case Mark::kNone: return;
    }
  }

  void Emit(std::string_view text) {
    if (mode == Mode::kThinking) return Add(AnswerDelta::kThinking, std::string(text));
    const size_t lead = std::min(lead_left, text.size());
    lead_left -= lead;
    text.remove_prefix(lead);
    if (!Trim(text).empty()) text_begun = true;
    Add(AnswerDelta::kText, std::string(text));
  }

  // --- calls ---

  void Open(const Opening& opening, std::string text) {
    opened = text.size() + (opening.mark.empty() ? 1 : 0);  // the same byte is not to open it again
    raw = std::move(text);
    call =
        opening.object ? ReadObject(*row, opening.skip, schemas) : ReadParts(*row, opening.rest, opening.skip, schemas);
    announced = false;
    mode = Mode::kCall;
  }

  void Call(char byte) {
    raw += byte;
    const CallReader::Step step = call->Push(byte);
    if (step == CallReader::Step::kBroken) return Reject();
    Announce();
    if (step == CallReader::Step::kMore) return;
    if (step == CallReader::Step::kDoneBefore) {
      raw.pop_back();
      again = byte;
    }
    Add(AnswerDelta::kCallEnd, "");
    raw.erase(0, std::exchange(lead_left, 0));
    calls.push_back({call->id(), call->name(), std::move(arguments), std::move(raw)});
    arguments.clear();
    raw.clear();
    ++number;
    tail.clear();
    mode = Mode::kAfterCall;
  }

  void Announce() {
    if (!call->begun()) return;
    if (!announced) {
      announced = true;
      Add(AnswerDelta::kCallBegin, call->name(), call->id());
    }
    const std::string piece = call->TakeArguments();
    arguments += piece;
    Add(AnswerDelta::kCallArguments, piece);
  }

  // What has been read of the call is text. It may hold another call, unless so much of this one was as it should be.
  void Reject() {
    mode = Mode::kText;
    const bool looks_again = !announced && raw.size() < kMostReadAgain && raw.size() > opened;
    if (announced) ++number;
    const std::string text = std::exchange(raw, {});
    arguments.clear();
    const size_t sure = looks_again ? opened : text.size();
    text_begun = true;
    Emit(text.substr(0, sure));
    if (looks_again) again = text.substr(sure);
  }

  // Between calls and behind the last one: marks that belong to them, the next call, or text.
  void AfterCall(char byte) {
    tail += byte;
    const std::string plain = WithoutSpace(tail);
    if (plain.empty() && tail.size() < kMostSpace) return;
    bool may = false;
    const auto is = [&](const std::string& mark) {
      may |= mark.size() > plain.size() && mark.starts_with(plain);
      return mark == plain;
    };
    const Opening* next = nullptr;
    for (const Opening& opening : openings) {
      if (is(WithoutSpace(opening.mark))) next = &opening;
    }
    bool swallows = false;
    for (const std::string& mark : tails) swallows |= is(mark);
    may |= OpensBare(plain) ? false : WithoutSpace(BareOpening().mark).starts_with(plain);
    if (!next && may && !plain.empty()) return;
    if (next) return Open(*next, std::exchange(tail, {}));
    if (swallows) {
      calls.back().text += std::exchange(tail, {});
      return;
    }
    if (OpensBare(plain)) {
      if (!BareOpening().mark.empty()) return Open(BareOpening(), std::exchange(tail, {}));
      Open(BareOpening(), tail.substr(0, tail.size() - plain.size()));
      again = plain;
      tail.clear();
      return;
    }
    mode = Mode::kText;
    text_begun = true;  // a call that is bare JSON stands in front of words
    again = std::exchange(tail, {});
  }

  // Whether a call within the section, or one more of bare JSON, begins with these bytes.
  bool OpensBare(const std::string& plain) const {
    const Opening opening = BareOpening();
    if (!opening.mark.empty()) return plain == WithoutSpace(opening.mark);
    if (plain.empty()) return false;
    if (opening.object) return plain == "{";
    const auto name = static_cast<unsigned char>(plain[0]);
    return !row->section_open.empty() && plain.size() == 1 && (std::isalpha(name) || name == '_');
  }

  Opening BareOpening() const { return MakeOpening("", row->call, row->object); }

  // --- what goes out ---

  void Add(AnswerDelta::Kind kind, std::string text, std::string id = "") {
    const bool piece =
        kind == AnswerDelta::kText || kind == AnswerDelta::kThinking || kind == AnswerDelta::kCallArguments;
    if (piece && text.empty()) return;
    if (!out.empty() && piece && out.back().kind == kind) {
      out.back().text += text;
      return;
    }
    const size_t which = kind == AnswerDelta::kText || kind == AnswerDelta::kThinking ? 0 : number;
    out.push_back({kind, std::move(text), which, std::move(id)});
  }

  // All that is certain; what is no whole character yet waits for the rest of it.
  std::vector<AnswerDelta> Take(bool all) {
    std::vector<AnswerDelta> taken = std::exchange(out, {});
    if (!all && !taken.empty()) {
      AnswerDelta& last = taken.back();
      const size_t part = IncompleteUtf8Suffix(last.text);
      if (part > 0 && last.kind != AnswerDelta::kCallBegin) {
        out.push_back({last.kind, last.text.substr(last.text.size() - part), last.call, {}});
        last.text.resize(last.text.size() - part);
        if (last.text.empty()) taken.pop_back();
      }
    }
    for (AnswerDelta& delta : taken) {
      if (!IsValidUtf8(delta.text)) delta.text = ToValidUtf8(delta.text);
    }
    return taken;
  }

  std::vector<AnswerDelta> End() {
    while (mode == Mode::kCall) {
      Reject();
      input = std::exchange(again, {});
      Run();
    }
    if (mode == Mode::kAfterCall) {
      calls.back().text += std::exchange(tail, {});
    } else {
      Emit(std::exchange(held, {}));
    }
    return Take(true);
  }

  size_t Held() const {
    const bool reads_on = mode == Mode::kText || mode == Mode::kThinking;
    const size_t all = reads_on ? held.size() : mode == Mode::kAfterCall ? tail.size() : announced ? 0 : raw.size();
    return all - std::min(lead_left, all);
  }

  static constexpr size_t kMostSpace = 64;
  static constexpr size_t kMostReadAgain = size_t{64} << 10;

  enum class Mode { kText, kThinking, kCall, kAfterCall };

  std::shared_ptr<const ChatFormat::Row> row;
  boost::json::array tools;
  ToolSchemas schemas;
  std::vector<Opening> openings;
  std::vector<std::string> tails;  // marks that may stand behind a call, without white space
  bool bare = false;

  Mode mode = Mode::kText;
  std::string input, again;  // bytes to read; those that are to be read once more
  std::string held;          // what may yet become a mark
  bool trims = false;        // white space is the mark's that was in front of it
  bool text_begun = false;
  size_t lead_left = 0;  // bytes of the prompt among what is read

  std::unique_ptr<CallReader> call;
  std::string raw;    // of the call
  size_t opened = 0;  // bytes of `raw` that opened it
  bool announced = false;
  std::string arguments;
  std::string tail;  // behind a call
  size_t number = 0;
  std::vector<ToolCall> calls;
  std::vector<AnswerDelta> out;
};

ChatFormat::Reader::Reader(const ChatFormat& format, boost::json::array tools, bool reads_tools, bool in_thoughts)
    : body_(std::make_unique<Body>(format.row_, std::move(tools), reads_tools, in_thoughts)) {}
ChatFormat::Reader::Reader(Reader&&) noexcept = default;
ChatFormat::Reader::~Reader() = default;

std::vector<AnswerDelta> ChatFormat::Reader::Add(std::string_view text) {
  body_->input = text;
  body_->Run();
  return body_->Take(false);
}

std::vector<AnswerDelta> ChatFormat::Reader::End() { return body_->End(); }

size_t ChatFormat::Reader::held() const { return body_->Held(); }

const std::vector<ToolCall>& ChatFormat::Reader::calls() const { return body_->calls; }

}  // namespace sheepop
