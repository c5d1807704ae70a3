// Whatever the Supervisor, or somebody in its place, answers: a broker with host and port, or a reason.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "supervisor/reply.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view answer(reinterpret_cast<const char*>(data), size);
  aims::IsWholeAnswer(answer);
  const auto broker = aims::ParseServiceAnswer(answer);
  if (broker ? broker->host.empty() || broker->port == 0 : broker.error().message.empty()) std::abort();
  return 0;
}
