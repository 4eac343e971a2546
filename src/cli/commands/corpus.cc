// sheepop corpus: look into a corpus, and make token shards of it.
#include <boost/json.hpp>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/commands/corpus_shards.h"
#include "data/corpus_reader.h"

namespace sheepop::cli {
namespace {

namespace json = boost::json;

json::object ToJson(const CorpusDocument& document) {
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
          {"ocr_confidence", document.ocr_confidence ? json::value(*document.ocr_confidence) : json::value()},
          {"text", document.text}};
}

class CorpusCommand final : public Command {
 public:
  void Register(CLI::App& app) override {
    app.require_subcommand(1);
    show_ = app.add_subcommand("show", "one document, by its id, a beginning of it, or its source");
    sample_ = app.add_subcommand("sample", "documents drawn at random, the same for the same seed");
    search_ = app.add_subcommand("search", "lines that hold a text");
    shards_command_ =
        app.add_subcommand("shards", "the corpus as token ids, which `sheepop train` maps in place of reading text");
    shards_.Register(*shards_command_);
    for (CLI::App* part : {show_, sample_, search_, shards_command_}) part->fallthrough();  // to --json and --verbose
    for (CLI::App* part : {show_, sample_, search_}) {
      part->fallthrough();  // --json and the like stand behind it too
      part->add_option("corpus", corpus_, "a corpus folder")->required()->type_name("CORPUS");
    }
    show_->add_option("document", text_, "id or source")->required()->type_name("NAME");
    sample_->add_option("-n,--count", count_, "documents (default 5)")->type_name("N");
    sample_->add_option("--seed", seed_, "(default 0)")->type_name("N");
    search_->add_option("text", text_, "what to look for")->required()->type_name("TEXT");
    search_->add_option("-n,--count", hits_, "most hits (default 100)")->type_name("N");
    search_->add_flag("--exact", exact_, "tell capital letters from small ones");
  }

  int Run(Console& console) override {
    if (shards_command_->parsed()) return shards_.Run(console);
    if (show_->parsed()) return Show(console);
    return sample_->parsed() ? Sample(console) : Search(console);
  }

 private:
  void Print(const Console& console, const CorpusDocument& document) const {
    if (console.json) return console.PrintJson(ToJson(document));
    console.Print(fmt::format("--- {} {} ({}, {} characters)\n{}\n", document.id, document.source, document.kind,
                              document.characters, document.text));
  }

  int Show(const Console& console) const {
    const auto document = ShowDocument(corpus_, text_);
    if (!document) {
      throw Error(ErrorCategory::kNotFound, "{} holds no document {}; sheepop corpus search finds text in it", corpus_,
                  text_);
    }
    Print(console, *document);
    return 0;
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
        console.Print(fmt::format("{}:{}: {}\n", hit.source, hit.line, hit.excerpt));
      }
      return true;
    });
    if (more) console.Note(fmt::format("there are more than {} hits; --count shows more", hits_));
    return 0;
  }

  CLI::App* show_ = nullptr;
  CLI::App* sample_ = nullptr;
  CLI::App* search_ = nullptr;
  CLI::App* shards_command_ = nullptr;
  CorpusShards shards_;
  std::string corpus_, text_;
  size_t count_ = 5, hits_ = 100;
  uint64_t seed_ = 0;
  bool exact_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeCorpus() { return std::make_unique<CorpusCommand>(); }

}  // namespace sheepop::cli
