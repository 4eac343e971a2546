// sheepop corpus: look into a corpus, and make token shards of it.
#include <fmt/core.h>

#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/file_writer.h"
#include "base/output_path.h"
#include "cli/command.h"
#include "cli/commands/corpus_shards.h"
#include "data/corpus_reader.h"
#include "ingest/document_view.h"
#include "ingest/report_inputs.h"
#include "ingest/view_page.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

// All of it but the text.
json::object AboutJson(const CorpusDocument& document) {
  const auto text_or_null = [](const std::string& text) { return text.empty() ? json::value() : json::value(text); };
  return {{"id", document.id},
          {"source", document.source},
          {"sha256", document.sha256},
          {"kind", document.kind},
          {"programming_language", text_or_null(document.programming_language)},
          {"language", text_or_null(document.language)},
          {"license", text_or_null(document.license)},
          {"characters", document.characters},
          {"pages", document.pages ? json::value(document.pages) : json::value()},
          {"ocr_confidence", document.ocr_confidence ? json::value(*document.ocr_confidence) : json::value()}};
}

json::object ToJson(const CorpusDocument& document) {
  json::object out = AboutJson(document);
  out["text"] = document.text;
  return out;
}

// The documents that an archive or a file of records of that name gave; "" where there are none.
std::string PartsOf(const std::string& corpus, const std::string& name) {
  std::string first, last;
  size_t count = 0;
  CorpusReader reader(corpus);
  for (CorpusDocument document; reader.Next(document);) {
    const std::string& source = document.source;
    const size_t at = name.empty() ? std::string::npos : source.find(name), end = at + name.size();
    if (at == std::string::npos || end >= source.size() || (source[end] != '#' && source[end] != '!')) continue;
    if (at > 0 && source[at - 1] != '/' && source[at - 1] != '!') continue;
    if (count++ == 0) first = source;
    last = source;
  }
  if (count < 2) return first.empty() ? "" : "it gave " + first;
  return fmt::format("it gave {} documents, {} to {}", count, first, last);
}

class CorpusCommand final : public Command {
 public:
  void Register(FlagSet flags) override {
    list_ = flags.Part("list", "every document: id, characters, kind and source");
    show_ = flags.Part("show", "one document, by its id or source, or the part of one that no other has");
    sample_ = flags.Part("sample", "documents drawn at random, the same for the same seed");
    search_ = flags.Part("search", "lines that hold a text");
    shards_command_ =
        flags.Part("shards", "the corpus as token ids, which `sheepop train` maps in place of reading text");
    shards_.Register(*shards_command_);
    for (FlagSet* part : {&*list_, &*show_, &*sample_, &*search_}) {
      part->Positional("corpus", corpus_, "a corpus folder").As("CORPUS").Required();
    }
    show_->Positional("document", text_, "id or source").As("NAME").Required();
    show_
        ->Value("--html", html_,
                "write a page to look at in a browser instead: each page's picture beside its text, with "
                "what was removed, joined or read by OCR marked; reads the document again")
        .As("FILE");
    show_->Value("--page", view_.first_page, AtLeast(1), "the first page that --html shows (default 1)").As("N");
    show_->Value("--pages", view_.pages, Between(1, 200), "pages that --html shows at most, 1 to 200 (default 40)")
        .As("N");
    show_->Switch("--force", force_, "replace the file of --html when it exists");
    sample_->Value("-n,--count", count_, AtLeast(0), "documents (default 5)").As("N");
    sample_->Seed("--seed", seed_, "same seed, same documents (default 0)").As("N");
    search_->Positional("text", text_, "what to look for").As("TEXT").Required();
    search_->Value("-n,--count", hits_, AtLeast(0), "most hits (default 100)").As("N");
    search_->Switch("--exact", exact_, "tell capital letters from small ones");
  }

  int Run(Console& console) override {
    if (shards_command_->parsed()) return shards_.Run(console);
    if (list_->parsed()) return List(console);
    if (show_->parsed()) return Show(console);
    return sample_->parsed() ? Sample(console) : Search(console);
  }

 private:
  void Print(const Console& console, const CorpusDocument& document) const {
    for (const std::string& field : document.unread) console.Warn(UnreadFieldWarning(corpus_, field, 1));
    if (console.json) return console.PrintJson(ToJson(document));
    console.PrintText(fmt::format("--- {} {} ({}, {} characters)\n{}\n", document.id, document.source, document.kind,
                                  document.characters, document.text));
  }

  int List(const Console& console) const {
    CorpusReader reader(corpus_);
    for (CorpusDocument document; reader.Next(document);) {
      if (console.json) {
        console.PrintJson(AboutJson(document));
      } else {
        console.PrintText(fmt::format("{:<16} {:>10}  {:<10} {}\n", document.id, document.characters, document.kind,
                                      document.source));
      }
    }
    return 0;
  }

  int Show(const Console& console) {
    for (const char* flag : {"--page", "--pages", "--force"}) {
      if (!html_ && show_->Given(flag)) {
        throw Error(ErrorCategory::kInvalidArgument,
                    "{} says something of the page that --html writes; give --html FILE", flag);
      }
    }
    const auto document = ShowDocument(corpus_, text_);
    if (!document) {
      std::string why = PartsOf(corpus_, text_);
      if (why.empty()) why = WhyNoDocument(corpus_, text_);
      throw Error(ErrorCategory::kNotFound, "{} holds no document {}{}; sheepop corpus list names all of them", corpus_,
                  text_, why.empty() ? "" : fmt::format(" ({})", why));
    }
    if (html_) {
      ShowPage(console, *document);
    } else {
      Print(console, *document);
    }
    return 0;
  }

  void ShowPage(const Console& console, const CorpusDocument& document) {
    RefuseInput(*html_, corpus_);
    RefuseExisting(*html_, force_);
    view_.source = document.source;
    view_.sha256 = document.sha256;
    view_.text = document.text;
    console.Progress(fmt::format("reading {}", document.source));
    const DocumentView view = ViewDocument(view_, OptionsOfCorpus(corpus_));
    FileWriter writer(*html_);
    writer.Write(ViewPage(view, document.source));
    writer.Commit();
    console.Progress("");
    const uint32_t pages = view.document.pages;
    if (console.json) {
      return console.PrintJson({{"html", *html_},
                                {"source", document.source},
                                {"first_page", pages > 0 ? json::value(view.first_page + 1) : json::value()},
                                {"last_page", pages > 0 ? json::value(view.last_page) : json::value()},
                                {"pages", pages > 0 ? json::value(pages) : json::value()},
                                {"bytes", writer.written()}});
    }
    const std::string shown =
        pages > 0 ? fmt::format(" with pages {} to {} of {}", view.first_page + 1, view.last_page, pages) : "";
    const std::string more =
        view.last_page < pages ? fmt::format("; --page {} shows those that follow", view.last_page + 1) : "";
    console.Print(fmt::format("{} is written{}; open it in a browser{}\n", *html_, shown, more));
  }

  int Sample(const Console& console) const {
    for (const CorpusDocument& document : SampleDocuments(corpus_, count_, seed_)) Print(console, document);
    return 0;
  }

  int Search(const Console& console) const {
    size_t left = hits_;
    bool more = false;
    SearchCorpus(corpus_, text_, exact_, [&](const SearchHit& hit) {
      if (left == 0) {
        more = true;
        return false;
      }
      --left;
      if (console.json) {
        console.PrintJson({{"id", hit.id}, {"source", hit.source}, {"line", hit.line}, {"excerpt", hit.excerpt}});
      } else {
        console.PrintText(fmt::format("{}:{}: {}\n", hit.source, hit.line, hit.excerpt));
      }
      return true;
    });
    if (more) console.Note(fmt::format("there are more than {} hits; --count shows more", hits_));
    return 0;
  }

  std::optional<FlagSet> list_, show_, sample_, search_, shards_command_;
  CorpusShards shards_;
  std::string corpus_, text_;
  std::optional<std::string> html_;
  ViewRequest view_;
  size_t count_ = 5, hits_ = 100;
  uint64_t seed_ = 0;
  bool exact_ = false, force_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeCorpus() { return std::make_unique<CorpusCommand>(); }

}  // namespace sheepop::cli
