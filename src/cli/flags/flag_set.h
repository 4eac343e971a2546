// The flags of a command, declared without a parser in sight: only flag_set.cc and app.cc see CLI11, which takes
// seconds to compile.
//
//   void Register(FlagSet flags) override {
//     flags.Value("-n,--max-tokens", max_tokens_, AtLeast(0), "most tokens to write; at least 0 (default 256)").As("N");
//     flags.Value("--stop", stops_, "end the text before this; may be given several times").As("TEXT");
//     flags.Switch("--ignore-eos", ignore_eos_, "go on past the model's end tokens");
//     flags.Positional("input", input_, "a corpus folder").As("INPUT").Required();
//   }
//
// Names: "-n,--max-tokens"; "--plan,!--no-plan" is a switch with its opposite; "-m,--model,model" may also be given
// without its flag. Values are read by base/numbers.h as soon as the command line is parsed, and land in the variable,
// which must outlive the parse. Help texts state bounds and defaults in words. A wrong value throws kInvalidArgument
// that names flag, text and bound. Unless it takes several values, a flag is given at most once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/numbers.h"
#include "base/token.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sheepop::cli {

// One declared flag; copies are the same flag. It lives as long as its FlagSet's program.
class Flag {
 public:
  explicit Flag(CLI::Option* option) : option_(option) {}

  Flag& As(const std::string& value);  // what stands for the value in --help: "N", "FILE"
  Flag& OneOf(
      const std::string& names);  // what the value may be, separated by '|', for what completes it; refuses nothing
  Flag& Group(const std::string& title);  // under which --help lists it
  Flag& Required();
  Flag& Excludes(const Flag& other);
  Flag& TakeLast();  // given several times, the last counts

 private:
  CLI::Option* option_;
};

// Copies are the same set.
class FlagSet {
 public:
  FlagSet(CLI::App& app) : app_(&app) {}  // NOLINT(google-explicit-constructor): the parser's own name for it

  // One value, or none.
  Flag Value(const std::string& names, std::string& value, const std::string& help);
  Flag Value(const std::string& names, std::optional<std::string>& value, const std::string& help);
  Flag Value(const std::string& names, std::filesystem::path& value, const std::string& help);
  Flag Value(const std::string& names, double& value, const Bounds& bounds, const std::string& help);
  Flag Value(const std::string& names, std::optional<double>& value, const Bounds& bounds, const std::string& help);
  template <class Whole>
    requires std::is_integral_v<Whole>
  Flag Value(const std::string& names, Whole& value, const Bounds& bounds, const std::string& help) {
    return Each(names, help, [&value, bounds](std::string_view flag, std::string_view text) {
      value = static_cast<Whole>(ReadInteger(flag, text, bounds));
    });
  }
  template <class Whole>
    requires std::is_integral_v<Whole>
  Flag Value(const std::string& names, std::optional<Whole>& value, const Bounds& bounds, const std::string& help) {
    return Each(names, help, [&value, bounds](std::string_view flag, std::string_view text) {
      value = static_cast<Whole>(ReadInteger(flag, text, bounds));
    });
  }
  // Any of 2^64.
  Flag Seed(const std::string& names, uint64_t& value, const std::string& help);
  // One of the names, which `help` lists.
  template <class Choice>
  Flag Value(const std::string& names, Choice& value,
             std::initializer_list<std::pair<std::string_view, Choice>> choices, const std::string& help) {
    std::vector<std::pair<std::string, Choice>> known(choices.begin(), choices.end());
    std::string all;
    for (const auto& [name, choice] : known) all += (all.empty() ? "" : "|") + name;
    Flag flag = Each(names, help, [&value, known, all](std::string_view flag_name, std::string_view text) {
      const std::string_view found = ReadChoice(flag_name, text, all);
      for (const auto& [name, choice] : known) {
        if (name == found) value = choice;
      }
    });
    return flag.OneOf(all);
  }

  // Several: a value each time the flag is given.
  Flag Value(const std::string& names, std::vector<std::string>& values, const std::string& help);
  // Several: all values that follow the flag, each time it is given.
  Flag Values(const std::string& names, std::vector<std::string>& values, const std::string& help);

  // "1,2,3"; given several times, the lists are joined.
  Flag List(const std::string& names, std::vector<size_t>& values, const Bounds& bounds, const std::string& help);
  Flag List(const std::string& names, std::vector<double>& values, const Bounds& bounds, const std::string& help);
  Flag List(const std::string& names, std::vector<std::string>& values, const std::string& help);
  Flag Ids(const std::string& names, std::optional<std::vector<Token>>& values, const std::string& help);

  Flag Switch(const std::string& names, bool& value, const std::string& help);

  // Without a flag, in the order of their declaration.
  Flag Positional(const std::string& name, std::string& value, const std::string& help);
  Flag Positional(const std::string& name, std::vector<std::filesystem::path>& values, const std::string& help);

  // What the others are made of: `read` gets the flag's own name and each text given, in their order.
  using Reader = std::function<void(std::string_view flag, std::string_view text)>;
  enum class Takes { kOne, kOneEachTime, kMany };
  Flag Each(const std::string& names, const std::string& help, Reader read, Takes takes = Takes::kOne);
  // The same for a switch: the text is "true" or "false".
  Flag EachSwitch(const std::string& names, const std::string& help, Reader read);

  // The last words of --help.
  void Footer(const std::string& text);

  // A command of this command; one of them must be given. Flags of this one may stand behind it too.
  FlagSet Part(const std::string& name, const std::string& description);

  // After the parse.
  bool parsed() const;  // this command was asked for
  bool Given(const std::string& flag) const;

  // Sets what a TOML file names by flag ("learning-rate = 1e-3") and the command line did not give. Throws
  // kInvalidArgument for names that no flag has, with the nearest one that is.
  void ReadToml(const std::string& path);
  // The flags that were given, as lines of TOML.
  std::string GivenToml() const;

 private:
  CLI::App* app_;
};

// Parses a line of flags, as a shell would give them, that `declare` names. Throws kInvalidArgument.
void ParseFlags(const std::string& line, const std::function<void(FlagSet)>& declare);

}  // namespace sheepop::cli
