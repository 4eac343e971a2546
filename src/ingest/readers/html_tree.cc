#include "ingest/readers/html_tree.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>

namespace sheepop {
namespace {

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool HasAttribute(const xmlNode* node, std::string_view name) {
  for (const xmlAttr* attribute = node->properties; attribute; attribute = attribute->next) {
    if (std::string_view(reinterpret_cast<const char*>(attribute->name)) == name) return true;
  }
  return false;
}

// Words of class names and ids that say what an element is for.
bool NamesNavigation(const std::string& names) {
  std::string word;
  for (size_t i = 0; i <= names.size(); ++i) {
    if (i < names.size() && std::isalnum(static_cast<unsigned char>(names[i]))) {
      word.push_back(names[i]);
      continue;
    }
    if (IsOneOf(word, {"nav",        "navbar",      "navigation", "navbox",   "menu",       "menubar", "sidebar",
                       "breadcrumb", "breadcrumbs", "cookie",     "cookies",  "banner",     "advert",  "advertisement",
                       "ads",        "social",      "share",      "sharing",  "newsletter", "popup",   "modal",
                       "footer",     "pagination",  "masthead",   "skiplink", "toolbar"})) {
      return true;
    }
    word.clear();
  }
  return false;
}

uint64_t CountText(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return !std::isspace(static_cast<unsigned char>(c)) && (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool InsideOf(const xmlNode* node, std::initializer_list<std::string_view> names) {
  for (const xmlNode* up = node->parent; up && up->type == XML_ELEMENT_NODE; up = up->parent) {
    if (IsOneOf(HtmlName(up), names)) return true;
  }
  return false;
}

bool IsMain(const xmlNode* node) {
  return HtmlName(node) == "main" || (node->properties && HtmlAttribute(node, "role") == "main");
}

}  // namespace

std::string_view HtmlName(const xmlNode* node) { return reinterpret_cast<const char*>(node->name); }

std::string_view HtmlContent(const xmlNode* node) {
  return node->content ? std::string_view(reinterpret_cast<const char*>(node->content)) : std::string_view();
}

std::string HtmlAttribute(const xmlNode* element, const char* name) {
  for (const xmlAttr* attribute = element->properties; attribute; attribute = attribute->next) {
    if (std::string_view(reinterpret_cast<const char*>(attribute->name)) != name) continue;
    if (!attribute->children) return "";
    std::string value(HtmlContent(attribute->children));
    for (char& c : value) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return value;
  }
  return "";
}

bool IsHiddenHtml(const xmlNode* node) {
  if (IsOneOf(HtmlName(node), {"script", "style", "template", "head", "svg", "iframe", "object", "canvas", "noscript",
                               "select", "textarea", "button", "datalist", "audio", "video"})) {
    return true;
  }
  if (!node->properties) return false;
  if (HasAttribute(node, "hidden")) return true;
  const std::string style = HtmlAttribute(node, "style");
  return style.find("display:none") != std::string::npos || style.find("display: none") != std::string::npos;
}

const xmlNode* FindHtml(const xmlNode* root, std::string_view name) {
  for (const xmlNode* node = root; node;) {
    if (node->type == XML_ELEMENT_NODE && HtmlName(node) == name) return node;
    if (node->children && node->type == XML_ELEMENT_NODE) {
      node = node->children;
      continue;
    }
    while (node != root && !node->next) node = node->parent;
    node = node == root ? nullptr : node->next;
  }
  return nullptr;
}

HtmlNodes::HtmlNodes(const xmlNode* root) {
  int links = 0;
  const auto leave = [&](const xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE) return;
    const bool is_link = HtmlName(node) == "a" && HasAttribute(node, "href");
    links -= is_link;
    if (node == root || !node->parent) return;
    const HtmlCounts& mine = counts_[node];
    HtmlCounts& above = counts_[node->parent];
    above.characters += mine.characters;
    above.link_characters += mine.link_characters;
    above.links += mine.links + is_link;
  };
  for (const xmlNode* node = root; node;) {
    bool enter = false;
    if (node->type == XML_ELEMENT_NODE) {
      counts_[node];
      enter = !IsHiddenHtml(node);
      links += HtmlName(node) == "a" && HasAttribute(node, "href");
    } else if ((node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && node->parent) {
      const uint64_t characters = CountText(HtmlContent(node));
      HtmlCounts& above = counts_[node->parent];
      above.characters += characters;
      if (links > 0) above.link_characters += characters;
    }
    if (enter && node->children) {
      node = node->children;
      continue;
    }
    leave(node);
    while (node != root && !node->next) {
      node = node->parent;
      leave(node);
    }
    node = node == root ? nullptr : node->next;
  }
  all_ = counts_[root].characters;
}

const HtmlCounts& HtmlNodes::of(const xmlNode* element) const {
  static const HtmlCounts none;
  const auto found = counts_.find(element);
  return found == counts_.end() ? none : found->second;
}

const xmlNode* HtmlNodes::MainRoot(const xmlNode* root) const {
  const xmlNode *main = nullptr, *article = nullptr;
  size_t mains = 0, articles = 0;
  for (const xmlNode* node = root; node;) {
    if (node->type == XML_ELEMENT_NODE && IsMain(node)) main = node, ++mains;
    if (node->type == XML_ELEMENT_NODE && HtmlName(node) == "article") article = node, ++articles;
    if (node->children && node->type == XML_ELEMENT_NODE) {
      node = node->children;
      continue;
    }
    while (node != root && !node->next) node = node->parent;
    node = node == root ? nullptr : node->next;
  }
  if (mains == 1 && of(main).characters * 4 >= all_) return main;
  if (articles == 1 && of(article).characters * 2 >= all_) return article;
  return root;
}

bool HtmlNodes::IsNavigation(const xmlNode* element) const {
  const std::string_view name = HtmlName(element);
  if (IsOneOf(name, {"html", "body", "main", "article"})) return false;
  const HtmlCounts& counts = of(element);
  // What holds a third of the page is the page, whatever it is called.
  const bool small = counts.characters * 3 < all_;
  if (name == "nav") return true;
  if (IsOneOf(name, {"footer", "aside"})) return small;
  if (name == "header")
    return small && !InsideOf(element, {"main", "article"}) && counts.link_characters * 3 > counts.characters;
  if (!IsOneOf(name, {"div", "section", "ul", "ol", "table", "td", "p", "dl", "span", "form"})) return false;
  if (element->properties && small) {
    if (IsOneOf(HtmlAttribute(element, "role"),
                {"navigation", "banner", "contentinfo", "search", "complementary", "menu"})) {
      return true;
    }
    if (NamesNavigation(HtmlAttribute(element, "class") + " " + HtmlAttribute(element, "id"))) return true;
  }
  return small && counts.links >= 4 && counts.link_characters * 10 > counts.characters * 8;
}

}  // namespace sheepop
