// Whatever stands in the files below --data: it is refused whole, or what is read of it is written and read again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "homeassistant/announced.h"
#include "inverter/saved_state.h"
#include "mqtt/event_queue.h"

namespace {

template <typename Record>
void LoadAndSave(std::string_view text) {
  const auto record = Record::FromJson(text);
  if (!record) return;
  const std::string written = record->ToJson();
  const auto again = Record::FromJson(written);
  if (!again || again->ToJson() != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  LoadAndSave<aims::EventQueue>(text);
  LoadAndSave<aims::AnnouncedDevices>(text);
  LoadAndSave<aims::SavedOutages>(text);
  LoadAndSave<aims::SavedBatteries>(text);
  return 0;
}
