// The tree of an XML document, to be changed and written again: the parts of office files.
#pragma once

#include <libxml/tree.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop {

class XmlTree {
 public:
  // As much of it as can be read: of a damaged one what stands before the damage, and what can be made out behind it.
  // None when nothing can, or when it is nested too deep for a tree (256 elements) or larger than 64 MiB.
  static std::optional<XmlTree> Parse(const std::string& xml);

  xmlNode* root() const;
  const std::string& damage() const { return damage_; }  // "line 7: ...", or "" for sound XML
  std::string Write() const;

  // All elements with one of these local names, in the order of the document. Pointers stay good until removed.
  std::vector<xmlNode*> Find(std::initializer_list<std::string_view> names) const;

 private:
  struct Deleter {
    void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
  };
  std::unique_ptr<xmlDoc, Deleter> document_;
  std::string damage_;
};

// Without the prefix.
std::string_view LocalName(const xmlNode* node);
bool IsElement(const xmlNode* node, std::initializer_list<std::string_view> names);

// The nearest element around `node` with one of these names, or null.
xmlNode* ElementAround(const xmlNode* node, std::initializer_list<std::string_view> names);

// The first element below `node` with that name, or null.
xmlNode* FirstBelow(xmlNode* node, std::string_view name);

void RemoveNode(xmlNode* node);

// Its children take its place.
void UnwrapNode(xmlNode* node);

// The paragraphs, lists and tables in it stand behind `place` then; returns the last of them, or `place`.
xmlNode* MoveChildrenBehind(xmlNode* node, xmlNode* place);

}  // namespace sheepop
