// Text of others as it can be shown: on one line, and read as it stands.
// Pure.

#pragma once

#include <string>
#include <string_view>

namespace aims {

// `text` with a '?' for each byte that is not UTF-8, and for each character that does something other than being
// shown: control characters (C0 and C1), line and paragraph separators, and those that turn the direction of writing
// (Unicode Standard Annex #9, section 2), with which a line can be made to read like another.
std::string OneLine(std::string_view text);

}  // namespace aims
