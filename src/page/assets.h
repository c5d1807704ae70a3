// The files of the page, which are part of the program.

#pragma once

#include <vector>

#include "page/site.h"

namespace aims::page {

std::vector<Site::Asset> Assets();

}  // namespace aims::page
