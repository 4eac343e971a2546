#include "cli/manual_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "base/version.h"

namespace sheepop::cli {
namespace {

// Nothing in it is an escape of roff, and a dash or a quote can be copied into a shell.
std::string Escaped(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const Utf8Step step = DecodeUtf8(text);
    switch (step.code_point) {
      case '\\': escaped += "\\e"; break;
      case '-': escaped += "\\-"; break;
      case '~': escaped += "\\(ti"; break;
      case '^': escaped += "\\(ha"; break;
      case '`': escaped += "\\(ga"; break;
      case '\'': escaped += "\\(aq"; break;
      case '\n': escaped += ' '; break;
      default:
        escaped +=
            step.length > 1 ? fmt::format("\\[u{:04X}]", uint32_t{step.code_point}) : std::string(1, text.front());
    }
    text.remove_prefix(step.length);
  }
  return escaped;
}

// Lines of the source, each short, none beginning as a macro does.
std::string Filled(std::string_view escaped) {
  constexpr size_t kWidth = 78;
  std::string filled;
  size_t column = 0;
  for (size_t at = 0; at < escaped.size();) {
    const size_t end = std::min(escaped.find(' ', at), escaped.size());
    const std::string_view word = escaped.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (column > 0) {
      const bool fits = column + 1 + word.size() <= kWidth;
      filled += fits ? ' ' : '\n';
      column = fits ? column + 1 : 0;
    }
    if (column == 0 && word.front() == '.') filled += "\\&";
    filled += word;
    column += word.size();
  }
  return filled + '\n';
}

std::string Text(std::string_view text) { return Filled(Escaped(text)); }

std::string Bold(std::string_view text) { return "\\fB" + Escaped(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Escaped(text) + "\\fR"; }

std::string Head(std::string_view name, std::string_view description) {
  std::string title(name);
  std::ranges::transform(title, title.begin(), [](unsigned char c) { return std::toupper(c); });
  return fmt::format(".TH {} 1 {} \"sheepop {}\" \"SheepOp\"\n.SH NAME\n", Escaped(title), kReleased, kVersion) +
         Filled(Escaped(name) + " \\- " + Escaped(description));
}

std::string Argument(const ArgumentDescription& argument, std::string_view name) {
  std::string entry = ".TP\n";
  if (argument.flags.empty()) {
    entry += Italic(name);
  } else {
    for (const std::string& flag : argument.flags) entry += (flag == argument.flags.front() ? "" : ", ") + Bold(flag);
    if (!argument.value.empty()) entry += " " + Italic(argument.value);
  }
  return entry + '\n' + Text(argument.help);
}

// Those of a group after its title, the groups in the order of their first flags.
std::string Arguments(const CommandDescription& command, std::string_view title) {
  std::string page;
  if (!command.positionals.empty()) page += ".SH ARGUMENTS\n";
  for (const ArgumentDescription& positional : command.positionals) page += Argument(positional, positional.value);
  page += fmt::format(".SH {}\n", title);
  std::vector<std::string_view> groups = {""};
  for (const ArgumentDescription& flag : command.flags) {
    if (std::ranges::find(groups, flag.group) == groups.end()) groups.push_back(flag.group);
  }
  for (const std::string_view group : groups) {
    if (!group.empty()) page += ".SS " + Escaped(group) + '\n';
    for (const ArgumentDescription& flag : command.flags) {
      if (flag.group == group) page += Argument(flag, "");
    }
  }
  return page;
}

std::string Synopsis(std::string_view name, const CommandDescription& command) {
  std::string line = Bold(name);
  if (!command.parts.empty()) line += " " + Italic("COMMAND");
  line += " [" + Italic("OPTIONS") + "]";
  for (const ArgumentDescription& positional : command.positionals) {
    const std::string value = Italic(positional.value);
    line += positional.required ? " " + value : " [" + value + "]";
  }
  return Filled(line);
}

std::string Part(std::string_view above, const CommandDescription& part) {
  std::string page = fmt::format(".SS {}\n", Escaped(part.name)) +
                     Synopsis(fmt::format("{} {}", above, part.name), part) + ".PP\n" + Text(part.description + ".");
  for (const ArgumentDescription& positional : part.positionals) page += Argument(positional, positional.value);
  for (const ArgumentDescription& flag : part.flags) page += Argument(flag, "");
  return page;
}

std::string Entry(std::string_view what, std::string_view text) { return ".TP\n" + Bold(what) + '\n' + Text(text); }

std::string ExitStatus() {
  return ".SH EXIT STATUS\n" + Entry("0", "Done.") +
         Entry("1", "The world failed: a file, the network, memory. The message says what, and what to do.") +
         Entry("2", "The flags are wrong.") +
         Entry("130", "Ctrl-C stopped a training, which goes on with the same command.");
}

std::string SeeAlso(const CommandDescription& program, std::string_view without) {
  std::vector<std::string> pages;
  if (!without.empty()) pages.emplace_back("sheepop");
  for (const CommandDescription& command : program.parts) {
    if (command.name != without) pages.push_back("sheepop-" + command.name);
  }
  std::string page = ".SH SEE ALSO\n";
  for (const std::string& name : pages) {
    page += fmt::format(".BR {} (1){}\n", Escaped(name), name == pages.back() ? "" : ",");
  }
  return page;
}

}  // namespace

std::string ProgramPage(const CommandDescription& program) {
  std::string page = Head("sheepop", "make, run and explain language models on ordinary computers");
  page += ".SH SYNOPSIS\n" + Synopsis("sheepop", program) + ".SH DESCRIPTION\n" + Text(program.description);
  page += ".PP\n" + Text(program.footer) + ".SH COMMANDS\n";
  for (const CommandDescription& command : program.parts) page += Entry(command.name, command.description);
  page += Arguments(program, "OPTIONS") + ExitStatus();
  page += ".SH ENVIRONMENT\n";
  page +=
      Entry("SHEEPOP_HOME", "where models are kept that were pulled, in its folder models (default ~/.cache/sheepop)");
  page += Entry("SHEEPOP_ISA", "the instruction set of the kernels, where no --isa names one");
  page += Entry("HF_TOKEN", "opens models of the hub whose terms you have accepted");
  page += Entry("HF_ENDPOINT", "another hub");
  page += Entry("NO_COLOR", "no colours, where --color does not ask for them");
  return page + SeeAlso(program, "");
}

std::string CommandPage(const CommandDescription& program, const CommandDescription& command) {
  std::string page = Head("sheepop-" + command.name, command.description);
  const std::string name = "sheepop " + command.name;
  page += ".SH SYNOPSIS\n" + Synopsis(name, command);
  if (!command.footer.empty()) page += ".SH DESCRIPTION\n" + Text(command.footer);
  if (!command.parts.empty()) page += ".SH COMMANDS\n";
  for (const CommandDescription& part : command.parts) page += Part(name, part);
  return page + Arguments(command, "OPTIONS") + ExitStatus() + SeeAlso(program, command.name);
}

}  // namespace sheepop::cli
