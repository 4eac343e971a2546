#include "ingest/readers/html_markdown.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "ingest/readers/html_tree.h"

namespace sheepop {
namespace {

constexpr size_t kLongestLabel = 40;

// The node behind `node` in the order of the page, below `root`; past what is below it where `inside` is false.
const xmlNode* Next(const xmlNode* node, const xmlNode* root, bool inside = true) {
  if (inside && node->type == XML_ELEMENT_NODE && node->children) return node->children;
  while (node != root && !node->next) node = node->parent;
  return node == root ? nullptr : node->next;
}

bool IsMark(const xmlNode* node) {
  return HtmlName(node) == "a" && node->properties &&
         (HtmlAttribute(node, "class").find("footnote-ref") != std::string::npos ||
          HtmlAttribute(node, "role") == "doc-noteref" || HtmlAttribute(node, "data-note") == "ref");
}

std::string Label(const xmlNode* mark) {
  std::string label;
  for (const char c : HtmlRawText(mark)) {
    const bool plain = static_cast<unsigned char>(c) > 0x20 && c != '[' && c != ']' && c != '^';
    if (plain && label.size() < kLongestLabel) label.push_back(c);
  }
  return label;
}

}  // namespace

std::string CodeFence(std::string_view code) {
  size_t longest = 2, run = 0;
  for (const char c : code) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(longest + 1, '`');
}

std::string FencedCode(std::string_view code, std::string_view language) {
  while (code.ends_with('\n')) code.remove_suffix(1);
  if (code.starts_with('\n')) code.remove_prefix(1);
  const std::string fence = CodeFence(code);
  return fmt::format("{0}{1}\n{2}\n{0}\n", fence, language, code);
}

std::string InlineCode(std::string_view code) {
  std::string line(code);
  std::ranges::replace(line, '\n', ' ');
  const size_t first = line.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  line = line.substr(first, line.find_last_not_of(' ') + 1 - first);
  const bool holds = line.find('`') != std::string::npos;
  const std::string fence = holds ? CodeFence(line) : "`", space = holds ? " " : "";
  return fmt::format("{0}{1}{2}{1}{0}", fence, space, line);
}

std::string MarkdownTable(const std::vector<std::vector<std::string>>& rows) {
  size_t columns = 0;
  for (const auto& row : rows) columns = std::max(columns, row.size());
  std::string table;
  for (size_t r = 0; r < rows.size(); ++r) {
    table += "|";
    for (size_t c = 0; c < columns; ++c) {
      std::string cell = c < rows[r].size() ? rows[r][c] : "";
      for (size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2) cell.insert(at, 1, '\\');
      std::ranges::replace(cell, '\n', ' ');
      table.append(" ").append(cell).append(" |");
    }
    table += "\n";
    if (r > 0) continue;
    table += "|";
    for (size_t c = 0; c < columns; ++c) table += " --- |";
    table += "\n";
  }
  return table;
}

std::string HtmlRawText(const xmlNode* element) {
  std::string text;
  for (const xmlNode* node = Next(element, element); node;) {
    const bool shown = node->type != XML_ELEMENT_NODE || !IsHiddenHtml(node);
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) text += HtmlContent(node);
    if (node->type == XML_ELEMENT_NODE && HtmlName(node) == "br") text += '\n';
    node = Next(node, element, shown);
  }
  return text;
}

std::string HtmlCodeLanguage(const xmlNode* pre) {
  const xmlNode* code = FindHtml(pre, "code");
  for (const xmlNode* node : {pre, code}) {
    if (!node || !node->properties) continue;
    std::string names = HtmlAttribute(node, "class") + " ";
    for (size_t at = 0; at < names.size();) {
      const size_t end = names.find(' ', at);
      std::string name = names.substr(at, end - at);
      at = end + 1;
      for (const std::string_view prefix : {"language-", "lang-", "highlight-source-"}) {
        if (name.starts_with(prefix)) return name.substr(prefix.size());
      }
      // pandoc: class="sourceCode python"
      const bool pandoc = names.starts_with("sourcecode ");
      if (pandoc && name != "sourcecode" && !name.empty() && name.find_first_of("`\n\r") == std::string::npos)
        return name;
    }
  }
  return "";
}

HtmlFootnotes::HtmlFootnotes(const xmlNode* root) {
  std::unordered_map<std::string, std::string> labels;  // by the id that marks lead to
  std::set<std::string> taken;
  for (const xmlNode* node = root; node; node = Next(node, root)) {
    if (node->type != XML_ELEMENT_NODE || !IsMark(node)) continue;
    const std::string target = HtmlAttribute(node, "href");
    if (target.size() < 2 || target[0] != '#') continue;
    auto [found, fresh] = labels.try_emplace(target.substr(1), "");
    if (fresh) {
      const std::string label = Label(node), first = label.empty() ? "note" : label;
      found->second = first;
      for (size_t n = 2; !taken.insert(found->second).second; ++n) found->second = first + "-" + std::to_string(n);
    }
    marks_[node] = found->second;
  }
  if (labels.empty()) return;
  for (const xmlNode* node = root; node; node = Next(node, root)) {
    if (node->type != XML_ELEMENT_NODE || !node->properties || marks_.contains(node)) continue;
    const auto found = labels.find(HtmlAttribute(node, "id"));
    if (found != labels.end()) notes_.emplace(node, found->second);
  }
  // A mark without a note stays what it is in plain text.
  std::set<std::string_view> noted;
  for (const auto& [node, label] : notes_) noted.insert(label);
  std::erase_if(marks_, [&](const auto& mark) { return !noted.contains(mark.second); });
}

std::string_view HtmlFootnotes::LabelOfMark(const xmlNode* element) const {
  const auto found = marks_.find(element);
  return found == marks_.end() ? std::string_view() : found->second;
}

std::string_view HtmlFootnotes::LabelOfNote(const xmlNode* element) const {
  const auto found = notes_.find(element);
  return found == notes_.end() ? std::string_view() : found->second;
}

}  // namespace sheepop
