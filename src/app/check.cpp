#include "app/check.h"

#include <fmt/format.h>

#include "base/text.h"
#include "io/files.h"
#include "options/redacted.h"

namespace aims {

Result<ReadOptionsFile> ReadOptions(const std::string& path) {
  constexpr size_t kLargest = 16 << 20;
  const auto text = ReadFile(path, kLargest);
  if (!text) return tl::unexpected<Error>(text.error());
  return ReadOptionsFile{ParseOptions(*text), WithoutSecrets(*text)};
}

bool CheckOptions(const std::string& path) {
  const auto read = ReadOptions(path);
  if (!read) {
    fmt::print("{}\n", OneLine(read.error().message));
    return false;
  }
  const Findings& findings = read->checked.findings;
  for (const std::string& mistake : findings.mistakes) fmt::print("{}\n", OneLine(mistake));
  for (const std::string& warning : findings.warnings) fmt::print("warning: {}\n", OneLine(warning));
  if (findings.mistakes.empty()) fmt::print("The options in {} are right.\n", OneLine(path));
  return findings.mistakes.empty();
}

}  // namespace aims
