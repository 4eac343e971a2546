#include "sample/schema/uri.h"

#include <algorithm>
#include <optional>

#include "base/hex_digit.h"

namespace sheepop::schema {
namespace {

struct Uri {
  std::optional<std::string_view> scheme, authority;
  std::string_view path;
  std::optional<std::string_view> query;
};

bool IsSchemeCharacter(char c, bool first) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return !first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.');
}

// RFC 3986, appendix B.
Uri Parts(std::string_view text) {
  Uri uri;
  size_t colon = 0;
  while (colon < text.size() && IsSchemeCharacter(text[colon], colon == 0)) ++colon;
  if (colon > 0 && colon < text.size() && text[colon] == ':') {
    uri.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (const size_t mark = text.find('?'); mark != text.npos) {
    uri.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    const size_t end = std::min(text.find('/', 2), text.size());
    uri.authority = text.substr(2, end - 2);
    text.remove_prefix(end);
  }
  uri.path = text;
  return uri;
}

// RFC 3986, section 5.2.4.
std::string WithoutDotSegments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./") || path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (path.starts_with("/../") || path == "/..") {
      path = path == "/.." ? "/" : path.substr(3);
      out.resize(out.rfind('/') == out.npos ? 0 : out.rfind('/'));
    } else if (path == "." || path == "..") {
      path = "";
    } else {
      const size_t end = std::min(path.find('/', 1), path.size());
      out += path.substr(0, end);
      path.remove_prefix(end);
    }
  }
  return out;
}

std::string Merged(const Uri& base, std::string_view path) {
  if (base.authority && base.path.empty()) return std::string("/").append(path);
  const size_t slash = base.path.rfind('/');
  return std::string(base.path.substr(0, slash == base.path.npos ? 0 : slash + 1)) + std::string(path);
}

}  // namespace

std::pair<std::string_view, std::string_view> SplitFragment(std::string_view reference) {
  const size_t mark = reference.find('#');
  if (mark == reference.npos) return {reference, {}};
  return {reference.substr(0, mark), reference.substr(mark + 1)};
}

std::string ResolveUri(std::string_view base_text, std::string_view reference) {
  const Uri base = Parts(base_text), given = Parts(reference);
  Uri target = given;
  std::string path(given.path);
  if (given.scheme || given.authority) {
    path = WithoutDotSegments(path);
  } else if (given.path.empty()) {
    path = base.path;
    if (!given.query) target.query = base.query;
  } else {
    path = WithoutDotSegments(path.starts_with('/') ? path : Merged(base, path));
  }
  if (!given.scheme) {
    target.scheme = base.scheme;
    if (!given.authority) target.authority = base.authority;
  }
  std::string out;
  if (target.scheme) out.append(*target.scheme).append(":");
  if (target.authority) out.append("//").append(*target.authority);
  out += path;
  if (target.query) out.append("?").append(*target.query);
  return out;
}

std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string PointerToken(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string FromPointerToken(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    out += escape ? (token[++i] == '0' ? '~' : '/') : token[i];
  }
  return out;
}

}  // namespace sheepop::schema
