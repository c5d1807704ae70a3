// Frames as they came from real units, with their source, and shapes that the field is known to send.

#pragma once

#include <string_view>

namespace aims::frames {

// PICOGLF12W12V120AL, from the readme of stevesinchak/AIMSPowerInverterMQTT.
inline constexpr std::string_view kMains = "(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r";
// The same author's commented-out test of an outage.
inline constexpr std::string_view kOutage = "(000.0 110.0 120.0 023 60.0 12.1 00.0 10001011\r";

}  // namespace aims::frames
