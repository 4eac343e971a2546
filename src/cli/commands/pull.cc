// sheepop pull: download a model into the folder where -m NAME finds it.
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/output_path.h"
#include "base/sha256.h"
#include "base/shell_word.h"
#include "cli/command.h"
#include "cli/commands/model_summary_text.h"
#include "cli/flags/model_flags.h"
#include "cli/interrupt.h"
#include "hub/catalogue.h"
#include "hub/checksums.h"
#include "hub/download.h"
#include "hub/models.h"
#include "hub/source.h"

namespace sheepop::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

class Pull final : public Command {
 public:
  void Register(FlagSet flags) override {
    flags
        .Positional("name", what_,
                    "a name that --list shows, hf:owner/repo, hf:owner/repo/file, or an http or https URL")
        .As("NAME");
    flags.Switch("--list", list_, "show the known names, and what is there already");
    flags
        .Value("--sha256", sha256_,
               "what the file must hash to, 64 hexadecimal digits (default: what the catalogue or the hub says)")
        .As("HEX");
    flags.Value("--as", as_, "keep it under this name (default: the file's own)").As("NAME");
    flags.Value("--retries", retries_, {0, 1000}, "times to go on after a cut connection, 0 to 1000 (default 4)")
        .As("N");
    flags.Switch("--force", force_, "fetch it also when it is there already, and replace what is there");
    flags.Footer(
        "Files go to $SHEEPOP_HOME/models (default ~/.cache/sheepop/models). A download that was cut goes on with the "
        "same command. HF_TOKEN opens models whose terms you have accepted; HF_ENDPOINT names another hub.");
  }

  int Run(Console& console) override;

 private:
  void CheckFlags();
  int List(const Console& console) const;
  Downloaded Fetch(const Console& console, const RemoteFile& file, bool hub, const fs::path& to,
                   const InterruptGuard& interrupt) const;
  void Report(const Console& console, const fs::path& path, const Downloaded& done, bool fetched) const;

  std::string what_, sha256_, as_;
  size_t retries_ = 4;
  bool list_ = false, force_ = false;
};

void Pull::CheckFlags() {
  std::ranges::transform(sha256_, sha256_.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool hex = sha256_.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!sha256_.empty() && (sha256_.size() != 64 || !hex)) {
    throw Error(ErrorCategory::kInvalidArgument, "--sha256 is {}, it must be 64 hexadecimal digits", sha256_);
  }
  if (as_.find('/') != std::string::npos || as_.starts_with('.')) {
    throw Error(ErrorCategory::kInvalidArgument,
                "--as is {}, it must be the name of a file, without / and not beginning with a dot", as_);
  }
  if (what_.empty() && !list_) {
    throw Error(ErrorCategory::kInvalidArgument, "no model was named; sheepop pull --list shows the known names");
  }
}

uint64_t BytesOf(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return fs::file_size(path, error);
  uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(path, error))
    bytes += entry.is_regular_file(error) ? entry.file_size(error) : 0;
  return bytes;
}

int Pull::List(const Console& console) const {
  const fs::path folder = SheepopHome() / "models";
  std::vector<fs::path> there;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".partial") == std::string::npos) there.push_back(entry.path());
  }
  std::ranges::sort(there);
  const auto present = [&](const CatalogueEntry& entry) {
    return fs::exists(folder / fmt::format("{}.gguf", entry.name), error);
  };
  if (console.json) {
    json::array known, models;
    for (const CatalogueEntry& entry : Catalogue()) {
      known.push_back({{"name", entry.name},
                       {"source", fmt::format("hf:{}/{}", entry.repo, entry.file)},
                       {"bytes", entry.bytes},
                       {"sha256", entry.sha256},
                       {"about", entry.about},
                       {"present", present(entry)}});
    }
    for (const fs::path& path : there)
      models.push_back({{"name", path.filename().string()}, {"path", path.string()}, {"bytes", BytesOf(path)}});
    console.PrintJson({{"folder", folder.string()}, {"catalogue", std::move(known)}, {"models", std::move(models)}});
    return 0;
  }
  std::string text;
  for (const CatalogueEntry& entry : Catalogue()) {
    text += fmt::format("{:<14}{:>9}  {}{}\n", entry.name, BytesText(entry.bytes), entry.about,
                        present(entry) ? " - is there" : "");
  }
  text += fmt::format("\nin {}:\n", folder.string());
  for (const fs::path& path : there)
    text += fmt::format("{:>12}  {}\n", BytesText(BytesOf(path)), path.filename().string());
  if (there.empty()) text += "  nothing yet\n";
  console.Print(text);
  return 0;
}

Downloaded Pull::Fetch(const Console& console, const RemoteFile& file, bool hub, const fs::path& to,
                       const InterruptGuard& interrupt) const {
  const Stopwatch watch;
  Stopwatch shown;
  std::optional<uint64_t> first;
  DownloadOptions options;
  options.sha256 = sha256_.empty() ? file.sha256 : sha256_;
  options.linked_sha256 = hub;
  if (hub) options.bearer = HubToken();
  options.retries = retries_;
  options.interrupted = [&] { return interrupt.interrupted(); };
  options.progress = [&](uint64_t done, std::optional<uint64_t> total) {
    if (!first) first = done;
    if (shown.seconds() < 0.1) return;
    shown.Restart();
    const double rate = static_cast<double>(done - *first) / watch.seconds();
    std::string line = fmt::format("{}: {}", to.filename().string(), BytesText(done));
    if (total) line += fmt::format(" of {}", BytesText(*total));
    line += fmt::format(", {} a second", BytesText(static_cast<uint64_t>(rate)));
    if (total && rate > 0) line += fmt::format(", {:.0f} s left", static_cast<double>(*total - done) / rate);
    console.Progress(line);
  };
  const Downloaded done = Download(file.url, to, options);
  console.Progress("");
  return done;
}

void Pull::Report(const Console& console, const fs::path& path, const Downloaded& done, bool fetched) const {
  if (console.json) {
    return console.PrintJson({{"name", path.filename().string()},
                              {"path", path.string()},
                              {"bytes", done.bytes},
                              {"received_bytes", done.received},
                              {"sha256", done.sha256.empty() ? json::value(nullptr) : json::value(done.sha256)},
                              {"verified", done.verified}});
  }
  console.Print(fmt::format("{}\n", path.string()));
  const char* checked = done.verified ? "checksum verified" : "no checksum was known to verify it with";
  const std::string how = fetched ? BytesText(done.received) + " received" : "it was there already";
  console.Note(
      fmt::format("{}, {}; look at it: sheepop inspect {}", how, checked, ShellWord(path.filename().string())));
}

int Pull::Run(Console& console) {
  CheckFlags();
  if (list_) return List(console);
  InterruptGuard interrupt;
  const auto interrupted = [&] { return interrupt.interrupted(); };
  const ModelSource source = FindSource(what_, interrupted);
  const fs::path models = SheepopHome() / "models";
  fs::create_directories(models);
  const fs::path to = FollowLinks(models / (as_.empty() ? source.name : as_));
  const std::string expected = sha256_.empty() && !source.is_folder ? source.files[0].sha256 : sha256_;
  if (source.is_folder && !sha256_.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "--sha256 is for one file, {} is a folder of {}", what_,
                source.files.size());
  }
  if (!force_ && fs::exists(to)) {
    Downloaded there{BytesOf(to), 0, "", false};
    if (!fs::is_directory(to) && !expected.empty()) there.sha256 = Sha256OfFile(to, interrupted);
    there.verified = !expected.empty() && there.sha256 == expected;
    if (there.verified || expected.empty()) {
      Report(console, to, there, false);
      return 0;
    }
    throw Error(ErrorCategory::kIo,
                "{} is there already and is another file (its SHA-256 is {}, not {}); --force replaces it, --as NAME "
                "keeps both",
                to.string(), there.sha256.empty() ? "unknown" : there.sha256, expected);
  }
  if (!source.is_folder) {
    const Downloaded done = Fetch(console, source.files[0], source.is_hub, to, interrupt);
    NoteChecksum(to, done.sha256);
    Report(console, to, done, true);
    return 0;
  }
  const fs::path part = models / (to.filename().string() + ".partial");
  fs::create_directories(part);
  Downloaded all{0, 0, "", true};
  for (const RemoteFile& file : source.files) {
    // A file that got its name in an earlier run was complete.
    const Downloaded done = fs::exists(part / file.name)
                                ? Downloaded{BytesOf(part / file.name), 0, "", false}
                                : Fetch(console, file, source.is_hub, part / file.name, interrupt);
    NoteChecksum(to / file.name, done.sha256.empty() ? Sha256OfFile(part / file.name, interrupted) : done.sha256);
    all.bytes += done.bytes;
    all.received += done.received;
    all.verified = all.verified && done.verified;
  }
  fs::remove_all(to);
  fs::rename(part, to);
  Report(console, to, all, true);
  return 0;
}

}  // namespace

std::unique_ptr<Command> MakePull() { return std::make_unique<Pull>(); }

}  // namespace sheepop::cli
