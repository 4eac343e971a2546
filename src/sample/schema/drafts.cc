#include "sample/schema/drafts.h"

#include <algorithm>

namespace sheepop::schema {
namespace {

struct Row {
  Draft draft;
  std::string_view name;
  std::string_view path;  // of the metaschemas, behind json-schema.org/
};

constexpr Row kDrafts[] = {
    {kDraft4, "draft 4", "draft-04/"},
    {kDraft6, "draft 6", "draft-06/"},
    {kDraft7, "draft 7", "draft-07/"},
    {kDraft2019, "draft 2019-09", "draft/2019-09/"},
    {kDraft2020, "draft 2020-12", "draft/2020-12/"},
};

bool Cut(std::string_view prefix, std::string_view& text) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::optional<Draft> DraftOf(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  if (!Cut("http://", uri) && !Cut("https://", uri)) return std::nullopt;
  if (!Cut("json-schema.org/", uri)) return std::nullopt;
  for (const Row& row : kDrafts) {
    std::string_view rest = uri;
    if (Cut(row.path, rest) && (rest == "schema" || rest == "hyper-schema")) return row.draft;
  }
  return std::nullopt;
}

std::string_view Name(Draft draft) { return std::ranges::find(kDrafts, draft, &Row::draft)->name; }

}  // namespace sheepop::schema
