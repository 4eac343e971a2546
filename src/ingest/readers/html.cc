#include "ingest/readers/html.h"

#include <fmt/core.h>
#include <libxml/HTMLparser.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ingest/document.h"
#include "ingest/readers/html_markdown.h"
#include "ingest/readers/html_tree.h"

namespace sheepop {
namespace {

constexpr int kMaxDepth = 20'000;
constexpr double kMaxSeconds = 60;
constexpr size_t kChunkBytes = 16 << 10;
constexpr size_t kLargeBytes = 2 << 20;

double ThreadSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct DocumentDeleter {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
using HtmlTree = std::unique_ptr<xmlDoc, DocumentDeleter>;

struct ContextDeleter {
  void operator()(htmlParserCtxt* context) const {
    if (context->myDoc) xmlFreeDoc(context->myDoc);
    htmlFreeParserCtxt(context);
  }
};

// Fed in chunks, so that depth and time can be watched: closing tags that match nothing cost the parser a walk up its
// whole stack each, and a page can hold a million of them.
HtmlTree Parse(std::string_view utf8) {
  const std::unique_ptr<htmlParserCtxt, ContextDeleter> context(
      htmlCreatePushParserCtxt(nullptr, nullptr, nullptr, 0, nullptr, XML_CHAR_ENCODING_UTF8));
  if (!context) throw std::bad_alloc();
  htmlCtxtUseOptions(context.get(), HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                        HTML_PARSE_COMPACT | HTML_PARSE_IGNORE_ENC);
  // Without this libxml2 stops at 256 elements and says nothing; its HTML options have no name for it.
  context->options |= XML_PARSE_HUGE;
  const double begin = ThreadSeconds();
  for (size_t at = 0; at < utf8.size(); at += kChunkBytes) {
    const std::string_view chunk = utf8.substr(at, kChunkBytes);
    htmlParseChunk(context.get(), chunk.data(), static_cast<int>(chunk.size()), 0);
    if (context->nameNr > kMaxDepth) {
      throw Error(ErrorCategory::kLimit, "elements are nested deeper than {}", kMaxDepth);
    }
    if (ThreadSeconds() - begin > kMaxSeconds) {
      throw Error(ErrorCategory::kLimit, "its markup took more than {} s to read", kMaxSeconds);
    }
  }
  htmlParseChunk(context.get(), "", 0, 1);
  HtmlTree tree(context->myDoc);
  context->myDoc = nullptr;
  return tree;
}

// Writes text with the white space that its elements ask for.
class TextWriter {
 public:
  void Add(std::string_view text, bool preformatted) {
    if (preformatted) {
      Break();
      out_.append(text);
      return;
    }
    while (!text.empty()) {
      const size_t space = SpaceLength(text);
      if (space > 0) {
        space_ = true;
        text.remove_prefix(space);
        continue;
      }
      Break();
      out_.push_back(text.front());
      text.remove_prefix(1);
    }
  }
  // At least `newlines` line ends before the next text.
  void EndLine(int newlines) { newlines_ = std::max(newlines_, newlines); }
  // A line end that stands even when another follows, as <br> does.
  void AddNewline() { ++newlines_; }
  void Tab() { tab_ = true; }
  // Before the next text; what stands there already stays.
  void Prefix(std::string_view prefix) { prefix_ += prefix; }
  // As it stands, from the beginning of a line.
  void AddLines(std::string_view lines) {
    EndLine(2);
    Break();
    out_.append(lines.substr(0, lines.size() - lines.ends_with('\n')));
    EndLine(2);
  }
  // As it stands, in the line.
  void AddRaw(std::string_view text) {
    Break();
    out_.append(text);
  }
  std::string Take() {
    out_.push_back('\n');
    return std::move(out_);
  }

 private:
  // A no-break space in a page is layout, like the others.
  static size_t SpaceLength(std::string_view text) {
    const char c = text.front();
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f') return 1;
    return text.starts_with("\xC2\xA0") ? 2 : 0;
  }

  void Break() {
    if (newlines_ > 0 && !out_.empty()) {
      out_.append(static_cast<size_t>(std::min(newlines_, 2)), '\n');
    } else if (tab_ && !out_.empty()) {
      out_.push_back('\t');
    } else if (space_ && !out_.empty() && out_.back() != '\n') {
      out_.push_back(' ');
    }
    out_ += prefix_;
    prefix_.clear();
    newlines_ = 0;
    space_ = tab_ = false;
  }

  std::string out_, prefix_;
  int newlines_ = 0;
  bool space_ = false, tab_ = false;
};

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsParagraph(std::string_view name) {
  return IsOneOf(name, {"p",       "h1",   "h2",     "h3",     "h4",      "h5",       "h6",     "blockquote",
                        "pre",     "ul",   "ol",     "dl",     "table",   "hr",       "figure", "section",
                        "article", "main", "header", "footer", "address", "fieldset", "details"});
}

bool IsLine(std::string_view name) {
  return IsOneOf(name, {"div", "li", "tr", "dt", "dd", "option", "caption", "figcaption", "summary", "body", "center",
                        "form", "legend", "thead", "tbody", "aside", "nav"});
}

bool IsNoteLink(const xmlNode* node, std::string_view name) {
  return node->properties && HtmlAttribute(node, "class").find(name) != std::string::npos;
}

bool IsNoteMark(const xmlNode* node) {
  return IsNoteLink(node, "footnote-ref") || (node->properties && HtmlAttribute(node, "data-note") == "ref");
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

const xmlNode* Following(const xmlNode* node, const xmlNode* root, bool inside) {
  if (inside && node->type == XML_ELEMENT_NODE && node->children) return node->children;
  while (node != root && !node->next) node = node->parent;
  return node == root ? nullptr : node->next;
}

// The words below `root`, of which those below `without` are no part.
void AddWords(const xmlNode* root, const xmlNode* without, std::string& words) {
  for (const xmlNode* node = root; node;) {
    const bool element = node->type == XML_ELEMENT_NODE;
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) words += HtmlContent(node);
    if (element && (IsParagraph(HtmlName(node)) || IsLine(HtmlName(node)))) words += ' ';
    node = Following(node, root, element && node != without && !IsHiddenHtml(node));
  }
  words += ' ';
}

class Renderer {
 public:
  // `notes` is null where marks and notes are to be plain.
  Renderer(const HtmlNodes& nodes, HtmlPart part, const HtmlFootnotes* notes)
      : nodes_(nodes), part_(part), notes_(notes) {}

  HtmlText Render(const xmlNode* root) {
    HtmlText result;
    for (const xmlNode* node = root; node;) {
      const bool enter = Enter(node, result);
      if (enter && node->children) {
        node = node->children;
        continue;
      }
      if (enter) Leave(node);
      while (node && node != root && !node->next) {
        node = node->parent;
        Leave(node);
      }
      node = node == root ? nullptr : node->next;
    }
    result.text = writer_.Take();
    return result;
  }

 private:
  // False when the node and all below it are left out.
  bool Enter(const xmlNode* node, HtmlText& result) {
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
      std::string_view text = HtmlContent(node);
      if (std::exchange(labelled_, false))
        text.remove_prefix(std::min(text.find_first_not_of(".):] \n\t"), text.size()));
      writer_.Add(text, preformatted_ > 0);
      return true;
    }
    if (node->type != XML_ELEMENT_NODE) return false;
    const std::string_view name = HtmlName(node);
    if (IsHiddenHtml(node)) return false;
    if (part_ == HtmlPart::kMain && nodes_.IsNavigation(node)) {
      result.navigation_characters += nodes_.of(node).characters;
      AddWords(node, nullptr, result.navigation);
      return false;
    }
    if (name == "br") writer_.AddNewline();
    // pandoc's notes: the number at the place, and an arrow or, in books, the number back to it at the note, which in
    // Markdown has it as its label.
    if (name == "a" && IsNoteLink(node, "footnote-back")) {
      labelled_ = IsNumber(HtmlRawText(node)) && InLabelledNote(node);
      if (labelled_ || !IsNumber(HtmlRawText(node))) return false;
    }
    if (name == "a" && IsMark(node)) {
      writer_.Add("[", false);
      if (!LabelOfMark(node).empty()) writer_.AddRaw("^");
    }
    if (notes_ && EnterMarkdown(node, name)) return false;
    EndBlock(name);
    if (IsDataCell(node)) ++cells_;
    if (name == "td" || name == "th") writer_.Tab();
    if (name == "pre") ++preformatted_;
    if (name == "ul" || name == "ol") lists_.push_back(name == "ol" ? 1 : 0);
    const bool note = notes_ && !notes_->LabelOfNote(node).empty();
    if (note) writer_.Prefix(fmt::format("[^{}]: ", notes_->LabelOfNote(node)));
    if (name == "li" && !lists_.empty() && !note) {
      writer_.Prefix(Indent() + (lists_.back() ? fmt::format("{}. ", lists_.back()++) : "- "));
    }
    if (notes_ && cells_ == 0 && name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6') {
      writer_.Prefix(std::string(static_cast<size_t>(name[1] - '0'), '#') + " ");
    }
    return true;
  }

  bool InLabelledNote(const xmlNode* node) const {
    while (notes_ && node && notes_->LabelOfNote(node).empty()) node = node->parent;
    return notes_ && node;
  }

  bool IsMark(const xmlNode* node) const { return IsNoteMark(node) || !LabelOfMark(node).empty(); }

  std::string_view LabelOfMark(const xmlNode* node) const {
    return notes_ ? notes_->LabelOfMark(node) : std::string_view();
  }

  // Before an item: under the text of the item around it, which in Markdown says that it belongs there.
  std::string Indent() const {
    constexpr size_t kDeepest = 16;
    size_t spaces = 0;
    for (size_t i = 0; i + 1 < std::min(lists_.size(), kDeepest); ++i) spaces += notes_ && lists_[i] ? 3 : 2;
    return std::string(spaces, ' ');
  }

  // True when the element is written whole.
  bool EnterMarkdown(const xmlNode* node, std::string_view name) {
    if (name == "pre") {
      const std::string code = HtmlRawText(node);
      if (code.find_first_not_of(" \n\t") != std::string::npos)
        writer_.AddLines(FencedCode(code, HtmlCodeLanguage(node)));
      return true;
    }
    if (name == "code") {
      const std::string code = InlineCode(HtmlRawText(node));
      if (!code.empty()) writer_.AddRaw(code);
      return true;
    }
    return name == "table" && cells_ == 0 && WriteTable(node);
  }

  // False where it is no table of data: one that holds others, or texts.
  bool WriteTable(const xmlNode* table) {
    std::vector<std::vector<std::string>> rows;
    std::string caption;
    for (const xmlNode* node = Following(table, table, true); node;) {
      bool inside = true;
      if (node->type == XML_ELEMENT_NODE) {
        const std::string_view name = HtmlName(node);
        const bool cell = name == "td" || name == "th";
        if (name == "table" || name == "pre" || (cell && !IsDataCell(node))) return false;
        if (name == "tr") rows.emplace_back();
        if (name == "caption") caption = CellText(node);
        if (cell && !rows.empty()) {
          rows.back().push_back(CellText(node));
          const int span = std::atoi(HtmlAttribute(node, "colspan").c_str());
          for (int i = 1; i < std::min(span, 100); ++i) rows.back().emplace_back();
        }
        inside = !cell && name != "caption";
        if (cell && (FindHtml(node, "table") || FindHtml(node, "pre"))) return false;
      }
      node = Following(node, table, inside);
    }
    std::erase_if(rows, [](const auto& row) { return row.empty(); });
    if (rows.empty()) return false;
    if (!caption.empty()) writer_.AddLines(caption);
    writer_.AddLines(MarkdownTable(rows));
    return true;
  }

  std::string CellText(const xmlNode* cell) const {
    Renderer inner(nodes_, part_, notes_);
    inner.cells_ = 1;
    std::string text = inner.Render(cell).text;
    while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
    return text.substr(std::min(text.find_first_not_of(" \n\t"), text.size()));
  }

  void Leave(const xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE) return;
    const std::string_view name = HtmlName(node);
    if ((name == "ul" || name == "ol") && !lists_.empty()) lists_.pop_back();
    if (name == "pre") --preformatted_;
    if (name == "a" && IsMark(node)) writer_.Add("]", false);
    EndBlock(name);
    if (IsDataCell(node)) --cells_;
  }

  void EndBlock(std::string_view name) {
    if (cells_ > 0) {
      if (IsParagraph(name) || IsLine(name)) writer_.Add(" ", false);
      return;
    }
    if (IsParagraph(name)) writer_.EndLine(lists_.empty() || !IsOneOf(name, {"p", "ul", "ol"}) ? 2 : 1);
    if (IsLine(name)) writer_.EndLine(1);
  }

  // What is longer is no cell of a table: old pages put their whole text into one.
  bool IsDataCell(const xmlNode* node) const {
    constexpr uint64_t kLongestCell = 200;
    const std::string_view name = HtmlName(node);
    return (name == "td" || name == "th") && nodes_.of(node).characters <= kLongestCell;
  }

  const HtmlNodes& nodes_;
  HtmlPart part_;
  const HtmlFootnotes* notes_;  // with it the text is Markdown
  TextWriter writer_;
  int preformatted_ = 0;
  int cells_ = 0;           // table cells around the place
  bool labelled_ = false;   // behind a note's number that stands in its label: what follows it there goes too
  std::vector<int> lists_;  // next number, 0 in an unordered list
};

std::string Title(const xmlNode* root) {
  const xmlNode* title = FindHtml(root, "title");
  if (!title || !title->children) return "";
  TextWriter writer;
  writer.Add(HtmlContent(title->children), false);
  std::string text = writer.Take();
  text.pop_back();
  return text;
}

}  // namespace

HtmlText HtmlToText(std::string_view utf8, HtmlPart part, HtmlStyle style) {
  // A tree takes ten times the bytes of its page, so of large ones there is one at a time.
  static std::mutex large;
  const std::unique_lock lock = utf8.size() > kLargeBytes ? std::unique_lock(large) : std::unique_lock<std::mutex>();
  const HtmlTree tree = Parse(utf8);
  const xmlNode* root = tree ? xmlDocGetRootElement(tree.get()) : nullptr;
  if (!root) return {};
  const HtmlNodes nodes(root);
  const xmlNode* body = part == HtmlPart::kMain ? nodes.MainRoot(root) : root;
  const std::optional<HtmlFootnotes> notes =
      style == HtmlStyle::kMarkdown ? std::optional<HtmlFootnotes>(root) : std::nullopt;
  HtmlText result = Renderer(nodes, part, notes ? &*notes : nullptr).Render(body);
  if (part == HtmlPart::kMain && body != root) {
    const uint64_t all = nodes.of(root).characters, kept = nodes.of(body).characters;
    result.navigation_characters += all - kept;
    AddWords(root, body, result.navigation);
  }
  result.title = Title(root);
  return result;
}

std::string DeclaredHtmlEncoding(std::string_view head) {
  std::string lower(head.substr(0, 4096));
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  size_t at = lower.find("charset=");
  size_t skip = 8;
  if (at == std::string::npos && lower.starts_with("<?xml")) {
    at = lower.substr(0, lower.find("?>")).find("encoding=");
    skip = 9;
  }
  if (at == std::string::npos) return "";
  at = lower.find_first_not_of("\"' ", at + skip);
  if (at == std::string::npos) return "";
  return lower.substr(at, std::min<size_t>(lower.find_first_of("\"' />;?\r\n", at) - at, 40));
}

}  // namespace sheepop
