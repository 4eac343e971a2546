#include "data/corpus_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cctype>

#include "base/error.h"
#include "base/philox.h"
#include "base/quoted.h"
#include "base/utf8.h"

namespace sheepop {
namespace {

namespace json = boost::json;

std::filesystem::path DocumentsOf(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return path;
  const std::filesystem::path documents = path / "documents.jsonl.zst";
  if (!std::filesystem::exists(documents)) {
    throw Error(
        ErrorCategory::kNotFound,
        "{0} is no corpus: it holds no documents.jsonl.zst; `sheepop ingest PATH.. -o {0}` makes one of documents",
        path.string());
  }
  return documents;
}

[[noreturn]] void Refuse(std::string_view key, const json::value& value, std::string_view bound) {
  throw Error(ErrorCategory::kCorrupt, "`{}` is {}, must be {} or null", key, json::serialize(value), bound);
}

std::string String(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (!value || value->is_null()) return "";
  if (!value->is_string()) Refuse(key, *value, "text");
  return std::string(value->get_string());
}

uint64_t Count(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (!value || value->is_null()) return 0;
  boost::system::error_code fault;
  const auto count = value->is_number() ? value->to_number<uint64_t>(fault) : 0;
  if (fault || !value->is_number()) Refuse(key, *value, "a whole number of at least 0");
  return count;
}

std::optional<double> Confidence(const json::object& object) {
  const json::value* value = object.if_contains("ocr_confidence");
  if (!value || value->is_null()) return std::nullopt;
  if (!value->is_number() || !(value->to_number<double>() >= 0)) {
    Refuse("ocr_confidence", *value, "a number of at least 0");
  }
  return value->to_number<double>();
}

constexpr std::string_view kFields[] = {"id",       "source",  "sha256",     "kind",  "programming_language",
                                        "language", "license", "characters", "pages", "ocr_confidence",
                                        "text"};

CorpusDocument DocumentFrom(const json::object& object) {
  CorpusDocument document;
  document.id = String(object, "id");
  document.source = String(object, "source");
  document.sha256 = String(object, "sha256");
  document.kind = String(object, "kind");
  document.programming_language = String(object, "programming_language");
  document.language = String(object, "language");
  document.license = String(object, "license");
  document.characters = Count(object, "characters");
  document.pages = Count(object, "pages");
  document.ocr_confidence = Confidence(object);
  document.text = String(object, "text");
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::ranges::find(kFields, name) == std::end(kFields)) document.unread.emplace_back(name);
  }
  return document;
}

// The beginning of an id, or the last parts of a source: "letters/may.txt" of "home/letters/may.txt".
bool IsShortFor(std::string_view name, const CorpusDocument& document) {
  constexpr size_t kShortest = 4;  // of a beginning of an id
  if (name.size() >= kShortest && document.id.starts_with(name)) return true;
  const std::string_view source = document.source;
  if (name.empty() || source.size() <= name.size() || !source.ends_with(name)) return false;
  const char before = source[source.size() - name.size() - 1];
  return before == '/' || before == '!';
}

std::string Folded(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return folded;
}

std::string Excerpt(std::string_view line, size_t hit) {
  constexpr size_t kBefore = 60, kLongest = 200;
  size_t begin = hit > kBefore ? hit - kBefore : 0;
  while (begin > 0 && (static_cast<unsigned char>(line[begin]) & 0xC0) == 0x80) --begin;
  std::string excerpt(line.substr(begin, kLongest));
  excerpt.resize(excerpt.size() - IncompleteUtf8Suffix(excerpt));
  return excerpt;
}

}  // namespace

Warning UnreadFieldWarning(const std::string& corpus, const std::string& field, uint64_t documents) {
  const std::string of = documents == 1 ? "1 document has" : fmt::format("{} documents have", documents);
  return {"unread_field", corpus, field,
          fmt::format("{}: {} a field {}, which is none of a corpus and changes nothing", corpus, of, Quoted(field))};
}

CorpusReader::CorpusReader(const std::filesystem::path& path) : path_(DocumentsOf(path)), stream_(path_) {}

bool CorpusReader::Next(CorpusDocument& document) {
  do {
    if (!stream_.ReadLine(line_)) return false;
    ++line_number_;
  } while (line_.empty());
  boost::system::error_code fault;
  const json::value value = json::parse(line_, fault, {}, {.max_depth = 64});
  const json::object* object = fault ? nullptr : value.if_object();
  if (!object || !object->if_contains("text") || !object->at("text").is_string()) {
    throw Error(ErrorCategory::kCorrupt, "{}: line {} is no JSON object with a field `text`", path_.string(),
                line_number_);
  }
  try {
    document = DocumentFrom(*object);
  } catch (const Error& error) {
    throw Error(error.category(), "{}: line {}: {}", path_.string(), line_number_, error.what());
  }
  return true;
}

std::optional<CorpusDocument> ShowDocument(const std::filesystem::path& corpus, std::string_view name) {
  CorpusReader reader(corpus);
  std::optional<CorpusDocument> found;
  std::string other;
  for (CorpusDocument document; reader.Next(document);) {
    if (document.id == name || document.source == name) return document;
    if (!IsShortFor(name, document)) continue;
    if (!found) {
      found = document;
    } else if (other.empty()) {
      other = fmt::format("{} ({})", document.source, document.id);
    }
  }
  if (!other.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "`{}` may be {} ({}) or {}; write more of it", name, found->source,
                found->id, other);
  }
  return found;
}

std::vector<CorpusDocument> SampleDocuments(const std::filesystem::path& corpus, size_t count, uint64_t seed) {
  // The `count` documents with the smallest random keys: one pass, whatever the corpus' size.
  struct Drawn {
    uint64_t key, number;
    CorpusDocument document;
  };
  const auto by_key = [](const Drawn& a, const Drawn& b) {
    return std::pair(a.key, a.number) < std::pair(b.key, b.number);
  };
  std::vector<Drawn> drawn;  // a heap, the largest key in front
  CorpusReader reader(corpus);
  uint64_t number = 0;
  for (CorpusDocument document; count > 0 && reader.Next(document); ++number) {
    const uint64_t key = RandomBits(seed, 0, number, RandomLane::kDraw);
    if (drawn.size() == count) {
      if (drawn.front().key <= key) continue;
      std::pop_heap(drawn.begin(), drawn.end(), by_key);
      drawn.pop_back();
    }
    drawn.push_back({key, number, document});
    std::push_heap(drawn.begin(), drawn.end(), by_key);
  }
  std::sort(drawn.begin(), drawn.end(), [](const Drawn& a, const Drawn& b) { return a.number < b.number; });
  std::vector<CorpusDocument> documents;
  for (Drawn& one : drawn) documents.push_back(std::move(one.document));
  return documents;
}

void SearchCorpus(const std::filesystem::path& corpus, std::string_view text, bool exact,
                  const std::function<bool(const SearchHit&)>& take) {
  if (text.empty()) throw Error(ErrorCategory::kInvalidArgument, "nothing to search for");
  const std::string wanted = exact ? std::string(text) : Folded(text);
  CorpusReader reader(corpus);
  for (CorpusDocument document; reader.Next(document);) {
    uint64_t number = 0;
    for (std::string_view rest = document.text; !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      ++number;
      const size_t hit = exact ? line.find(wanted) : Folded(line).find(wanted);
      if (hit != std::string_view::npos && !take({document.id, document.source, number, Excerpt(line, hit)})) return;
    }
  }
}

}  // namespace sheepop
