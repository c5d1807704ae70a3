// What the owner says of the NUT server: whether there is one, and who may log in to it.
// Pure.

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aims {

inline constexpr uint16_t kNutPort = 3493;  // registered with IANA as "nut"

// As in upsd.users(5): a secondary logs in and shuts down when told; a primary may also tell all others to (FSD).
enum class NutRole { kRead, kSecondary, kPrimary };
inline constexpr std::array<std::string_view, 3> kNutRoles{"read", "secondary", "primary"};

struct NutUser {
  std::string name;
  std::string password;
  NutRole role = NutRole::kSecondary;
  bool commands = false;  // may send instant commands, of those that `control` allows

  bool operator==(const NutUser&) const = default;
};

struct NutOptions {
  bool enabled = false;
  uint16_t port = kNutPort;
  bool nas = false;  // the logins that NAS makers have built in, too
  bool tls = false;
  std::string cert_file;  // both empty: a certificate of the program's own
  std::string key_file;
  std::vector<NutUser> users;
};

// Synology's, QNAP's and Asustor's. They are public.
inline constexpr std::pair<std::string_view, std::string_view> kNasLogins[] = {
    {"monuser", "secret"}, {"admin", "123456"}, {"admin", "1111"}};

}  // namespace aims
