// Whatever stands in options.json: it is taken, or every mistake has its line.

#include "options/options.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto checked = aims::ParseOptions({reinterpret_cast<const char*>(data), size});
  for (const std::string& mistake : checked.findings.mistakes) {
    if (mistake.empty() || mistake.size() > 1000 || mistake.find('\n') != std::string::npos) std::abort();
  }
  if (!checked.findings.mistakes.empty()) return 0;
  if (checked.options.inverters.empty() || checked.options.mqtt.broker.port == 0) std::abort();
  for (const auto& inverter : checked.options.inverters) {
    if (inverter.device.id.empty() || inverter.poll_interval > std::chrono::seconds(60)) std::abort();
  }
  return 0;
}
