// The owner's options, as the Supervisor writes them to /data/options.json, checked in one place: text in, options and
// findings out. Every mistake is found at once and told in the owner's words; what is checked here is not checked again
// elsewhere. config.yaml holds the same schema for Home Assistant's form.
// Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/log_level.h"
#include "inverter/options.h"
#include "mqtt/options.h"
#include "nut/options.h"
#include "options/reader.h"
#include "page/options.h"

namespace aims {

struct Options {
  std::vector<InverterOptions> inverters;
  MqttOptions mqtt;
  NutOptions nut;
  WebOptions web;
  LogLevel log_level = LogLevel::kInfo;
};

// `options` are to be used only if there are no mistakes. A password is in no finding.
struct CheckedOptions {
  Options options;
  Findings findings;
};

// Reads any text: nesting of any depth, numbers as text and the reverse, an empty string or null as "not given".
CheckedOptions ParseOptions(std::string_view json);

}  // namespace aims
