#include "ingest/readers/epub_spine.h"

#include <charconv>
#include <map>
#include <optional>

#include "ingest/readers/xml_tree.h"

namespace sheepop {
namespace {

std::string Attribute(const xmlNode* element, std::string_view name) {
  for (const xmlAttr* attribute = element->properties; attribute; attribute = attribute->next) {
    if (name != reinterpret_cast<const char*>(attribute->name)) continue;
    xmlChar* value = xmlNodeListGetString(element->doc, attribute->children, 1);
    const std::string text = value ? reinterpret_cast<const char*>(value) : "";
    xmlFree(value);
    return text;
  }
  return "";
}

std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    unsigned byte = 0;
    const bool escape =
        text[at] == '%' && at + 2 < text.size() &&
        std::from_chars(text.data() + at + 1, text.data() + at + 3, byte, 16).ptr == text.data() + at + 3;
    out.push_back(escape ? static_cast<char>(byte) : text[at]);
    at += escape ? 2 : 0;
  }
  return out;
}

// `href` as seen from the file `base`, without "." and "..".
std::string Resolved(const std::string& base, std::string href) {
  href = PercentDecoded(std::string_view(href).substr(0, href.find('#')));
  std::string path = base.substr(0, base.rfind('/') == std::string::npos ? 0 : base.rfind('/') + 1) + href;
  std::vector<std::string> parts;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    at = end + 1;
  }
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : "/") + part;
  return joined;
}

}  // namespace

std::vector<std::string> EpubSpine(const std::function<std::string(const std::string&)>& member) {
  const std::optional<XmlTree> container = XmlTree::Parse(member("META-INF/container.xml"));
  const std::vector<xmlNode*> roots = container ? container->Find({"rootfile"}) : std::vector<xmlNode*>();
  if (roots.empty()) return {};
  const std::string package_path = Attribute(roots.front(), "full-path");
  const std::optional<XmlTree> package = XmlTree::Parse(member(package_path));
  if (!package) return {};
  std::map<std::string, std::string> hrefs;
  for (const xmlNode* item : package->Find({"item"})) hrefs[Attribute(item, "id")] = Attribute(item, "href");
  std::vector<std::string> chapters;
  for (const xmlNode* reference : package->Find({"itemref"})) {
    const auto found = hrefs.find(Attribute(reference, "idref"));
    if (found != hrefs.end()) chapters.push_back(Resolved(package_path, found->second));
  }
  return chapters;
}

}  // namespace sheepop
