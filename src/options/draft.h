// Options that are put together answer by answer, as --setup does. What an answer may be is said by ParseOptions alone.
// Pure.

#pragma once

#include <rapidjson/document.h>

#include <string>
#include <string_view>
#include <vector>

namespace aims {

class Draft {
 public:
  // One inverter, and no broker.
  Draft();

  // Puts `answer` at `place`, a JSON pointer (RFC 6901) such as "/mqtt/host"; a number or a truth value as such, where
  // it is one and the place takes one. The mistakes of ParseOptions; if there are any, the draft stays as it was.
  std::vector<std::string> Set(std::string_view place, std::string_view answer);
  void Remove(std::string_view place);
  bool Has(std::string_view place) const;

  std::string ToJson() const;  // for a person to read

 private:
  rapidjson::Document json_;
};

}  // namespace aims
