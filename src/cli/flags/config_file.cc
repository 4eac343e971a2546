#include "cli/flags/config_file.h"

#include <sstream>

#include "base/error.h"
#include "base/text_file.h"
#include "cli/console.h"

namespace sheepop::cli {
namespace {

void Set(CLI::App& app, const CLI::Config& format, const CLI::ConfigItem& item) {
  CLI::Option* option = app.get_option_no_throw("--" + item.name);
  if (!option) option = app.get_option_no_throw(item.name);
  if (!option || !item.parents.empty() || !option->get_configurable()) {
    throw CLI::ConfigError("there is no option " + item.fullname(), CLI::ExitCodes::ConfigError);
  }
  if (!option->empty()) return;
  if (option->get_expected_min() == 0) {
    option->add_result(option->get_flag_value(item.name, format.to_flag(item)));
  } else {
    option->add_result(item.inputs);
  }
  option->run_callback();
}

}  // namespace

void ReadOptions(const std::string& path, CLI::App& app) {
  std::istringstream text(ReadFileOrStdin(path));
  try {
    const CLI::ConfigTOML format;
    for (const CLI::ConfigItem& item : format.from_config(text)) Set(app, format, item);
  } catch (const CLI::Error& error) {
    throw Error(ErrorCategory::kInvalidArgument, "{}: {}", path, error.what());
  }
}

}  // namespace sheepop::cli
