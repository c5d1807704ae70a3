#include "inverter/device.h"

namespace aims {

std::string Slug(std::string_view name) {
  std::string slug;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      slug += upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!slug.empty() && slug.back() != '_') {
      slug += '_';
    }
  }
  if (slug.ends_with('_')) slug.pop_back();
  return slug;
}

Device RehearsalOf(const Device& device) {
  const std::string name = device.name + " (rehearsal)";
  return {Slug(name), name, device.model, {}, device.described, /*has_nut=*/false, /*is_rehearsal=*/true};
}

}  // namespace aims
