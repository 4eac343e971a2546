#include "ingest/readers/office_parts.h"

#include <fmt/core.h>

#include <map>
#include <optional>
#include <utility>

#include "ingest/readers/xml_tree.h"

namespace sheepop {
namespace {

// Edits of one part, counted.
class Editor {
 public:
  explicit Editor(XmlTree tree) : tree_(std::move(tree)) {}

  void Unwrap(std::initializer_list<std::string_view> names) {
    for (xmlNode* node : tree_.Find(names)) {
      UnwrapNode(node);
      ++edits_;
    }
  }

  void Remove(std::initializer_list<std::string_view> names) {
    for (xmlNode* node : tree_.Find(names)) {
      bool inside = false;  // of another one, which takes it along
      for (const xmlNode* up = node->parent; up && !inside; up = up->parent) inside = IsElement(up, names);
      if (!inside) doomed_.push_back(node);
    }
    for (xmlNode* node : doomed_) RemoveNode(node);
    edits_ += doomed_.size();
    doomed_.clear();
  }

  // The paragraphs of each box behind the paragraph that it is anchored in, in the order of the boxes, or behind what frames it
  // where that stands between paragraphs.
  void MoveBoxes(std::initializer_list<std::string_view> boxes, std::initializer_list<std::string_view> paragraphs,
                 std::initializer_list<std::string_view> frames) {
    std::map<xmlNode*, xmlNode*> behind;  // an anchor, and the last that was moved there
    for (xmlNode* box : tree_.Find(boxes)) {
      if (!box->children || ElementAround(box, {"annotation"})) continue;
      xmlNode* anchor = ElementAround(box, paragraphs);
      if (!anchor) anchor = ElementAround(box, frames);  // which stands between paragraphs itself
      if (!anchor) continue;
      const auto place = behind.emplace(anchor, anchor).first;
      place->second = MoveChildrenBehind(box, place->second);
      ++moved_;
    }
    edits_ += moved_;
    if (moved_ > 0) Note(fmt::format("text of {} boxes put behind the paragraphs that they are anchored in", moved_));
  }

  const XmlTree& tree() const { return tree_; }
  void Edited(size_t edits) { edits_ += edits; }
  void Note(std::string note) { notes_.push_back(std::move(note)); }
  size_t moved() const { return moved_; }

  OfficePart Finish(std::string original, std::string_view name) {
    OfficePart part{std::move(original), std::move(notes_)};
    if (!tree_.damage().empty()) {
      part.notes.push_back(fmt::format("{} is damaged, what can be made out is kept: {}", name, tree_.damage()));
    }
    if (edits_ > 0 || !tree_.damage().empty()) part.xml = tree_.Write();
    return part;
  }

 private:
  XmlTree tree_;
  std::vector<xmlNode*> doomed_;
  std::vector<std::string> notes_;
  size_t edits_ = 0, moved_ = 0;
};

// Of two forms of a drawing one stands for programs that do not know the other; each with its own copy of the text.
void ChooseAlternatives(Editor& editor) {
  while (true) {
    std::vector<xmlNode*> outermost;  // what lies in one goes with it, or is seen the next time
    for (xmlNode* alternatives : editor.tree().Find({"AlternateContent"})) {
      const bool inner = ElementAround(alternatives, {"AlternateContent"});
      if (!inner && FirstBelow(alternatives, "txbxContent")) outermost.push_back(alternatives);
    }
    for (xmlNode* alternatives : outermost) {
      xmlNode* chosen = alternatives->children;
      while (!IsElement(chosen, {"txbxContent"}) &&
             (chosen->type != XML_ELEMENT_NODE || !FirstBelow(chosen, "txbxContent"))) {
        chosen = chosen->next;
      }
      for (xmlNode* form = alternatives->children; form;) {
        xmlNode* next = form->next;
        if (form != chosen) RemoveNode(form);
        form = next;
      }
      UnwrapNode(chosen);
      UnwrapNode(alternatives);
    }
    editor.Edited(outermost.size());
    if (outermost.empty()) return;
  }
}

// A word with its reading above becomes the word.
void KeepRubyBases(Editor& editor) {
  std::vector<xmlNode*> rubies = editor.tree().Find({"ruby"});
  std::erase_if(rubies, [](const xmlNode* ruby) { return ElementAround(ruby, {"ruby"}) != nullptr; });
  for (xmlNode* ruby : rubies) {
    std::string text;
    xmlNode* base = FirstBelow(ruby, "rubyBase");
    for (xmlNode* run = base ? base->children : nullptr; run; run = run->next) {
      for (xmlNode* part = run->children; part; part = part->next) {
        if (!IsElement(part, {"t"})) continue;
        xmlChar* content = xmlNodeGetContent(part);
        text += reinterpret_cast<const char*>(content);
        xmlFree(content);
      }
    }
    xmlNode* plain = xmlNewNode(ruby->ns, reinterpret_cast<const xmlChar*>("t"));
    xmlNodeAddContentLen(plain, reinterpret_cast<const xmlChar*>(text.data()), static_cast<int>(text.size()));
    xmlNodeSetSpacePreserve(plain, 1);
    xmlAddPrevSibling(ruby, plain);
    xmlReconciliateNs(plain->doc, plain);
    RemoveNode(ruby);
  }
  editor.Edited(rubies.size());
  if (!rubies.empty())
    editor.Note(fmt::format("{} readings above words (ruby) left out, the words kept", rubies.size()));
}

// OpenDocument has some eighty kinds of field, each an element around what it shows.
void UnwrapFields(Editor& editor) {
  constexpr std::string_view kText = "urn:oasis:names:tc:opendocument:xmlns:text:1.0";
  std::vector<xmlNode*> fields;
  for (xmlNode* paragraph : editor.tree().Find({"p", "h"})) {
    for (xmlNode* node = paragraph->children; node;) {
      const bool of_text =
          node->type == XML_ELEMENT_NODE && node->ns && kText == reinterpret_cast<const char*>(node->ns->href);
      const bool known = !of_text || IsElement(node, {"span", "a", "s", "tab", "line-break", "note", "soft-page-break",
                                                      "p", "h", "list", "meta", "ruby", "ruby-base", "script"});
      if (!known) fields.push_back(node);
      // Down into what may hold more of them, up and on.
      const bool inside = node->children && (!known || IsElement(node, {"span", "a", "meta"}));
      if (inside) {
        node = node->children;
        continue;
      }
      while (node != paragraph && !node->next) node = node->parent;
      node = node == paragraph ? nullptr : node->next;
    }
  }
  for (xmlNode* field : fields) UnwrapNode(field);
  editor.Edited(fields.size());
  editor.Unwrap({"meta"});
}

}  // namespace

bool IsWordTextPart(std::string_view name) {
  if (!name.starts_with("word/") || !name.ends_with(".xml")) return false;
  name.remove_prefix(5);
  return name.starts_with("document") || name.starts_with("footnotes") || name.starts_with("endnotes");
}

OfficePart WordPart(std::string xml, std::string_view name) {
  std::optional<XmlTree> tree = XmlTree::Parse(xml);
  if (!tree) return {std::move(xml), {}};
  Editor editor(std::move(*tree));
  ChooseAlternatives(editor);
  KeepRubyBases(editor);
  editor.MoveBoxes({"txbxContent"}, {"p"}, {});
  if (editor.moved() > 0) editor.Remove({"drawing", "pict"});
  editor.Remove({"customXmlPr", "smartTagPr"});
  editor.Unwrap({"fldSimple", "customXml", "smartTag", "dir", "bdo", "ins", "moveTo"});
  return editor.Finish(std::move(xml), name);
}

OfficePart OpenDocumentContent(std::string xml) {
  std::optional<XmlTree> tree = XmlTree::Parse(xml);
  if (!tree) return {std::move(xml), {}};
  Editor editor(std::move(*tree));
  const size_t readings = editor.tree().Find({"ruby-text"}).size();
  if (readings > 0) editor.Note(fmt::format("{} readings above words (ruby) left out, the words kept", readings));
  editor.Remove({"ruby-text"});
  editor.Unwrap({"ruby-base", "ruby"});
  editor.Remove({"table-of-content-source", "illustration-index-source", "table-index-source", "object-index-source",
                 "user-index-source", "alphabetical-index-source", "bibliography-source"});
  editor.Unwrap({"table-of-content", "illustration-index", "table-index", "object-index", "user-index",
                 "alphabetical-index", "bibliography", "index-title", "index-body", "section", "numbered-paragraph",
                 "table-header-rows", "table-rows", "table-row-group"});
  editor.MoveBoxes({"text-box", "custom-shape", "rect", "ellipse", "circle", "line", "path", "polygon", "polyline",
                    "connector", "caption"},
                   {"p", "h"}, {"frame"});
  UnwrapFields(editor);
  return editor.Finish(std::move(xml), "content.xml");
}

}  // namespace sheepop
