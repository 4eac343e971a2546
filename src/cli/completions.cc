#include "cli/completions.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "base/error.h"

namespace sheepop::cli {
namespace {

// Words of the program that are no commands of their own.
struct Word {
  std::string_view name, help;
};
constexpr std::array kWords = {Word{"help", "the flags of a command"}, Word{"version", "the version of the program"}};

// In single quotes. `quote`: what stands for one of those.
std::string InQuotes(std::string_view text, std::string_view quote) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += quote;
    } else if (c != '\n') {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string Joined(const std::vector<std::string>& words, std::string_view between) {
  return fmt::format("{}", fmt::join(words, between));
}

std::vector<std::string> PartsOf(const CommandDescription& command) {
  std::vector<std::string> names;
  for (const CommandDescription& part : command.parts) names.push_back(part.name);
  return names;
}

constexpr std::string_view kBashHead = R"(# bash completion for sheepop

_sheepop_fill() {  # _sheepop_fill OPTIONS_OF_COMPGEN...
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$@" -- "$cur")
}

_sheepop_files() {  # _sheepop_files file|folder|model
    compopt -o filenames 2>/dev/null
    case $1 in
        folder) _sheepop_fill -d ;;
        *) _sheepop_fill -f ;;
    esac
    [[ $1 == model ]] || return 0
    local home=${SHEEPOP_HOME:-$HOME/.cache/sheepop} model models=tales
    for model in "$home"/models/*.gguf; do
        [[ -e $model ]] || continue
        model=${model##*/}
        models+=" ${model%.gguf}"
    done
    _sheepop_fill -W "$models"
}

_sheepop() {
    local cur=${COMP_WORDS[COMP_CWORD]} flag= word= command= part= flags= words= kind= parts= i
    COMPREPLY=()
    # --flag=value comes as three words.
    if [[ $cur == = ]]; then
        flag=${COMP_WORDS[COMP_CWORD-1]} cur=
    elif (( COMP_CWORD > 1 )) && [[ ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    elif (( COMP_CWORD > 1 )); then
        flag=${COMP_WORDS[COMP_CWORD-1]}
    fi
    [[ $flag == -* ]] || flag=
    (( COMP_CWORD > 1 )) && command=${COMP_WORDS[1]}
)";

constexpr std::string_view kBashTail = R"(
    if [[ -n $words ]]; then
        _sheepop_fill -W "$words"
    elif [[ $kind == text ]]; then
        return 0
    elif [[ $cur == -* ]]; then
        _sheepop_fill -W "$flags"
    elif [[ -n $parts && -z $part ]]; then
        _sheepop_fill -W "$parts"
    elif [[ -n $kind ]]; then
        _sheepop_files "$kind"
    fi
    return 0
}
complete -F _sheepop sheepop
)";

std::string_view BashKind(ValueKind kind) {
  switch (kind) {
    case ValueKind::kFile: return "file";
    case ValueKind::kFolder: return "folder";
    case ValueKind::kModel: return "model";
    case ValueKind::kText: break;
  }
  return "text";
}

// What it sets for the command, and for the value of the flag that stands before the word.
std::string BashArguments(const CommandDescription& command, std::string_view indent) {
  std::vector<std::string> flags;
  std::string cases;
  for (const ArgumentDescription& flag : command.flags) {
    flags.insert(flags.end(), flag.flags.begin(), flag.flags.end());
    if (flag.value.empty()) continue;
    const std::string sets = flag.choices.empty() ? fmt::format("kind={}", BashKind(KindOf(flag)))
                                                  : fmt::format("words='{}'", Joined(flag.choices, " "));
    cases += fmt::format("{}    {}) {} ;;\n", indent, Joined(flag.flags, "|"), sets);
  }
  std::string text = fmt::format("{}flags+=' {}'\n", indent, Joined(flags, " "));
  // Of those that stand without a flag the first tells what files they are.
  const bool files = !command.positionals.empty() && KindOf(command.positionals.front()) != ValueKind::kText;
  if (files) text += fmt::format("{}kind={}\n", indent, BashKind(KindOf(command.positionals.front())));
  return text + fmt::format("{0}case $flag in\n{1}{0}esac\n", indent, cases);
}

std::string BashCommand(const CommandDescription& command) {
  std::string text = fmt::format("        {})\n", command.name) + BashArguments(command, "            ");
  if (!command.parts.empty()) {
    const std::vector<std::string> parts = PartsOf(command);
    text += fmt::format(
        "            parts='{}'\n"
        "            for ((i = 2; i < COMP_CWORD; ++i)); do\n"
        "                word=${{COMP_WORDS[i]}}\n"
        "                case $word in {}) part=$word; break ;; esac\n"
        "            done\n"
        "            case $part in\n",
        Joined(parts, " "), Joined(parts, "|"));
    for (const CommandDescription& part : command.parts) {
      text += fmt::format("                {})\n", part.name) + BashArguments(part, "                    ") +
              "                    ;;\n";
    }
    text += "            esac\n";
  }
  return text + "            ;;\n";
}

std::string Bash(const CommandDescription& program) {
  std::vector<std::string> names = PartsOf(program);
  std::string text = std::string(kBashHead) + "    case $command in\n";
  for (const CommandDescription& command : program.parts) text += BashCommand(command);
  const std::string commands = Joined(names, " ");
  text += fmt::format("        help) words='{}' ;;\n", commands);
  std::vector<std::string> flags;
  for (const ArgumentDescription& flag : program.flags) flags.insert(flags.end(), flag.flags.begin(), flag.flags.end());
  for (const Word& word : kWords) names.emplace_back(word.name);
  text += fmt::format("        '') parts='{}' flags='{}' ;;\n    esac\n", Joined(names, " "), Joined(flags, " "));
  return text + std::string(kBashTail);
}

constexpr std::string_view kZshHead = R"(#compdef sheepop

_sheepop_models() {
  local -a models
  models=(tales ${SHEEPOP_HOME:-$HOME/.cache/sheepop}/models/*.gguf(N:t:r))
  _alternative 'models:model:compadd -a models' 'files:file:_files'
}

)";

std::string ZshQuoted(std::string_view text) { return InQuotes(text, "'\\''"); }

// Brackets and colons end parts of a specification.
std::string ZshText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string ZshAction(const ArgumentDescription& argument) {
  if (!argument.choices.empty()) return "(" + Joined(argument.choices, " ") + ")";
  switch (KindOf(argument)) {
    case ValueKind::kFile: return "_files";
    case ValueKind::kFolder: return "_files -/";
    case ValueKind::kModel: return "_sheepop_models";
    case ValueKind::kText: break;
  }
  return " ";
}

std::string ZshArguments(const CommandDescription& command) {
  std::string text;
  for (const ArgumentDescription& flag : command.flags) {
    const std::string before = flag.many ? "*" : "(" + Joined(flag.flags, " ") + ")";
    for (const std::string& name : flag.flags) {
      const bool takes = !flag.value.empty();
      std::string spec = before + name + (!takes ? "" : name.starts_with("--") ? "=" : "+");
      spec += "[" + ZshText(Brief(flag)) + "]";
      if (takes) spec += ":" + ZshText(flag.value) + ":" + ZshAction(flag);
      text += "    " + ZshQuoted(spec) + " \\\n";
    }
  }
  for (const ArgumentDescription& positional : command.positionals) {
    const std::string spec = (positional.many ? "*:" : ":") + ZshText(positional.value) + ":" + ZshAction(positional);
    text += "    " + ZshQuoted(spec) + " \\\n";
  }
  return text;
}

// A function of a command, and before it those of its parts.
std::string ZshFunction(const std::string& name, const CommandDescription& command) {
  std::string text, list, cases;
  for (const CommandDescription& part : command.parts) {
    text += ZshFunction(name + "_" + part.name, part);
    list += "    " + ZshQuoted(ZshText(part.name) + ":" + part.description) + "\n";
    cases += fmt::format("    {}) {}_{} ;;\n", part.name, name, part.name);
  }
  if (command.parts.empty()) {
    return text + fmt::format("{}() {{\n  _arguments -s \\\n{}    && return 0\n  return 1\n}}\n\n", name,
                              ZshArguments(command));
  }
  if (name == "_sheepop") {
    for (const Word& word : kWords) list += "    " + ZshQuoted(fmt::format("{}:{}", word.name, word.help)) + "\n";
    cases += "    help) _describe -t commands command commands ;;\n";
  }
  return text + fmt::format(
                    "{0}() {{\n"
                    "  local curcontext=\"$curcontext\" state line\n"
                    "  typeset -A opt_args\n"
                    "  local -a commands\n"
                    "  commands=(\n{1}  )\n"
                    "  _arguments -C \\\n{2}"
                    "    '1: :->command' '*:: :->arguments' && return 0\n"
                    "  case $state in\n"
                    "  command) _describe -t commands command commands ;;\n"
                    "  arguments)\n"
                    "    curcontext=\"${{curcontext%:*}}-$words[1]:\"\n"
                    "    case $words[1] in\n{3}    esac ;;\n"
                    "  esac\n"
                    "}}\n\n",
                    name, list, ZshArguments(command), cases);
}

std::string Zsh(const CommandDescription& program) {
  return std::string(kZshHead) + ZshFunction("_sheepop", program) + "_sheepop \"$@\"\n";
}

constexpr std::string_view kFishHead = R"(# fish completion for sheepop

function __sheepop_in --description 'the command, and its part where one is named, are those'
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]; or return 1
    test (count $argv) -lt 2; or contains -- $argv[2] $words[3..-1]
end

function __sheepop_models
    set -l home $HOME/.cache/sheepop
    set -q SHEEPOP_HOME; and set home $SHEEPOP_HOME
    echo tales
    for model in $home/models/*.gguf
        basename $model .gguf
    end
end

complete -c sheepop -f
)";

std::string FishQuoted(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  return InQuotes(escaped, "\\'");
}

std::string FishValue(const ArgumentDescription& argument) {
  if (!argument.choices.empty()) return " -x -a " + FishQuoted(Joined(argument.choices, " "));
  switch (KindOf(argument)) {
    case ValueKind::kFile: return " -r -F";
    case ValueKind::kFolder: return " -x -a '(__fish_complete_directories)'";
    case ValueKind::kModel: return " -r -F -a '(__sheepop_models)'";
    case ValueKind::kText: break;
  }
  return " -x";
}

std::string FishArguments(const CommandDescription& command, std::string_view condition) {
  const std::string begin = fmt::format("complete -c sheepop -n {}", FishQuoted(condition));
  std::string text;
  for (const ArgumentDescription& flag : command.flags) {
    text += begin;
    for (const std::string& name : flag.flags) {
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (!flag.value.empty()) text += FishValue(flag);
    text += " -d " + FishQuoted(Brief(flag)) + "\n";
  }
  for (const ArgumentDescription& positional : command.positionals) {
    const ValueKind kind = KindOf(positional);
    if (kind == ValueKind::kText) continue;
    text += begin + (kind == ValueKind::kModel ? " -F -a '(__sheepop_models)'\n" : " -F\n");
  }
  return text;
}

std::string FishCommand(std::string_view condition, std::string_view name, std::string_view help) {
  return fmt::format("complete -c sheepop -n {} -a {} -d {}\n", FishQuoted(condition), name, FishQuoted(help));
}

std::string Fish(const CommandDescription& program) {
  constexpr std::string_view kFirst = "test (count (commandline -opc)) -eq 1";
  std::string text(kFishHead);
  text += FishArguments(program, kFirst);
  for (const Word& word : kWords) text += FishCommand(kFirst, word.name, word.help);
  for (const CommandDescription& command : program.parts) {
    text += FishCommand(kFirst, command.name, command.description);
    text += FishCommand("__sheepop_in help", command.name, command.description);
    const std::string in = "__sheepop_in " + command.name;
    text += FishArguments(command, in);
    std::string none = in;
    for (const std::string& part : PartsOf(command)) none += fmt::format("; and not {} {}", in, part);
    for (const CommandDescription& part : command.parts) {
      text += FishCommand(none, part.name, part.description);
      text += FishArguments(part, fmt::format("{} {}", in, part.name));
    }
  }
  return text;
}

}  // namespace

std::string Completions(const CommandDescription& program, std::string_view shell) {
  if (shell == "bash") return Bash(program);
  if (shell == "zsh") return Zsh(program);
  if (shell == "fish") return Fish(program);
  throw Error(ErrorCategory::kInvalidArgument, "--completions is \"{}\", must be bash, zsh or fish", shell);
}

}  // namespace sheepop::cli
