#include "ingest/readers/html.h"

#include <libxml/HTMLparser.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "ingest/document.h"
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
  void Prefix(std::string prefix) { prefix_ = std::move(prefix); }
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

class Renderer {
 public:
  Renderer(const HtmlNodes& nodes, HtmlPart part) : nodes_(nodes), part_(part) {}

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
      writer_.Add(HtmlContent(node), preformatted_ > 0);
      return true;
    }
    if (node->type != XML_ELEMENT_NODE) return false;
    const std::string_view name = HtmlName(node);
    if (IsHiddenHtml(node)) return false;
    if (part_ == HtmlPart::kMain && nodes_.IsNavigation(node)) {
      result.navigation_characters += nodes_.of(node).characters;
      return false;
    }
    if (name == "br") writer_.AddNewline();
    // pandoc's notes: the number at the place, and an arrow back to it at the note.
    if (name == "a" && IsNoteLink(node, "footnote-back")) return false;
    if (name == "a" && IsNoteMark(node)) writer_.Add("[", false);
    EndBlock(name);
    if (IsDataCell(node)) ++cells_;
    if (name == "td" || name == "th") writer_.Tab();
    if (name == "pre") ++preformatted_;
    if (name == "ul" || name == "ol") lists_.push_back(name == "ol" ? 1 : 0);
    if (name == "li" && !lists_.empty()) {
      const std::string indent(2 * (std::min<size_t>(lists_.size(), 16) - 1), ' ');
      writer_.Prefix(indent + (lists_.back() ? fmt::format("{}. ", lists_.back()++) : "- "));
    }
    return true;
  }

  void Leave(const xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE) return;
    const std::string_view name = HtmlName(node);
    if ((name == "ul" || name == "ol") && !lists_.empty()) lists_.pop_back();
    if (name == "pre") --preformatted_;
    if (name == "a" && IsNoteMark(node)) writer_.Add("]", false);
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
  TextWriter writer_;
  int preformatted_ = 0;
  int cells_ = 0;           // table cells around the place
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

HtmlText HtmlToText(std::string_view utf8, HtmlPart part) {
  // A tree takes ten times the bytes of its page, so of large ones there is one at a time.
  static std::mutex large;
  const std::unique_lock lock = utf8.size() > kLargeBytes ? std::unique_lock(large) : std::unique_lock<std::mutex>();
  const HtmlTree tree = Parse(utf8);
  const xmlNode* root = tree ? xmlDocGetRootElement(tree.get()) : nullptr;
  if (!root) return {};
  const HtmlNodes nodes(root);
  const xmlNode* body = part == HtmlPart::kMain ? nodes.MainRoot(root) : root;
  HtmlText result = Renderer(nodes, part).Render(body);
  if (part == HtmlPart::kMain && body != root) {
    const uint64_t all = nodes.of(root).characters, kept = nodes.of(body).characters;
    result.navigation_characters += all - kept;
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
