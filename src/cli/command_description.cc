#include "cli/command_description.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <utility>

namespace sheepop::cli {
namespace {

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, at);) parts.push_back(word);
  return parts;
}

ArgumentDescription DescribeArgument(const CLI::Option& option) {
  ArgumentDescription argument;
  for (const std::string& name : option.get_snames()) argument.flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) argument.flags.push_back("--" + name);
  if (option.get_type_size() != 0) {
    const std::string type = option.get_type_name();  // "WHEN:auto|always|never"
    const size_t end = std::min(type.find(':'), type.size());
    argument.value = type.substr(0, end);
    if (end < type.size()) argument.choices = Split(type.substr(end + 1), '|');
  }
  argument.help = option.get_description();
  if (option.get_group() != "Options") argument.group = option.get_group();
  argument.required = option.get_required();
  argument.many = option.get_expected_max() > 1;
  return argument;
}

}  // namespace

CommandDescription Describe(const CLI::App& command) {
  CommandDescription description{command.get_name(), command.get_description(), command.get_footer(), {}, {}, {}};
  for (const CLI::Option* option : command.get_options()) {
    ArgumentDescription argument = DescribeArgument(*option);
    if (option->get_positional()) {
      description.positionals.push_back(argument);
      description.positionals.back().flags.clear();
    }
    if (option->nonpositional()) description.flags.push_back(std::move(argument));
  }
  for (const CLI::App* part : command.get_subcommands({})) description.parts.push_back(Describe(*part));
  return description;
}

ValueKind KindOf(const ArgumentDescription& argument) {
  using Kind = std::pair<std::string_view, ValueKind>;
  constexpr std::array kKinds = {
      Kind{"FILE", ValueKind::kFile},       Kind{"PATH..", ValueKind::kFile},     Kind{"IN", ValueKind::kModel},
      Kind{"OUT", ValueKind::kFile},        Kind{"INPUT", ValueKind::kFile},      Kind{"CORPUS", ValueKind::kFile},
      Kind{"MODEL.gguf", ValueKind::kFile}, Kind{"FOLDER", ValueKind::kFolder},   Kind{"RUN", ValueKind::kFolder},
      Kind{"MODEL", ValueKind::kModel},     Kind{"TOKENIZER", ValueKind::kModel},
  };
  const auto found = std::ranges::find(kKinds, argument.value, &Kind::first);
  return found == kKinds.end() ? ValueKind::kText : found->second;
}

std::string_view Brief(const ArgumentDescription& argument) {
  const std::string_view help = argument.help;
  return help.substr(0, std::min(help.find("; "), help.find(" (")));
}

}  // namespace sheepop::cli
