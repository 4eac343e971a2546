#include "ingest/document_view.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include "base/cpu.h"
#include "base/error.h"
#include "base/options_json.h"
#include "base/sha256.h"
#include "ingest/corpus_writer.h"
#include "ingest/marked_text.h"
#include "ingest/prepare.h"
#include "ingest/readers/reader.h"

namespace sheepop {
namespace {

constexpr uint64_t kPictureBytes = 8 << 20;  // of one picture
constexpr uint64_t kOptionBytes = 1 << 20;
constexpr uint64_t kPicturesBytes = 64 << 20;

// The bytes of a name that DisplayName shows.
std::string RawName(std::string_view shown) {
  std::string raw;
  for (size_t at = 0; at < shown.size(); ++at) {
    const std::string_view rest = shown.substr(at);
    unsigned byte = 0;
    if (rest.starts_with("\\x") && rest.size() >= 4 &&
        std::sscanf(std::string(rest.substr(2, 2)).c_str(), "%2X", &byte) == 1) {
      raw.push_back(static_cast<char>(byte));
      at += 3;
    } else if (rest.starts_with("\\n") || rest.starts_with("\\\\")) {
      raw.push_back(rest[1] == 'n' ? '\n' : '\\');
      ++at;
    } else {
      raw.push_back(shown[at]);
    }
  }
  return raw;
}

struct Place {
  std::filesystem::path file;
  std::string member;  // in display form, as of Document
};

// A file's name may hold "!" and "#" too, so the longest that there is counts.
Place FindFile(const std::string& source) {
  for (size_t end = source.size(); end > 0 && end != std::string::npos; end = source.find_last_of("!#", end - 1)) {
    Place place{RawName(source.substr(0, end)), source.substr(end)};
    std::error_code none;
    if (!std::filesystem::is_regular_file(place.file, none)) continue;
    if (place.member.starts_with('!')) place.member.erase(0, 1);
    return place;
  }
  throw Error(ErrorCategory::kNotFound,
              "{} is not there any more; a path counts from the folder in which `sheepop ingest` ran", source);
}

// Takes the one document that is wanted.
class OneDocument final : public DocumentSink {
 public:
  explicit OneDocument(std::string member) : member_(std::move(member)) {}

  void Take(Document document) override {
    if (DisplayName(document.member) == member_) found_ = std::move(document);
  }
  void Drop(Document document, std::string_view /*step*/, std::string reason) override { Miss(document, reason); }
  void Fail(Document document, std::string_view /*step*/, std::string reason, bool /*transient*/) override {
    Miss(document, reason);
  }
  std::unique_ptr<DocumentSink> Fork() override { return std::make_unique<OneDocument>(member_); }
  void Join(DocumentSink& fork) override {
    auto& other = static_cast<OneDocument&>(fork);
    if (other.found_) found_ = std::move(other.found_);
    if (!other.reason_.empty()) reason_ = other.reason_;
  }

  Document Result(const std::string& source) {
    if (found_) return *std::move(found_);
    throw Error(ErrorCategory::kCorrupt, "{} gives no document now{}{}; run `sheepop ingest` again", source,
                reason_.empty() ? "" : ": ", reason_);
  }

 private:
  void Miss(const Document& document, const std::string& reason) {
    if (DisplayName(document.member) == member_) reason_ = reason;
  }

  std::string member_, reason_;
  std::optional<Document> found_;
};

// A new folder that is nobody else's.
std::filesystem::path TemporaryPath() {
  std::string path = (std::filesystem::temp_directory_path() / "sheepop-view-XXXXXX").string();
  if (!::mkdtemp(path.data())) throw SystemError(fmt::format("cannot make the folder {}", path), errno);
  return path;
}

class Viewer {
 public:
  Viewer(const ViewRequest& request, const IngestOptions& options)
      : request_(request),
        options_(options),
        place_(FindFile(request.source)),
        work_(TemporaryPath()),
        converters_(options),
        pool_(Processors()) {}

  DocumentView View() {
    DocumentView view;
    Document document = Read();
    ChoosePages(document, view);
    MarkedText marked(document);
    const CleanSteps steps = BuildCleanSteps(options_.clean);
    const auto observe = [&](std::string_view step, const Document& now) { marked.Become(step, now.text); };
    PartRecord record = Prepare(std::move(document), options_, steps, observe).record;
    marked.Become("paragraphs", record.document.text);
    marked.Become("duplicate_paragraphs", request_.text);
    view.pieces = marked.Pieces(view.first_page, view.last_page);
    view.document = std::move(record.document);
    view.document.text.clear();
    if (pictured_) MakePictures(view);
    return view;
  }

 private:
  Document Read() {
    Source source;
    source.name = place_.file.filename().string();
    source.blob = Blob::OfFile(place_.file);
    Sha256 hash;
    source.blob.ForEachPiece([&](std::string_view piece) {
      hash.Update(piece);
      return true;
    });
    source.sha256 = hash.Hex();
    OneDocument sink(place_.member);
    const ReadContext context{options_, converters_, pool_, work_, [this](const Source& s) { return Wants(s); }};
    ReadInput(source, context, sink);
    Document document = sink.Result(request_.source);
    if (document.sha256 != request_.sha256) {
      throw Error(ErrorCategory::kCorrupt, "{} has changed since the corpus was made; run `sheepop ingest` again",
                  request_.source);
    }
    return document;
  }

  // The document itself, and what it lies in.
  bool Wants(const Source& source) {
    const std::string member = DisplayName(source.member);
    const std::string_view wanted = place_.member;
    const bool holds = member.empty() || (wanted.starts_with(member) && wanted.size() > member.size() &&
                                          (wanted[member.size()] == '!' || wanted[member.size()] == '#'));
    if (!holds && wanted != member) return false;
    const DocumentKind kind = source.sniffed.kind;
    if (kind == DocumentKind::kPdf || kind == DocumentKind::kImage) {
      const std::lock_guard lock(mutex_);
      pictured_ = source.blob;
    }
    return true;
  }

  void ChoosePages(const Document& document, DocumentView& view) const {
    const uint32_t all = std::max(document.pages, 1u);
    if (request_.first_page < 1 || request_.first_page > all) {
      throw Error(ErrorCategory::kInvalidArgument, "--page is {}, and {} has {} page{}", request_.first_page,
                  request_.source, all, all == 1 ? "" : "s");
    }
    view.first_page = request_.first_page - 1;
    view.last_page = view.first_page + std::min(request_.pages, all - view.first_page);
  }

  void MakePictures(DocumentView& view) {
    view.pictures.resize(view.last_page - view.first_page);
    const bool pdf = view.document.kind == DocumentKind::kPdf;
    const std::filesystem::path path = pictured_->PathFor(work_, "pages");
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < view.pictures.size(); ++i) {
      PagePicture& picture = view.pictures[i];
      if (bytes > kPicturesBytes) {
        picture.missing = fmt::format("the pictures before this one take {} MB; --page {} begins here",
                                      kPicturesBytes >> 20, view.first_page + i + 1);
        continue;
      }
      try {
        picture = pdf ? OfPdf(path, view.first_page + i + 1) : OfImage(i);
      } catch (const Error& error) {
        picture.missing = error.what();
      }
      bytes += picture.bytes.size();
    }
  }

  PagePicture OfPdf(const std::filesystem::path& path, uint32_t page) const {
    const std::string number = std::to_string(page);
    return {"image/jpeg",
            converters_.Run({"pdftoppm", "-jpeg", "-jpegopt", "quality=70", "-scale-to", "1400", "-f", number, "-l",
                             number, path.string()},
                            kPictureBytes),
            ""};
  }

  PagePicture OfImage(uint32_t index) const {
    static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
        {"\x89PNG", "image/png"}, {"\xFF\xD8\xFF", "image/jpeg"}, {"GIF8", "image/gif"}, {"RIFF", "image/webp"}};
    const std::string head = pictured_->Head(4);
    for (const auto& [begin, type] : kTypes) {
      if (index == 0 && head.starts_with(begin)) return {std::string(type), pictured_->ReadAll(kPictureBytes), ""};
    }
    return {"", "", "browsers do not show images of this format"};
  }

  const ViewRequest& request_;
  const IngestOptions& options_;
  Place place_;
  WorkFolder work_;
  Converters converters_;
  TaskPool pool_;
  std::mutex mutex_;
  std::optional<Blob> pictured_;
};

}  // namespace

IngestOptions OptionsOfCorpus(const std::filesystem::path& corpus) {
  const std::filesystem::path path = corpus / kOptionsFile;
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorCategory::kNotFound,
                "{} is not there, which says how the corpus was made; run `sheepop ingest` again, which writes it",
                path.string());
  }
  boost::system::error_code fault;
  const boost::json::value kept = boost::json::parse(Blob::OfFile(path).ReadAll(kOptionBytes), fault);
  if (fault || !kept.is_object()) {
    throw Error(ErrorCategory::kCorrupt, "{} holds no options; run `sheepop ingest` again, which writes them",
                path.string());
  }
  IngestOptions options;
  SetFromJson(kIngestTable, kept.get_object(), &options);
  return options;
}

DocumentView ViewDocument(const ViewRequest& request, const IngestOptions& options) {
  return Viewer(request, options).View();
}

}  // namespace sheepop
