// Whatever comes over the wire: nothing crashes, and what is read is plausible.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "homeassistant/documents.h"
#include "inverter/sentences.h"
#include "megatec/q1.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace aims;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  megatec::IsComplete(bytes, megatec::kStatusRequest);
  const auto reading = megatec::ParseReply(bytes, megatec::kStatusRequest);
  if (!reading) return megatec::Describe(reading.error()).empty() ? 1 : 0;
  const auto plausible = [](double volts) { return volts >= 0 && volts < 1'000'000; };
  if (!plausible(reading->utility_voltage.value_or(0)) || !plausible(reading->output_voltage) ||
      !plausible(reading->battery_voltage)) {
    std::abort();
  }
  if (StateDocument({*reading, true}).empty() || Summary(*reading).empty()) std::abort();
  return 0;
}
