// The owner's options as they can be shown to others: without what is secret.
// Pure.

#pragma once

#include <string>
#include <string_view>

namespace aims {

// `json` with "(hidden)" in place of each value whose key speaks of a password, a secret or a token. "{}" where it is
// no JSON. Nesting of any depth.
std::string WithoutSecrets(std::string_view json);

}  // namespace aims
