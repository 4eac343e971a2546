#include "ingest/readers/latex_source.h"

#include <fmt/core.h>
#include <utf8proc.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <optional>

namespace sheepop {
namespace {

namespace json = boost::json;

constexpr int kAll = 99;
constexpr int kDeepest = 8;     // labels in labels
constexpr int kMostGroups = 9;  // parameters of a command

// How many of a command's first arguments are no text: lengths, names, keys.
struct Arguments {
  std::string_view name;
  int silent;
};

constexpr Arguments kArguments[] = {
    {"vspace", kAll},
    {"hspace", kAll},
    {"setcounter", kAll},
    {"addtocounter", kAll},
    {"stepcounter", kAll},
    {"refstepcounter", kAll},
    {"setlength", kAll},
    {"addtolength", kAll},
    {"settowidth", kAll},
    {"newcounter", kAll},
    {"newlength", kAll},
    {"pagestyle", kAll},
    {"thispagestyle", kAll},
    {"pagenumbering", kAll},
    {"label", kAll},
    {"ref", kAll},
    {"eqref", kAll},
    {"pageref", kAll},
    {"autoref", kAll},
    {"nameref", kAll},
    {"cref", kAll},
    {"Cref", kAll},
    {"vref", kAll},
    {"cite", kAll},
    {"citep", kAll},
    {"citet", kAll},
    {"citeauthor", kAll},
    {"citeyear", kAll},
    {"parencite", kAll},
    {"textcite", kAll},
    {"footcite", kAll},
    {"autocite", kAll},
    {"nocite", kAll},
    {"bibliography", kAll},
    {"bibliographystyle", kAll},
    {"addbibresource", kAll},
    {"printbibliography", kAll},
    {"index", kAll},
    {"glossary", kAll},
    {"input", kAll},
    {"include", kAll},
    {"includeonly", kAll},
    {"subfile", kAll},
    {"import", kAll},
    {"includegraphics", kAll},
    {"graphicspath", kAll},
    {"includepdf", kAll},
    {"usepackage", kAll},
    {"RequirePackage", kAll},
    {"documentclass", kAll},
    {"hypersetup", kAll},
    {"geometry", kAll},
    {"color", kAll},
    {"pagecolor", kAll},
    {"definecolor", kAll},
    {"colorlet", kAll},
    {"selectlanguage", kAll},
    {"fontsize", kAll},
    {"fontfamily", kAll},
    {"fontseries", kAll},
    {"fontshape", kAll},
    {"usefont", kAll},
    {"linespread", kAll},
    {"hyphenation", kAll},
    {"phantom", kAll},
    {"hphantom", kAll},
    {"vphantom", kAll},
    {"rule", kAll},
    {"cline", kAll},
    {"cmidrule", kAll},
    {"addcontentsline", kAll},
    {"markboth", kAll},
    {"markright", kAll},
    {"lstset", kAll},
    {"tikzset", kAll},
    {"pgfplotsset", kAll},
    {"usetikzlibrary", kAll},
    {"theoremstyle", kAll},
    {"newtheorem", kAll},
    {"newcommand", kAll},
    {"renewcommand", kAll},
    {"providecommand", kAll},
    {"newenvironment", kAll},
    {"renewenvironment", kAll},
    {"DeclareMathOperator", kAll},
    {"NewDocumentCommand", kAll},
    {"DeclareRobustCommand", kAll},
    {"newacronym", kAll},
    {"newglossaryentry", kAll},
    {"acrodef", kAll},
    {"makeglossaries", kAll},
    {"captionsetup", kAll},
    {"setlist", kAll},
    {"setmainfont", kAll},
    {"setsansfont", kAll},
    {"setmonofont", kAll},
    {"setmainlanguage", kAll},
    {"setotherlanguage", kAll},
    {"titleformat", kAll},
    {"titlespacing", kAll},
    {"fancyhead", kAll},
    {"fancyfoot", kAll},
    {"lhead", kAll},
    {"chead", kAll},
    {"rhead", kAll},
    {"lfoot", kAll},
    {"cfoot", kAll},
    {"rfoot", kAll},
    {"tag", kAll},
    {"hypertarget", 1},
    {"hyperlink", 1},
    {"href", 1},
    {"raisebox", 1},
    {"scalebox", 1},
    {"resizebox", 2},
    {"rotatebox", 1},
    {"parbox", 1},
    {"textcolor", 1},
    {"colorbox", 1},
    {"fcolorbox", 2},
    {"foreignlanguage", 1},
    {"multicolumn", 2},
    {"multirow", 2},
    {"adjustbox", 1},
    {"ensuremath", 0},
    {"begin", 1},
    {"end", 1},
};

// Environments whose arguments are lengths, columns and the like.
constexpr std::string_view kSilentEnvironments[] = {
    "tabular", "tabular*", "tabularx",   "longtable",       "array",     "tabu",    "longtabu", "multicols", "minipage",
    "figure",  "table",    "wrapfigure", "thebibliography", "adjustbox", "spacing", "list",     "tabulary"};
constexpr std::string_view kFormulas[] = {"equation", "equation*", "align",    "align*",    "gather",      "gather*",
                                          "multline", "multline*", "eqnarray", "eqnarray*", "displaymath", "math",
                                          "flalign",  "flalign*",  "alignat",  "alignat*"};
constexpr std::string_view kVerbatim[] = {"verbatim", "verbatim*", "lstlisting", "Verbatim", "minted", "alltt"};

// What may stand inside a word.
constexpr std::string_view kInside[] = {
    "textbf", "textit", "emph", "textsc",     "textsf",          "texttt",       "textrm", "textsl",
    "textup", "textmd", "text", "underline",  "uline",           "sout",         "st",     "hl",
    "mbox",   "ul",     "so",   "textnormal", "textsuperscript", "textsubscript"};

constexpr std::pair<std::string_view, std::string_view> kLetters[] = {
    {"ss", "ß"}, {"ae", "æ"}, {"AE", "Æ"}, {"oe", "œ"}, {"OE", "Œ"}, {"aa", "å"}, {"AA", "Å"},
    {"o", "ø"},  {"O", "Ø"},  {"l", "ł"},  {"L", "Ł"},  {"i", "ı"},  {"j", "ȷ"},  {"dh", "ð"},
    {"DH", "Ð"}, {"th", "þ"}, {"TH", "Þ"}, {"dj", "đ"}, {"DJ", "Đ"}, {"ng", "ŋ"}, {"NG", "Ŋ"}};

// Accents and their combining marks.
constexpr std::pair<std::string_view, std::string_view> kAccents[] = {
    {"'", "\u0301"}, {"`", "\u0300"}, {"^", "\u0302"}, {"\"", "\u0308"}, {"~", "\u0303"},
    {"=", "\u0304"}, {".", "\u0307"}, {"u", "\u0306"}, {"v", "\u030C"},  {"H", "\u030B"},
    {"c", "\u0327"}, {"k", "\u0328"}, {"r", "\u030A"}, {"b", "\u0331"},  {"d", "\u0323"}};

template <typename Table>
bool Holds(const Table& table, std::string_view name) {
  return std::ranges::find(table, name) != std::end(table);
}

template <typename Table>
std::optional<std::string_view> ValueOf(const Table& table, std::string_view name) {
  for (const auto& [key, value] : table) {
    if (key == name) return value;
  }
  return std::nullopt;
}

int SilentArguments(std::string_view name) {
  for (const Arguments& row : kArguments) {
    if (row.name == name) return row.silent;
  }
  return 0;
}

bool IsLetter(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '@'; }
bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)); }

// The bytes behind the group that begins at `at` with `open`; the whole size when it is not closed.
size_t GroupEnd(std::string_view text, size_t at, char open, char close) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == open) {
      ++depth;
    } else if (text[at] == close && --depth == 0) {
      return at + 1;
    } else if (open == '[' && text[at] == '{') {
      at = GroupEnd(text, at, '{', '}') - 1;
    }
  }
  return text.size();
}

class Printer {
 public:
  // `inside` others.
  explicit Printer(std::string_view source, int inside = 0) : source_(source), inside_(inside) {}

  std::string Run() {
    const size_t body = source_.find("\\begin{document}");
    if (body != std::string_view::npos) {
      PrintTitle(source_.substr(0, body));
      at_ = body + 16;
      end_ = std::min(source_.find("\\end{document}", at_), source_.size());
    }
    while (at_ < end_) Step();
    return std::move(out_);
  }

 private:
  void PrintTitle(std::string_view preamble) {
    for (const std::string_view name : {"\\title", "\\subtitle", "\\author", "\\date"}) {
      const size_t found = preamble.find(name);
      if (found == std::string_view::npos) continue;
      size_t at = found + name.size();
      if (at < preamble.size() && preamble[at] == '[') at = GroupEnd(preamble, at, '[', ']');
      if (at >= preamble.size() || preamble[at] != '{') continue;
      Printer inner(preamble.substr(at, GroupEnd(preamble, at, '{', '}') - at), kDeepest);
      out_ += inner.Run() + "\n";
    }
  }

  void Step() {
    const char c = source_[at_];
    if (c == '%') {
      at_ = std::min(source_.find('\n', at_), end_);
    } else if (c == '$') {
      const std::string_view mark = source_.substr(at_, 2) == "$$" ? "$$" : "$";
      Raw(at_ + mark.size(), mark);
    } else if (c == '{') {
      groups_.push_back(false);
      ++at_;
    } else if (c == '}') {
      if (!groups_.empty()) {
        if (groups_.back()) out_.push_back(' ');
        groups_.pop_back();
      }
      ++at_;
    } else if (c == '\\') {
      Command();
    } else {
      out_.push_back(c == '~' || c == '&' ? ' ' : c);
      ++at_;
    }
  }

  // As it stands, up to `mark`.
  void Raw(size_t begin, std::string_view mark) {
    const size_t stop = std::min(source_.find(mark, begin), end_);
    out_ += ' ';
    out_.append(source_.substr(begin, stop - std::min(begin, stop)));
    out_ += ' ';
    at_ = std::min(stop + mark.size(), end_);
  }

  void Command() {
    size_t at = at_ + 1;
    while (at < end_ && IsLetter(source_[at])) ++at;
    if (at == at_ + 1) {
      Sign();
      return;
    }
    const std::string_view name = source_.substr(at_ + 1, at - at_ - 1);
    at_ = at;
    if (const auto letter = ValueOf(kLetters, name)) {
      out_.append(*letter);
      SkipSpace();
      if (source_.substr(at_, 2) == "{}") at_ += 2;
    } else if (const auto accent = name.size() == 1 ? ValueOf(kAccents, name) : std::nullopt) {
      Accent(*accent);
    } else if (name == "verb" || name == "lstinline") {
      if (at_ < end_ && source_[at_] == '*') ++at_;
      const std::string_view mark = Character();
      if (!mark.empty()) Raw(at_ + mark.size(), mark == "{" ? "}" : mark);
    } else if (name == "iffalse") {
      at_ = std::min(source_.find("\\fi", at_), end_);
    } else if (name == "begin") {
      Begin();
    } else if (name == "def" || name == "let") {
      at_ = std::min(source_.find('{', at_), end_);
      if (name == "def" && at_ < end_) at_ = std::min(GroupEnd(source_, at_, '{', '}'), end_);
    } else {
      Plain(name);
    }
  }

  // The one at the place, with all its bytes; "" at the end.
  std::string_view Character() const {
    size_t end = std::min(at_ + 1, end_);
    while (end < end_ && (static_cast<unsigned char>(source_[end]) & 0xC0) == 0x80) ++end;
    return source_.substr(at_, end - at_);
  }

  // A command of one sign: \\, \%, \'e, \(.
  void Sign() {
    ++at_;
    const std::string_view sign = Character();
    at_ += sign.size();
    if (const auto accent = ValueOf(kAccents, sign)) return Accent(*accent);
    if (sign == "(") return Raw(at_, "\\)");
    if (sign == "[") return Raw(at_, "\\]");
    if (sign == "-" || sign == "/") return;
    if (sign == "\\" && at_ < end_ && source_[at_] == '[') SkipGroup();
    out_.push_back(' ');
  }

  void Accent(std::string_view mark) {
    SkipSpace();
    const bool group = at_ < end_ && source_[at_] == '{';
    if (group) ++at_;
    if (source_.substr(at_, 2) == "\\i" || source_.substr(at_, 2) == "\\j") ++at_;
    if (at_ < end_ && source_[at_] != '}') {
      out_.push_back(source_[at_++]);
      while (at_ < end_ && (static_cast<unsigned char>(source_[at_]) & 0xC0) == 0x80) out_.push_back(source_[at_++]);
      out_.append(mark);
    }
    if (group && at_ < end_ && source_[at_] == '}') ++at_;
  }

  void Begin() {
    if (at_ >= end_ || source_[at_] != '{') return;
    const size_t stop = GroupEnd(source_, at_, '{', '}');
    const std::string name(source_.substr(at_ + 1, stop - at_ - std::min<size_t>(2, stop - at_)));
    at_ = std::min(stop, end_);
    out_.push_back(' ');
    const std::string end = "\\end{" + name + "}";
    if (Holds(kFormulas, name) || Holds(kVerbatim, name)) return Raw(at_, end);
    if (name == "comment") {
      at_ = std::min(source_.find(end, at_), end_);
      return;
    }
    const bool silent = Holds(kSilentEnvironments, name);
    while (at_ < end_ && (source_[at_] == '[' || (silent && source_[at_] == '{'))) SkipGroup();
  }

  void Plain(std::string_view name) {
    int silent = SilentArguments(name);
    const bool inside = Holds(kInside, name), defines = name.ends_with("command");
    if (at_ < end_ && source_[at_] == '*') ++at_;
    const size_t behind_name = at_;
    SkipSpace();
    if (!inside) out_.push_back(' ');
    while (at_ < end_) {
      if (source_[at_] == '[' && name == "item") {
        Label();
      } else if (source_[at_] == '[' && (at_ == behind_name || silent > 0)) {
        SkipGroup();
      } else if (source_[at_] == '{' && silent > 0) {
        SkipGroup();
        --silent;
      } else if (source_[at_] == '\\' && defines && silent > 0) {
        SkipName();
      } else {
        break;
      }
    }
    if (at_ < end_ && source_[at_] == '{') {
      groups_.push_back(!inside);
      ++at_;
    }
  }

  void Label() {
    const size_t stop = GroupEnd(source_, at_, '[', ']');
    if (inside_ < kDeepest) {
      out_ += Printer(source_.substr(at_ + 1, stop - at_ - std::min<size_t>(2, stop - at_)), inside_ + 1).Run() + " ";
    }
    at_ = std::min(stop, end_);
  }

  void SkipName() {
    ++at_;
    while (at_ < end_ && IsLetter(source_[at_])) ++at_;
  }

  void SkipGroup() {
    const char open = source_[at_];
    at_ = std::min(GroupEnd(source_, at_, open, open == '{' ? '}' : ']'), end_);
  }

  void SkipSpace() {
    while (at_ < end_ && (source_[at_] == ' ' || source_[at_] == '\t')) ++at_;
    if (at_ < end_ && source_[at_] == '\n' && source_.substr(at_, 2) != "\n\n") ++at_;
  }

  std::string_view source_;
  int inside_;
  size_t at_ = 0, end_ = source_.size();
  std::vector<bool> groups_;  // open ones; true where a word ends with it
  std::string out_;
};

bool IsLength(std::string_view group) {
  size_t at = 0;
  while (at < group.size() && (IsSpace(group[at]) || std::isdigit(static_cast<unsigned char>(group[at])) ||
                               group[at] == '.' || group[at] == '-' || group[at] == '!')) {
    ++at;
  }
  const std::string_view unit = group.substr(at);
  return at > 0 && (unit.empty() || unit.starts_with('\\') || unit.size() <= 2);
}

// How a command was written where it was skipped.
struct Use {
  bool optional = false;
  std::vector<std::string> groups;
};

// `\name*[..]{..}{..}`; nothing when there is no group.
std::optional<std::pair<std::string, Use>> ParseUse(std::string_view contents) {
  size_t at = 1;
  if (!contents.starts_with('\\')) return std::nullopt;
  while (at < contents.size() && IsLetter(contents[at])) ++at;
  if (at == 1) return std::nullopt;
  const std::string name(contents.substr(1, at - 1));
  Use use;
  while (at < contents.size()) {
    if (IsSpace(contents[at])) {
      ++at;
    } else if (contents[at] == '[') {
      use.optional = use.optional || use.groups.empty();
      at = GroupEnd(contents, at, '[', ']');
    } else if (contents[at] == '{') {
      const size_t stop = GroupEnd(contents, at, '{', '}');
      use.groups.emplace_back(contents.substr(at + 1, stop - at - std::min<size_t>(2, stop - at)));
      at = stop;
    } else {
      return std::nullopt;  // a star, which a definition made with \newcommand would take for the argument
    }
  }
  if (use.groups.empty()) return std::nullopt;
  return std::pair{name, std::move(use)};
}

}  // namespace

std::string LatexText(std::string_view source) {
  std::string text = Printer(source).Run();
  utf8proc_uint8_t* composed = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &composed, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (size >= 0) text.assign(reinterpret_cast<const char*>(composed), static_cast<size_t>(size));
  std::free(composed);
  return text;
}

SkippedCommands DefineSkipped(std::string_view log, const std::vector<std::string>& known) {
  SkippedCommands skipped;
  boost::system::error_code fault;
  const json::value entries = json::parse(log, fault, {}, {.max_depth = 64});
  if (fault || !entries.is_array()) return skipped;
  std::map<std::string, std::vector<Use>> uses;
  for (const json::value& entry : entries.get_array()) {
    const json::object* object = entry.if_object();
    const json::value* type = object ? object->if_contains("type") : nullptr;
    const json::value* contents = object ? object->if_contains("contents") : nullptr;
    if (!type || !type->is_string() || type->get_string() != "SkippedContent" || !contents || !contents->is_string())
      continue;
    auto use = ParseUse(std::string_view(contents->get_string()));
    if (!use || SilentArguments(use->first) == kAll || Holds(known, "\\" + use->first)) continue;
    uses[use->first].push_back(std::move(use->second));
  }
  for (const auto& [name, all] : uses) {
    size_t groups = kMostGroups - 1;
    bool optional = false;
    for (const Use& use : all) groups = std::min(groups, use.groups.size()), optional = optional || use.optional;
    std::string body;
    for (size_t i = static_cast<size_t>(SilentArguments(name)); i < groups; ++i) {
      const bool length = std::ranges::all_of(all, [&](const Use& use) { return IsLength(use.groups[i]); });
      if (length && groups > 1) continue;
      body += fmt::format("{}#{}", body.empty() ? "" : " ", i + 1 + optional);
    }
    if (body.empty()) continue;
    skipped.definitions +=
        fmt::format("\\newcommand{{\\{}}}[{}]{}{{{}}}\n", name, groups + optional, optional ? "[]" : "", body);
    skipped.names.push_back("\\" + name);
  }
  return skipped;
}

}  // namespace sheepop
