#include "page/assets.h"

#include <string_view>

// Puts the bytes of a file into the program, between two names (the assembler's .incbin). CMakeLists.txt says where the
// files are, and compiles this one anew when one of them changes.
#define AIMS_EMBED(name, path)                                                       \
  asm(".pushsection .rodata\n"                                                       \
      "aims_" #name "_begin:\n.incbin \"" path                                       \
      "\"\n"                                                                         \
      "aims_" #name "_end:\n.byte 0\n.popsection\n");                                \
  extern "C" const char aims_##name##_begin[] __attribute__((visibility("hidden"))); \
  extern "C" const char aims_##name##_end[] __attribute__((visibility("hidden")))

AIMS_EMBED(index, AIMS_PAGE "/index.html");
AIMS_EMBED(script, AIMS_PAGE "/page.js");
AIMS_EMBED(plots, AIMS_PAGE "/plots.js");
AIMS_EMBED(words, AIMS_PAGE "/words.js");
AIMS_EMBED(style, AIMS_PAGE "/page.css");
AIMS_EMBED(icon, AIMS_PAGE "/icon.svg");
AIMS_EMBED(dygraph, AIMS_DYGRAPHS "/dygraph.min.js");

namespace aims::page {

std::vector<Site::Asset> Assets() {
  constexpr std::string_view kScript = "text/javascript; charset=utf-8";
  const auto between = [](const char* begin, const char* end) {
    return std::string_view(begin, static_cast<size_t>(end - begin));
  };
  return {
      {"/", "text/html; charset=utf-8", between(aims_index_begin, aims_index_end)},
      {"/page.js", kScript, between(aims_script_begin, aims_script_end)},
      {"/plots.js", kScript, between(aims_plots_begin, aims_plots_end)},
      {"/words.js", kScript, between(aims_words_begin, aims_words_end)},
      {"/page.css", "text/css; charset=utf-8", between(aims_style_begin, aims_style_end)},
      {"/icon.svg", "image/svg+xml", between(aims_icon_begin, aims_icon_end)},
      {"/dygraph.js", kScript, between(aims_dygraph_begin, aims_dygraph_end)},
  };
}

}  // namespace aims::page
