#include "hub/source.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <iterator>

#include "base/json.h"
#include "hub/catalogue.h"
#include "hub/http.h"

namespace sheepop {
namespace {

namespace json = boost::json;

std::string Environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

std::string Hub() {
  std::string hub = Environment("HF_ENDPOINT", "https://huggingface.co");
  while (hub.ends_with('/')) hub.pop_back();
  return hub;
}

std::string EscapedPath(std::string_view path) {
  std::string out;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (begin > 0) out += '/';
    out += UrlEscape(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

RemoteFile HubFile(std::string_view repo, std::string_view revision, std::string_view file, std::string sha256 = {}) {
  const std::string url =
      fmt::format("{}/{}/resolve/{}/{}", Hub(), EscapedPath(repo), UrlEscape(revision), EscapedPath(file));
  return {url, UrlFileName(url), std::move(sha256)};
}

std::vector<std::string> FilesOf(const std::string& repo, const std::function<bool()>& interrupted) {
  const std::string url = fmt::format("{}/api/models/{}", Hub(), EscapedPath(repo));
  const json::object answer = ParseJsonObject(HttpGetText({url, {}, HubToken()}, interrupted), url);
  std::vector<std::string> files;
  const json::value* siblings = answer.if_contains("siblings");
  if (!siblings || !siblings->is_array())
    throw Error(ErrorCategory::kCorrupt, "{} lists no files (no \"siblings\")", url);
  for (const json::value& sibling : siblings->get_array()) {
    const json::object* object = sibling.if_object();
    const json::value* name = object ? object->if_contains("rfilename") : nullptr;
    if (name && name->is_string()) files.emplace_back(name->get_string());
  }
  return files;
}

bool BelongsToFolder(std::string_view file) {
  constexpr std::string_view kNames[] = {"config.json",         "generation_config.json",
                                         "tokenizer.json",      "tokenizer_config.json",
                                         "chat_template.jinja", "model.safetensors.index.json"};
  return std::ranges::find(kNames, file) != std::end(kNames) ||
         (file.ends_with(".safetensors") && file.find('/') == std::string_view::npos);
}

ModelSource WholeRepository(const std::string& repo, const std::function<bool()>& interrupted) {
  const std::vector<std::string> files = FilesOf(repo, interrupted);
  std::vector<std::string> ggufs, folder;
  std::ranges::copy_if(files, std::back_inserter(ggufs),
                       [](const std::string& file) { return file.ends_with(".gguf"); });
  std::ranges::copy_if(files, std::back_inserter(folder), BelongsToFolder);
  if (ggufs.size() == 1) {
    const RemoteFile file = HubFile(repo, "main", ggufs[0]);
    return {file.name, {file}, false, true};
  }
  if (!ggufs.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "hf:{} has {} GGUF files, name one of them: hf:{}/{}", repo,
                ggufs.size(), repo, fmt::join(ggufs, fmt::format(", hf:{}/", repo)));
  }
  const bool weights =
      std::ranges::any_of(folder, [](const std::string& file) { return file.ends_with(".safetensors"); });
  if (!weights || std::ranges::find(folder, "config.json") == folder.end()) {
    throw Error(ErrorCategory::kUnsupported,
                "hf:{} has neither a .gguf file nor config.json with .safetensors files; look for the "
                "same model in one of these forms",
                repo);
  }
  ModelSource source{repo.substr(repo.find('/') + 1), {}, true, true};
  for (const std::string& file : folder) source.files.push_back(HubFile(repo, "main", file));
  return source;
}

ModelSource FromHub(const std::string& what, const std::function<bool()>& interrupted) {
  const std::string path = what.substr(3);
  const size_t owner = path.find('/');
  const size_t repo = owner == std::string::npos ? owner : path.find('/', owner + 1);
  const std::string name =
      owner == std::string::npos ? "" : path.substr(owner + 1, repo == std::string::npos ? repo : repo - owner - 1);
  if (owner == 0 || name.empty() || name.starts_with('.') || path.ends_with('/')) {
    throw Error(ErrorCategory::kInvalidArgument, "{} is not of the form hf:owner/repo or hf:owner/repo/file", what);
  }
  if (repo == std::string::npos) return WholeRepository(path, interrupted);
  const RemoteFile file = HubFile(path.substr(0, repo), "main", path.substr(repo + 1));
  return {file.name, {file}, false, true};
}

}  // namespace

std::string HubToken() { return Environment("HF_TOKEN", ""); }

ModelSource FindSource(const std::string& what, const std::function<bool()>& interrupted) {
  if (const CatalogueEntry* entry = FindInCatalogue(what)) {
    RemoteFile file = HubFile(entry->repo, entry->revision, entry->file, std::string(entry->sha256));
    file.name = fmt::format("{}.gguf", entry->name);
    return {file.name, {file}, false, true};
  }
  if (what.starts_with("hf:")) return FromHub(what, interrupted);
  if (what.starts_with("https://") || what.starts_with("http://")) {
    return {UrlFileName(what), {{what, UrlFileName(what), ""}}, false, false};
  }
  std::vector<std::string_view> names;
  for (const CatalogueEntry& entry : Catalogue()) names.push_back(entry.name);
  throw Error(ErrorCategory::kInvalidArgument,
              "{} is no known model; known are {}; others are given as hf:owner/repo/file or https://...", what,
              fmt::join(names, ", "));
}

}  // namespace sheepop
