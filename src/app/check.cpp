#include "app/check.h"

#include <fmt/format.h>

#include "base/text.h"
#include "io/files.h"
#include "options/options.h"

namespace aims {

bool CheckOptions(const std::string& path) {
  const auto text = ReadFile(path, kLargestOptions);
  if (!text) {
    fmt::print("{}\n", OneLine(text.error().message));
    return false;
  }
  const Findings findings = ParseOptions(*text).findings;
  for (const std::string& mistake : findings.mistakes) fmt::print("{}\n", OneLine(mistake));
  for (const std::string& warning : findings.warnings) fmt::print("warning: {}\n", OneLine(warning));
  if (findings.mistakes.empty()) fmt::print("The options in {} are right.\n", OneLine(path));
  return findings.mistakes.empty();
}

}  // namespace aims
