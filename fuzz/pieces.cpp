// Whatever comes over the wire, in whatever pieces: an exchange ends at the same byte however the bytes were cut, and
// what it brings is then the same. The first byte of the input seeds the cuts.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string_view>

#include "megatec/q1.h"

namespace {

using namespace aims;

// What Link::Ask would hold at the end of the exchange. Pieces are never longer than what ends it, as on a line that
// sends byte after byte and is read whenever something is there.
std::string_view Collected(std::string_view bytes, unsigned seed) {
  std::minstd_rand random(seed);
  size_t size = 0;
  while (size < bytes.size()) {
    const size_t piece = 1 + random() % 8;
    for (size_t end = std::min(bytes.size(), size + piece); size < end;) {
      ++size;
      if (megatec::IsComplete(bytes.substr(0, size), megatec::kStatusRequest)) return bytes.substr(0, size);
    }
    const std::string_view so_far = bytes.substr(0, size);
    // Only what has begun can be ended by silence; and then it says something.
    const bool has_begun = megatec::HasBegun(so_far, megatec::kStatusRequest);
    const auto reading = megatec::ParseReply(so_far, megatec::kStatusRequest);
    if (has_begun && !reading && reading.error() == megatec::Refusal::kEmpty) std::abort();
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view one = Collected(bytes, data[0]);
  const std::string_view other = Collected(bytes, data[0] + 1U);
  if (one.size() != other.size()) std::abort();
  const auto reading = megatec::ParseReply(one, megatec::kStatusRequest);
  // A frame that is whole is not lost for what comes after it in the same piece.
  const auto all = megatec::ParseReply(bytes, megatec::kStatusRequest);
  if (reading && !all) std::abort();
  return 0;
}
