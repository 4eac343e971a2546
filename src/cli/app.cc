#include "cli/app.h"

#include <array>
#include <cstdio>
#include <map>
#include <new>
#include <string>

#include "cli/command.h"

namespace sheepop::cli {
namespace {

constexpr const char* kVersion = "0.1.0";

// In the order of a model's life.
constexpr std::array kCommands = {
    CommandEntry{"generate", "continue a prompt", MakeGenerate},
    CommandEntry{"bench", "measure speed, and the share of this machine's limits that it is", MakeBench},
};

void AddCommonFlags(CLI::App& app, Console& console) {
  app.add_flag("--json", console.json, "print one JSON document on stdout and nothing else");
  app.add_flag("--verbose", console.verbose, "notes on stderr also when it is no terminal");
  const std::map<std::string, Color> colors = {{"auto", Color::kAuto}, {"always", Color::kAlways}, {"never", Color::kNever}};
  app.add_option("--color", console.color, "auto, always or never (default auto; NO_COLOR is honoured)")
      ->transform(CLI::CheckedTransformer(colors))
      ->type_name("WHEN");
}

int ExitCode(const Error& error) { return error.category() == ErrorCategory::kInvalidArgument ? 2 : 1; }

int Parse(CLI::App& app, int argc, char** argv, const Console& console) {
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& success) {  // --help, --version
    app.exit(success);
    return -1;
  } catch (const CLI::ParseError& error) {
    console.PrintError(Error(ErrorCategory::kInvalidArgument, "{} (see sheepop --help)", std::string(error.what())));
    return 2;
  }
}

}  // namespace

int Main(int argc, char** argv) {
  Console console;
  CLI::App app("SheepOp: make a language model from your documents, run it, and see why it writes what it writes.",
               "sheepop");
  app.set_version_flag("--version", std::string("sheepop ") + kVersion);
  app.require_subcommand(1);
  std::array<std::unique_ptr<Command>, kCommands.size()> commands;
  std::array<CLI::App*, kCommands.size()> parsers{};
  for (size_t i = 0; i < kCommands.size(); ++i) {
    parsers[i] = app.add_subcommand(kCommands[i].name, kCommands[i].description);
    commands[i] = kCommands[i].make();
    commands[i]->Register(*parsers[i]);
    AddCommonFlags(*parsers[i], console);
  }
  if (const int code = Parse(app, argc, argv, console)) return code < 0 ? 0 : code;
  try {
    for (size_t i = 0; i < kCommands.size(); ++i) {
      if (parsers[i]->parsed()) return commands[i]->Run(console);
    }
  } catch (const Error& error) {
    console.PrintError(error);
    return ExitCode(error);
  } catch (const std::bad_alloc&) {
    console.PrintError(Error(ErrorCategory::kLimit, "out of memory; use a smaller --context or a smaller model"));
    return 1;
  } catch (const std::exception& error) {
    console.PrintError(Error(ErrorCategory::kIo, "{}", error.what()));
    return 1;
  }
  return 2;
}

}  // namespace sheepop::cli
