// What a command takes, apart from its parser: what manual pages and completions are written from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}  // namespace CLI

namespace sheepop::cli {

struct ArgumentDescription {
  std::vector<std::string> flags;  // "-n", "--max-tokens"; none: it stands without a flag
  std::string value;               // what stands for the value: "FILE"; empty: a switch
  std::vector<std::string> choices;
  std::string help;
  std::string group;  // a title; empty: none of its own
  bool required = false;
  bool many = false;  // may be given several times
};

struct CommandDescription {
  std::string name;         // "shards"
  std::string description;  // in one line
  std::string footer;
  std::vector<ArgumentDescription> flags, positionals;
  std::vector<CommandDescription> parts;
};

// The program itself, or a command of it.
CommandDescription Describe(const CLI::App& command);

// What the value of an argument is besides text.
enum class ValueKind { kText, kFile, kFolder, kModel };
ValueKind KindOf(const ArgumentDescription& argument);

// The help text as far as a line of completions has room for it: up to the first bound or remark.
std::string_view Brief(const ArgumentDescription& argument);

}  // namespace sheepop::cli
