// What the tree of a page says about its parts: which hold text, which only lead elsewhere.
#pragma once

#include <libxml/tree.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sheepop {

std::string_view HtmlName(const xmlNode* node);                       // of an element, lower case
std::string_view HtmlContent(const xmlNode* node);                    // of a text node
std::string HtmlAttribute(const xmlNode* element, const char* name);  // in lower case, "" when absent
bool IsHiddenHtml(const xmlNode* node);                               // scripts, styles, templates, hidden elements
const xmlNode* FindHtml(const xmlNode* root, std::string_view name);  // the first element of that name, or null

struct HtmlCounts {
  uint64_t characters = 0;       // of shown text below the node, white space not counted
  uint64_t link_characters = 0;  // of those, the ones in links
  uint32_t links = 0;
};

class HtmlNodes {
 public:
  explicit HtmlNodes(const xmlNode* root);  // walks the tree once; `root` must outlive this

  const HtmlCounts& of(const xmlNode* element) const;

  // The element that holds what the page is about: its one main or article when that holds enough, else the body.
  const xmlNode* MainRoot(const xmlNode* root) const;

  // By element (nav, footer), role, class or id, or because nearly all its text is links.
  bool IsNavigation(const xmlNode* element) const;

 private:
  std::unordered_map<const xmlNode*, HtmlCounts> counts_;
  uint64_t all_ = 0;
};

}  // namespace sheepop
