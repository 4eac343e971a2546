#include "ingest/readers/xml_tree.h"

#include <fmt/core.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include <algorithm>

#include "base/utf8.h"

namespace sheepop {
namespace {

constexpr size_t kMostBytes = 64 << 20;

// The node behind `node` in the order of the document, below `root`.
xmlNode* Next(xmlNode* node, const xmlNode* root) {
  if (node->type == XML_ELEMENT_NODE && node->children) return node->children;
  while (node != root && !node->next) node = node->parent;
  return node == root ? nullptr : node->next;
}

// Where a node has moved, the element that declared its namespace may be none of those around it any more, and go.
void KeepNamespaces(xmlNode* moved) {
  if (moved && moved->type == XML_ELEMENT_NODE) xmlReconciliateNs(moved->doc, moved);
}

std::string InOneLine(const xmlError* error) {
  std::string words = ToValidUtf8(error->message ? error->message : "unknown fault");
  words.resize(std::min(words.find('\n'), words.size()));
  return fmt::format("line {}: {}", error->line, words);
}

}  // namespace

std::optional<XmlTree> XmlTree::Parse(const std::string& xml) {
  if (xml.size() > kMostBytes) return std::nullopt;
  struct ContextDeleter {
    void operator()(xmlParserCtxt* context) const { xmlFreeParserCtxt(context); }
  };
  const std::unique_ptr<xmlParserCtxt, ContextDeleter> context(xmlNewParserCtxt());
  if (!context) throw std::bad_alloc();
  XmlTree tree;
  tree.document_.reset(
      xmlCtxtReadMemory(context.get(), xml.data(), static_cast<int>(xml.size()), nullptr, nullptr,
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_RECOVER));
  if (!tree.document_ || !xmlDocGetRootElement(tree.document_.get())) return std::nullopt;
  if (!context->wellFormed) {
    const xmlError* error = xmlCtxtGetLastError(context.get());
    if (error && error->code == XML_ERR_INTERNAL_ERROR) return std::nullopt;  // a bound of the parser's
    tree.damage_ = error ? InOneLine(error) : "not well-formed";
  }
  return tree;
}

xmlNode* XmlTree::root() const { return xmlDocGetRootElement(document_.get()); }

std::string XmlTree::Write() const {
  xmlChar* bytes = nullptr;
  int size = 0;
  xmlDocDumpMemoryEnc(document_.get(), &bytes, &size, "UTF-8");
  if (!bytes) throw std::bad_alloc();
  std::string xml(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  xmlFree(bytes);
  return xml;
}

std::vector<xmlNode*> XmlTree::Find(std::initializer_list<std::string_view> names) const {
  std::vector<xmlNode*> found;
  for (xmlNode* node = root(); node; node = Next(node, root())) {
    if (IsElement(node, names)) found.push_back(node);
  }
  return found;
}

std::string_view LocalName(const xmlNode* node) { return reinterpret_cast<const char*>(node->name); }

bool IsElement(const xmlNode* node, std::initializer_list<std::string_view> names) {
  return node->type == XML_ELEMENT_NODE && std::ranges::find(names, LocalName(node)) != names.end();
}

xmlNode* ElementAround(const xmlNode* node, std::initializer_list<std::string_view> names) {
  for (xmlNode* up = node->parent; up && up->type == XML_ELEMENT_NODE; up = up->parent) {
    if (IsElement(up, names)) return up;
  }
  return nullptr;
}

xmlNode* FirstBelow(xmlNode* node, std::string_view name) {
  for (xmlNode* below = Next(node, node); below; below = Next(below, node)) {
    if (IsElement(below, {name})) return below;
  }
  return nullptr;
}

void RemoveNode(xmlNode* node) {
  xmlUnlinkNode(node);
  xmlFreeNode(node);
}

void UnwrapNode(xmlNode* node) {
  while (xmlNode* child = node->children) {
    xmlUnlinkNode(child);
    // Text that comes beside text is joined with it, and its node is gone.
    KeepNamespaces(xmlAddPrevSibling(node, child));
  }
  RemoveNode(node);
}

xmlNode* MoveChildrenBehind(xmlNode* node, xmlNode* place) {
  for (xmlNode* child = node->children; child;) {
    xmlNode* next = child->next;
    if (IsElement(child, {"p", "h", "list", "table", "tbl", "sdt"})) {
      xmlUnlinkNode(child);
      place = xmlAddNextSibling(place, child);
      KeepNamespaces(place);
    }
    child = next;
  }
  return place;
}

}  // namespace sheepop
