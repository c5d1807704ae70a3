// Files, read whole and within bounds, and written whole or not at all.

#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "io/descriptor.h"

namespace aims {

// The bytes of the file at `path`. kAbsent: it cannot be read (the message names it and says why); kRefused: it is
// no file, or larger than `most` bytes.
Result<std::string> ReadFile(const std::string& path, size_t most);

// Puts `text` into the file at `path`: into a new file beside it first, which takes its place once it is on the disk,
// so that at any moment a whole file is there, the old one or the new. Readable by its owner alone. kRefused: it cannot
// (the message names it and says why); what was there still is, unless only its directory could not be synced.
Result<void> WriteFile(const std::string& path, const std::string& text);

// Puts `bytes` into the file at `path`, behind its first `offset` bytes, and has them on the disk; makes the file where
// there is none. kRefused: it cannot (the message names it and says why), or only in part: the same again mends that.
Result<void> WriteAt(const std::string& path, size_t offset, const std::string& bytes);

// Renames the file at `path` to `path`.bad, out of the way. kRefused: it cannot (the message says why).
Result<void> SetAside(const std::string& path);
inline std::string AsideOf(const std::string& path) { return path + ".bad"; }

// Keeps a second program out of a directory while the descriptor lives: both would have to lock it. kBusy: another one
// holds it; kAbsent: it cannot be opened.
Result<Descriptor> LockDirectory(const std::string& path);

}  // namespace aims
