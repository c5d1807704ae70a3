// Whatever arrives on the command topic, and whatever the inverter answers: a command is one of the words and nothing
// near it, its request is a short line, and nothing is allowed that the owner has not allowed.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "megatec/requests.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto command = aims::CommandOf(text);
  if (command && (aims::Name(*command) != text || aims::IsAllowed(*command, {}))) std::abort();
  for (size_t i = 0; i < aims::kCommands.size(); ++i) {
    const auto one = static_cast<aims::Command>(i);
    const std::chrono::seconds delay(size > 3 ? data[0] * 65536 + data[1] * 256 + data[2] : 0);
    const std::string request = aims::megatec::RequestFor(one, {delay, delay});
    if (request.size() > 9 || (!request.empty() && request.find('\r') != request.size() - 1)) std::abort();
    aims::megatec::IsRefusal(text, request);
  }
  return 0;
}
