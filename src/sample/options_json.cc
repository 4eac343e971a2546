#include "sample/options_json.h"

#include <boost/json/value.hpp>

#include "base/options_json.h"

namespace sheepop {

boost::json::object SettingsJson(const SamplingOptions& options) {
  boost::json::object settings = OptionsJson(kSamplingTable, &options);
  settings.erase("seed");
  return settings;
}

SamplingOptions SettingsFromJson(const boost::json::object& settings) {
  SamplingOptions options;
  SetFromJson(kSamplingTable, settings, &options);
  Validate(options);
  return options;
}

}  // namespace sheepop
