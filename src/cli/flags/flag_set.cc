#include "cli/flags/flag_set.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <set>
#include <sstream>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "base/text_file.h"

namespace sheepop::cli {
namespace {

constexpr double kMostTokens = 2147483647;  // of a Token

// The parser makes a declared flag only once its callback exists, and the callback wants what the flag was given.
struct Late {
  CLI::Option* option = nullptr;
};

template <class Element, class Read>
FlagSet::Reader ListReader(std::vector<Element>& values, Read read) {
  return [&values, read, first = std::make_shared<bool>(true)](std::string_view flag, std::string_view text) {
    if (std::exchange(*first, false)) values.clear();  // the default
    for (std::string_view part : ReadList(flag, text, ',')) values.push_back(read(flag, part));
  };
}

FlagSet::Reader TextReader(std::vector<std::string>& values) {
  return [&values, first = std::make_shared<bool>(true)](std::string_view, std::string_view text) {
    if (std::exchange(*first, false)) values.clear();
    values.emplace_back(text);
  };
}

std::vector<std::string_view> LongNames(const CLI::App& app, std::vector<std::string>& storage) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (option->get_configurable()) storage.push_back(name);
    }
  }
  return {storage.begin(), storage.end()};
}

// The parser passes over lines of one or two characters, which can say nothing, and takes no value for an empty one.
void CheckLines(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    const std::string said = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
    const size_t equals = said.find('=');
    const size_t value = equals == std::string::npos ? 0 : said.find_first_not_of(" \t", equals + 1);
    if (value == std::string::npos || (value > 0 && said[value] == '#')) {
      throw Error(ErrorCategory::kInvalidArgument, "the line \"{}\" has no value; give it one, or take the line out",
                  said);
    }
    if (said.size() < 3) throw Error(ErrorCategory::kInvalidArgument, "the line \"{}\" is no NAME = VALUE", said);
  }
}

// `seen`: what stood before it in the file.
void SetFromToml(CLI::App& app, const CLI::Config& format, const CLI::ConfigItem& item, std::set<std::string>& seen) {
  if (!item.parents.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "options stand in no section, so [{}] cannot be there; take it out",
                item.parents.front());
  }
  CLI::Option* option = app.get_option_no_throw("--" + item.name);
  if (!option) option = app.get_option_no_throw(item.name);
  if (!option || !option->get_configurable()) {
    std::vector<std::string> storage;
    throw Error(ErrorCategory::kInvalidArgument, "there is no option \"{}\"{}", item.fullname(),
                DidYouMean(item.fullname(), LongNames(app, storage)));
  }
  const bool one = option->get_expected_max() <= 1;
  if (!seen.insert(item.name).second || (one && item.inputs.size() > 1)) {
    throw Error(ErrorCategory::kInvalidArgument, "{} has more than one value ({}); give it one, on one line", item.name,
                fmt::join(item.inputs, ", "));
  }
  if (item.inputs.empty()) {
    throw Error(ErrorCategory::kInvalidArgument, "{} has no value; give it one, or take the line out", item.name);
  }
  if (!option->empty()) return;
  if (option->get_expected_min() == 0) {
    if (item.inputs[0] != "true" && item.inputs[0] != "false") {
      throw Error(ErrorCategory::kInvalidArgument, "{} is \"{}\", must be true or false", item.name, item.inputs[0]);
    }
    option->add_result(option->get_flag_value(item.name, format.to_flag(item)));
  } else {
    option->add_result(item.inputs);
  }
  option->run_callback();
}

}  // namespace

Flag& Flag::As(const std::string& value) {
  option_->type_name(value);
  return *this;
}

Flag& Flag::OneOf(const std::string& names) {
  option_->check(CLI::Validator([](std::string&) { return std::string(); }, names, "one of"));
  return *this;
}

Flag& Flag::Group(const std::string& title) {
  option_->group(title);
  return *this;
}

Flag& Flag::Required() {
  option_->required();
  return *this;
}

Flag& Flag::Excludes(const Flag& other) {
  option_->excludes(other.option_);
  return *this;
}

Flag& Flag::TakeLast() {
  option_->take_last();
  return *this;
}

Flag FlagSet::Each(const std::string& names, const std::string& help, Reader read, Takes takes) {
  auto late = std::make_shared<Late>();
  // The texts as they were given: the parser's own list has more in it after a lone "{}".
  CLI::Option* option = app_->add_option(
      names,
      [late, read = std::move(read), takes](const CLI::results_t&) {
        const CLI::results_t& given = late->option->results();
        const size_t first = takes == Takes::kOne ? given.size() - 1 : 0;
        const std::string flag = late->option->get_name();
        for (size_t i = first; i < given.size(); ++i) read(flag, given[i]);
        return true;
      },
      help);
  late->option = option;
  option->type_name("VALUE");
  if (takes != Takes::kOne) option->expected(1, CLI::detail::expected_max_vector_size);
  option->allow_extra_args(takes == Takes::kMany);
  return Flag(option);
}

Flag FlagSet::EachSwitch(const std::string& names, const std::string& help, Reader read) {
  auto late = std::make_shared<Late>();
  CLI::Option* option = app_->add_flag_function(
      names,
      [late, read = std::move(read)](int64_t) {
        const std::string& last = late->option->results().back();
        read(late->option->get_name(), CLI::detail::to_flag_value(last) > 0 ? "true" : "false");
      },
      help);
  late->option = option;
  return Flag(option);
}

Flag FlagSet::Value(const std::string& names, std::string& value, const std::string& help) {
  return Each(names, help, [&value](std::string_view, std::string_view text) { value = text; });
}

Flag FlagSet::Value(const std::string& names, std::optional<std::string>& value, const std::string& help) {
  return Each(names, help, [&value](std::string_view, std::string_view text) { value = text; });
}

Flag FlagSet::Value(const std::string& names, std::filesystem::path& value, const std::string& help) {
  return Each(names, help, [&value](std::string_view, std::string_view text) { value = text; });
}

Flag FlagSet::Value(const std::string& names, double& value, const Bounds& bounds, const std::string& help) {
  return Each(names, help, [&value, bounds](std::string_view flag, std::string_view text) {
    value = ReadNumber(flag, text, bounds);
  });
}

Flag FlagSet::Value(const std::string& names, std::optional<double>& value, const Bounds& bounds,
                    const std::string& help) {
  return Each(names, help, [&value, bounds](std::string_view flag, std::string_view text) {
    value = ReadNumber(flag, text, bounds);
  });
}

Flag FlagSet::Seed(const std::string& names, uint64_t& value, const std::string& help) {
  return Each(names, help,
              [&value](std::string_view flag, std::string_view text) { value = ReadUnsigned(flag, text); });
}

Flag FlagSet::Value(const std::string& names, std::vector<std::string>& values, const std::string& help) {
  return Each(names, help, TextReader(values), Takes::kOneEachTime);
}

Flag FlagSet::Values(const std::string& names, std::vector<std::string>& values, const std::string& help) {
  return Each(names, help, TextReader(values), Takes::kMany);
}

Flag FlagSet::List(const std::string& names, std::vector<size_t>& values, const Bounds& bounds,
                   const std::string& help) {
  return Each(names, help,
              ListReader(values,
                         [bounds](std::string_view flag, std::string_view text) {
                           return static_cast<size_t>(ReadInteger(flag, text, bounds));
                         }),
              Takes::kMany);
}

Flag FlagSet::List(const std::string& names, std::vector<double>& values, const Bounds& bounds,
                   const std::string& help) {
  return Each(names, help,
              ListReader(values, [bounds](std::string_view flag,
                                          std::string_view text) { return ReadNumber(flag, text, bounds); }),
              Takes::kMany);
}

Flag FlagSet::List(const std::string& names, std::vector<std::string>& values, const std::string& help) {
  return Each(names, help,
              ListReader(values, [](std::string_view, std::string_view text) { return std::string(text); }),
              Takes::kMany);
}

Flag FlagSet::Ids(const std::string& names, std::optional<std::vector<Token>>& values, const std::string& help) {
  return Each(
      names, help,
      [&values](std::string_view flag, std::string_view text) {
        if (!values) values.emplace();
        for (std::string_view part : ReadList(flag, text, ',')) {
          values->push_back(static_cast<Token>(ReadInteger(flag, part, {0, kMostTokens})));
        }
      },
      Takes::kMany);
}

Flag FlagSet::Switch(const std::string& names, bool& value, const std::string& help) {
  return EachSwitch(names, help, [&value](std::string_view, std::string_view text) { value = text == "true"; });
}

Flag FlagSet::Positional(const std::string& name, std::string& value, const std::string& help) {
  return Value(name, value, help);
}

Flag FlagSet::Positional(const std::string& name, std::vector<std::filesystem::path>& values, const std::string& help) {
  return Each(
      name, help, [&values](std::string_view, std::string_view text) { values.emplace_back(text); }, Takes::kMany);
}

void FlagSet::Footer(const std::string& text) { app_->footer(text); }

FlagSet FlagSet::Part(const std::string& name, const std::string& description) {
  app_->require_subcommand(1);
  CLI::App* part = app_->add_subcommand(name, description);
  part->fallthrough();
  return {*part};
}

bool FlagSet::parsed() const { return app_->parsed(); }

bool FlagSet::Given(const std::string& flag) const { return app_->count(flag) > 0; }

void FlagSet::ReadToml(const std::string& path) {
  std::istringstream text(ReadTextFile(path, "a TOML file"));
  try {
    CheckLines(text.str());
    const CLI::ConfigTOML format;
    std::set<std::string> seen;
    for (const CLI::ConfigItem& item : format.from_config(text)) SetFromToml(*app_, format, item, seen);
  } catch (const Error& error) {
    throw Error(ErrorCategory::kInvalidArgument, "{}: {}", path, error.what());
  } catch (const CLI::Error& error) {
    throw Error(ErrorCategory::kInvalidArgument, "{}: {}", path, error.what());
  }
}

std::string FlagSet::GivenToml() const { return app_->config_to_str(false, false); }

void ParseFlags(const std::string& line, const std::function<void(FlagSet)>& declare) {
  CLI::App app;
  app.set_help_flag();
  declare(app);
  try {
    app.parse(line);
  } catch (const CLI::ParseError& error) {
    for (const std::string& argument : app.remaining()) {
      if (argument.starts_with('-')) throw Error(ErrorCategory::kInvalidArgument, "there is no {}", argument);
    }
    throw Error(ErrorCategory::kInvalidArgument, "{}", error.what());
  }
}

}  // namespace sheepop::cli
