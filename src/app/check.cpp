#include "app/check.h"

#include <fmt/format.h>

#include "base/text.h"
#include "io/files.h"

namespace aims {

Result<CheckedOptions> ReadOptions(const std::string& path) {
  constexpr size_t kLargest = 16 << 20;
  const auto text = ReadFile(path, kLargest);
  if (!text) return tl::unexpected<Error>(text.error());
  return ParseOptions(*text);
}

bool CheckOptions(const std::string& path) {
  const auto checked = ReadOptions(path);
  if (!checked) {
    fmt::print("{}\n", OneLine(checked.error().message));
    return false;
  }
  const Findings& findings = checked->findings;
  for (const std::string& mistake : findings.mistakes) fmt::print("{}\n", OneLine(mistake));
  for (const std::string& warning : findings.warnings) fmt::print("warning: {}\n", OneLine(warning));
  if (findings.mistakes.empty()) fmt::print("The options in {} are right.\n", OneLine(path));
  return findings.mistakes.empty();
}

}  // namespace aims
