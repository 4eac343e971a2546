// What --help prints. Only app.cc includes it, as it does CLI11, which takes seconds to compile.
#pragma once

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace sheepop::cli {

struct CommonFlags {
  std::string_view command;
  std::vector<std::string_view> names;
};

// Of commands with dozens of flags those that most people need; the others are shown by --help all.
inline const std::vector<CommonFlags> kCommonFlags = {
    {"ingest", {"output", "dry-run", "field", "ocr", "markdown", "keep-language", "near-duplicates", "json"}},
    {"train",
     {"output", "time", "size", "from", "plan", "restart", "force", "steps", "vocab-size", "held-out", "sample-prompt",
      "threads", "seed", "config", "json"}},
    {"generate",
     {"model", "prompt", "file", "max-tokens", "stop", "sequences", "temperature", "top-k", "top-p", "min-p",
      "repeat-penalty", "seed", "json-schema", "record", "force", "context", "threads", "json"}},
    {"chat",
     {"model", "prompt", "system", "max-tokens", "temperature", "top-k", "top-p", "min-p", "repeat-penalty", "seed",
      "history", "context", "threads", "json"}},
    {"explain",
     {"model", "prompt", "file", "max-tokens", "html", "force", "watch", "against", "temperature", "top-k", "top-p",
      "min-p", "repeat-penalty", "seed", "json"}},
    {"serve",
     {"model", "host", "port", "api-key-file", "sequences", "queue", "cache-mib", "context", "follow", "threads",
      "config"}},
};

// Only names and descriptions: these state bounds and defaults in words, where the parser's own notes would read
// "UINT in [1 - 1024] Excludes: --file".
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(28); }

  void ShowAll() { all_ = true; }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    const auto common = std::ranges::find(kCommonFlags, app->get_name(), &CommonFlags::command);
    shown_ = all_ || common == kCommonFlags.end() ? nullptr : &common->names;
    std::string help = CLI::Formatter::make_help(app, std::move(name), mode);
    if (shown_) {
      const size_t flags = app->get_options([](const CLI::Option* option) { return option->nonpositional(); }).size();
      help += fmt::format("\nThese are the common ones; sheepop {} --help all shows all {} flags.\n", app->get_name(),
                          flags);
    }
    return help;
  }

  std::string make_group(std::string group, bool positional, std::vector<const CLI::Option*> options) const override {
    if (shown_ && !positional) {
      std::erase_if(options, [&](const CLI::Option* option) {
        return std::ranges::none_of(option->get_lnames(), [&](const std::string& name) {
          return name == "help" || std::ranges::find(*shown_, name) != shown_->end();
        });
      });
    }
    return options.empty() ? "" : CLI::Formatter::make_group(std::move(group), positional, std::move(options));
  }

  // The opposite of a switch is named like the switch.
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, positional);
    constexpr std::string_view kMark = "{false}";
    for (size_t at = 0; (at = name.find(kMark)) != std::string::npos;) name.erase(at, kMark.size());
    return name;
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return "";
    const std::string type = option->get_type_name();
    return " " + type.substr(0, type.find(':'));
  }

 private:
  bool all_ = false;
  mutable const std::vector<std::string_view>* shown_ = nullptr;  // of the command that is formatted; null: all
};

}  // namespace sheepop::cli
