// What HTML says about the role of its parts, as Markdown (CommonMark, with the tables and footnotes of GitHub's).
#pragma once

#include <libxml/tree.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sheepop {

// Between fences longer than any run of backquotes inside.
std::string CodeFence(std::string_view code);
std::string FencedCode(std::string_view code, std::string_view language);  // ends with a line end
std::string InlineCode(std::string_view code);                             // in one line

// Rows of cells as lines "| a | b |"; the first is the heading, rows that are shorter are filled. Ends with a line end.
std::string MarkdownTable(const std::vector<std::vector<std::string>>& rows);

// The text below an element as it stands, without what is hidden; <br> is a line end.
std::string HtmlRawText(const xmlNode* element);

// The language that a class of a <pre> or of the <code> in it names, or "".
std::string HtmlCodeLanguage(const xmlNode* pre);

// Marks in the text and the notes they lead to, each under one label.
class HtmlFootnotes {
 public:
  explicit HtmlFootnotes(const xmlNode* root);

  // The label of a link that is a note's mark, or of an element that is a note; "" for others.
  std::string_view LabelOfMark(const xmlNode* element) const;
  std::string_view LabelOfNote(const xmlNode* element) const;

 private:
  std::unordered_map<const xmlNode*, std::string> marks_, notes_;
};

}  // namespace sheepop
