#include "cli/app.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/did_you_mean.h"
#include "base/quoted.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/command_description.h"
#include "cli/completions.h"
#include "cli/help_formatter.h"
#include "cli/manual_page.h"

namespace sheepop::cli {
namespace {

// In the order of a model's life.
constexpr std::array kCommands = {
    CommandEntry{"pull", "download a model: a known name, hf:owner/repo[/file], or a URL", MakePull},
    CommandEntry{"ingest", "documents, in whatever format, to a corpus", MakeIngest},
    CommandEntry{"corpus", "look into a corpus: list, show, sample, search; shards: the corpus as tokens", MakeCorpus},
    CommandEntry{"train", "a corpus to a model", MakeTrain},
    CommandEntry{"inspect", "what a model file holds: shapes, types, sizes, tokenizer, chat template, metadata",
                 MakeInspect},
    CommandEntry{"tokenize", "text to ids and pieces, and back", MakeTokenize},
    CommandEntry{"generate", "continue a prompt", MakeGenerate},
    CommandEntry{"chat", "talk with a model in the terminal", MakeChat},
    CommandEntry{"explain", "the same generation, each step shown: why this token", MakeExplain},
    CommandEntry{"replay", "repeat a recorded generation and compare it bit for bit", MakeReplay},
    CommandEntry{"serve", "models for clients over HTTP: OpenAI's and Anthropic's APIs, and a page to chat", MakeServe},
    CommandEntry{"constrain", "does a text fit a schema, an expression or a grammar, and where not", MakeConstrain},
    CommandEntry{"score", "log-probabilities of a given text, perplexity of a file", MakeScore},
    CommandEntry{"convert", "GGUF files and Hugging Face folders to each other and to other weight types", MakeConvert},
    CommandEntry{"bench", "measure speed, and the share of this machine's limits that it is", MakeBench},
    CommandEntry{"doctor", "what this machine has, and what a model needs of it", MakeDoctor},
};

void AddCommonFlags(FlagSet flags, Console& console) {
  flags.Switch("--json", console.json, "print one JSON document on stdout and nothing else");
  flags.Switch("--verbose", console.verbose, "notes on stderr also when it is no terminal");
  flags
      .Value<Color>("--color", console.color,
                    {{"auto", Color::kAuto}, {"always", Color::kAlways}, {"never", Color::kNever}},
                    "colours on the terminal: auto, always or never (default auto; NO_COLOR is honoured)")
      .As("WHEN");
}

// The command that was asked for, or the program.
const CLI::App& Asked(const CLI::App& app) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  return parsed.empty() ? app : Asked(*parsed.back());
}

// "sheepop corpus shards"
std::string FullName(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent ? fmt::format("{} {}", FullName(*parent), command.get_name()) : command.get_name();
}

std::vector<std::string> FlagsOf(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::vector<std::string> CommandsOf(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* part : command.get_subcommands({})) names.push_back(part->get_name());
  if (!command.get_parent()) names.insert(names.end(), {"help", "version"});
  return names;
}

std::string ThereIsNo(std::string_view name, const std::vector<std::string>& known) {
  return fmt::format("there is no {}{}", name,
                     DidYouMean(name, std::vector<std::string_view>(known.begin(), known.end())));
}

// Of a flag of one letter: the long ones that begin with it.
std::string ThereIsNoShort(const std::string& flag, std::vector<std::string> known) {
  std::erase_if(known, [&](const std::string& name) { return !name.starts_with("-" + flag); });
  constexpr size_t kMost = 3;
  if (known.empty() || known.size() > kMost) return fmt::format("there is no {}", flag);
  return fmt::format("there is no {}, did you mean {}?", flag, fmt::join(known, " or "));
}

std::string ThereIsNoCommand(std::string_view name, const CLI::App& above) {
  const std::vector<std::string> known = CommandsOf(above);
  const std::string meant = DidYouMean(name, std::vector<std::string_view>(known.begin(), known.end()));
  if (!meant.empty()) return fmt::format("there is no {}{}", name, meant);
  return fmt::format("there is no command {}; there are {}", Quoted(name), fmt::join(known, ", "));
}

// The parser's "--steps: At Most 1 required but received 2" and "--prompt excludes --file"; other messages as they are.
std::string InWords(std::string_view message) {
  constexpr std::string_view kSays = ": At Most 1 required but received ";
  const size_t at = message.find(kSays);
  constexpr std::string_view kExcludes = " excludes ";
  if (const size_t both = message.find(kExcludes); both != std::string_view::npos && message.starts_with("--")) {
    return fmt::format("{} and {} exclude each other; give one of them", message.substr(0, both),
                       message.substr(both + kExcludes.size()));
  }
  if (at == std::string_view::npos) return std::string(message);
  return fmt::format("{} is given {} times; give it once", message.substr(0, at), message.substr(at + kSays.size()));
}

// "sheepop trian corpus", where the parser takes "corpus" for the command.
bool NamesNoCommand(std::string_view first, const CLI::App& app) {
  const std::vector<std::string> commands = CommandsOf(app);
  return !first.empty() && !first.starts_with('-') && std::ranges::find(commands, first) == commands.end();
}

// Of the arguments that nobody knows the first flag, else the first word, and what was meant by it; where all are known,
// what the parser says.
std::string Unknown(const CLI::App& app, std::string_view first, std::string_view message) {
  if (NamesNoCommand(first, app)) return ThereIsNoCommand(first, app);
  const CLI::App& asked = Asked(app);
  std::string word;
  for (const std::string& argument : app.remaining_for_passthrough(true)) {
    if (argument.starts_with('-') && argument.size() > 1) {
      const std::string flag = argument.substr(0, argument.find('='));
      return flag.size() == 2 ? ThereIsNoShort(flag, FlagsOf(asked)) : ThereIsNo(flag, FlagsOf(asked));
    }
    if (word.empty()) word = argument;
  }
  if (word.empty()) return InWords(message);
  if (!asked.get_subcommands({}).empty()) return ThereIsNoCommand(word, asked);
  const bool takes_text = asked.get_option_no_throw("--prompt") != nullptr;
  return fmt::format("'{}' was not expected{}", word, takes_text ? "; a text is given with -p" : "");
}

// "-prompt", which the parser takes for -p with the value "rompt".
void RefuseOneDash(const CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> flags = FlagsOf(Asked(app));
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string argument(argv[i]);
    if (argument.size() < 3 || argument[0] != '-' || argument[1] == '-') continue;
    if (std::ranges::find(flags, "-" + argument.substr(0, argument.find('='))) == flags.end()) continue;
    throw Error(ErrorCategory::kInvalidArgument, "there is no {0}, did you mean -{0}?", argument);
  }
}

// Whether "all" stands behind --help, or at the end of `sheepop help train all`; it is taken out.
bool TakeHelpAll(std::vector<char*>& arguments) {
  const auto is = [&](size_t i, std::string_view text) { return arguments[i] == text; };
  for (size_t i = 1; i < arguments.size() && !is(i, "--"); ++i) {
    if (is(i, "--help=all")) {
      static char help[] = "--help";
      arguments[i] = help;
      return true;
    }
    const bool behind = i > 1 && is(i, "all") && (is(i - 1, "--help") || is(i - 1, "-h"));
    if (behind || (i > 2 && i + 1 == arguments.size() && is(1, "help") && is(i, "all"))) {
      arguments.erase(arguments.begin() + static_cast<ptrdiff_t>(i));
      return true;
    }
  }
  return false;
}

// `sheepop help --man [COMMAND]` and `sheepop help --completions SHELL`, from which packages are made.
std::string Pages(const CLI::App& app, std::string_view page, std::string_view of) {
  const CommandDescription program = Describe(app);
  if (page == "--completions") return Completions(program, of);
  if (of.empty()) return ProgramPage(program);
  const auto command = std::ranges::find(program.parts, of, &CommandDescription::name);
  if (command == program.parts.end()) {
    throw Error(ErrorCategory::kInvalidArgument, "{} (see sheepop --help)", ThereIsNoCommand(of, app));
  }
  return CommandPage(program, *command);
}

// `sheepop help corpus shards`. The exit code.
int Help(const CLI::App& app, int argc, char** argv, const Console& console) {
  const std::string_view first = argc > 2 ? argv[2] : "";
  if ((first == "--man" || first == "--completions") && argc <= 4) {
    console.Print(Pages(app, first, argc > 3 ? argv[3] : ""));
    return 0;
  }
  const CLI::App* command = &app;
  for (int i = 2; i < argc; ++i) {
    const auto parts = command->get_subcommands({});
    const auto found = std::ranges::find(parts, argv[i], [](const CLI::App* part) { return part->get_name(); });
    if (found == parts.end()) {
      console.PrintError(Error(ErrorCategory::kInvalidArgument, "{} (see {} --help)",
                               ThereIsNoCommand(argv[i], *command), FullName(*command)));
      return 2;
    }
    command = *found;
  }
  console.Print(command->help(command->get_parent() ? FullName(*command->get_parent()) : ""));
  return 0;
}

// A file opened while one of these is closed would take its number, and then receive what is printed. What stands in
// for a closed one can be used neither way round, so that printing still fails.
void HoldStandardStreams() {
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) == -1 && errno == EBADF) ::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
  }
}

int ExitCode(const Error& error) { return error.category() == ErrorCategory::kInvalidArgument ? 2 : 1; }

int Parse(CLI::App& app, int argc, char** argv, Console& console) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  std::string refusal;
  try {
    app.parse(argc, argv);
    RefuseOneDash(app, argc, argv);
    return 0;
  } catch (const CLI::Success& success) {  // --help, --version
    std::ostringstream text;
    app.exit(success, text, text);
    console.Print(text.str());
    return -1;
  } catch (const CLI::ParseError& error) {
    refusal = Unknown(app, first, error.what());
  } catch (const Error& error) {
    if (error.category() != ErrorCategory::kInvalidArgument) {  // of a file that a flag names
      console.json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
      console.PrintError(error);
      return ExitCode(error);
    }
    refusal = error.what();
  }
  // The parser stops at the first wrong flag, before it has set the others.
  console.json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
  console.PrintError(Error(ErrorCategory::kInvalidArgument, "{} (see {} --help)", refusal,
                           FullName(NamesNoCommand(first, app) ? app : Asked(app))));
  return 2;
}

int Run(Command& command, Console& console) {
  try {
    const int code = command.Run(console);
    console.EndNotes();
    return code;
  } catch (...) {
    console.EndNotes();
    throw;
  }
}

}  // namespace

int Main(int count, char** given) {
  HoldStandardStreams();
  std::vector<char*> arguments(given, given + count);
  const bool help_all = TakeHelpAll(arguments);
  const int argc = static_cast<int>(arguments.size());
  char** const argv = arguments.data();
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit is an error of the write like a full disk
  Console console;
  CLI::App app("SheepOp: make a language model from your documents, run it, and see why it writes what it writes.",
               "sheepop");
  const auto formatter = std::make_shared<HelpFormatter>();
  if (help_all) formatter->ShowAll();
  app.formatter(formatter);
  app.set_version_flag("--version", fmt::format("sheepop {}", kVersion));
  app.require_subcommand(1);
  std::array<std::unique_ptr<Command>, kCommands.size()> commands;
  std::array<CLI::App*, kCommands.size()> parsers{};
  for (size_t i = 0; i < kCommands.size(); ++i) {
    parsers[i] = app.add_subcommand(kCommands[i].name, kCommands[i].description);
    commands[i] = kCommands[i].make();
    commands[i]->Register(*parsers[i]);
    AddCommonFlags(*parsers[i], console);
  }
  app.footer(
      "sheepop COMMAND --help, or sheepop help COMMAND, shows the common flags of a command; --help all every one. "
      "sheepop help --man [COMMAND] writes a manual page, sheepop help --completions SHELL what bash, zsh or fish "
      "completes.");
  const std::string_view first = argc > 1 ? argv[1] : "";
  try {
    if (first == "help") return Help(app, argc, argv, console);
    if (first == "version" && argc == 2) {
      console.Print(fmt::format("{}\n", app.version()));
      return 0;
    }
    if (const int code = Parse(app, argc, argv, console)) return code < 0 ? 0 : code;
    for (size_t i = 0; i < kCommands.size(); ++i) {
      if (parsers[i]->parsed()) return Run(*commands[i], console);
    }
  } catch (const Error& error) {
    console.PrintError(error);
    return ExitCode(error);
  } catch (const std::bad_alloc&) {
    console.PrintError(Error(ErrorCategory::kLimit, "out of memory; use a smaller --context or a smaller model"));
    return 1;
  } catch (const std::filesystem::filesystem_error& error) {
    console.PrintError(Error(ErrorCategory::kIo, "{}: {}; make it, or name another place", error.path1().string(),
                             error.code().message()));
    return 1;
  } catch (const std::exception& error) {
    console.PrintError(Error(ErrorCategory::kIo, "{}", error.what()));
    return 1;
  }
  return 2;
}

}  // namespace sheepop::cli
