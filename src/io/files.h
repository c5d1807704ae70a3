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

// Keeps a second program out of a directory while the descriptor lives: both would have to lock it. kBusy: another one
// holds it; kAbsent: it cannot be opened.
Result<Descriptor> LockDirectory(const std::string& path);

}  // namespace aims
