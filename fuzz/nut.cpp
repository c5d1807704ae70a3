// Whatever a NUT client sends: each answer is whole lines of ASCII that fit a client's buffer.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "nut/request.h"
#include "nut/session.h"

namespace {

using namespace aims;
using namespace std::chrono_literals;

InverterOptions Served() {
  InverterOptions options;
  options.device = {.id = "aims_inverter", .name = "K\xc3\xbc\"che"};
  options.device.permissions = {.beeper = true, .megatec = true};
  options.battery = {.type = BatteryType::kAgm, .nominal_voltage = 12, .capacity = 200, .rated_power = 1200};
  return options;
}

bool IsAsciiLines(std::string_view text) {
  if (text.empty() || text.back() != '\n') return false;
  size_t length = 0;
  for (const char byte : text) {
    length = byte == '\n' ? 0 : length + 1;
    const auto code = static_cast<unsigned char>(byte);
    if (length >= nut::kLongestLine || code > 0x7f || (code < 0x20 && byte != '\n')) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const InverterOptions options = Served();
  const Moment now{Inverter::Time(1000s), WallTime(1'700'000'000s)};
  Inverter inverter(options);
  NutOptions nut_options;
  nut_options.users = {{"a", "a", NutRole::kPrimary, /*commands=*/true}, {"b", "b"}};
  int clients = 0;
  nut::Service service(
      nut_options, {{&options, &inverter}},
      {.command = [](const std::string&, Command) { return true; },
       .shut_down = [&](const std::string&) { inverter.RequestShutdown(now); },
       .tell_clients = [&](const std::string&, const auto& now_there) { clients = static_cast<int>(now_there.size()); },
       .can_start_tls = [] { return true; },
       .new_id = [] { return "id"; },
       .log = [](const LogLine&) {}});
  if (size > 0 && data[0] != '-') {
    Reading reading;
    reading.on_battery = data[0] == 'B';
    reading.battery_voltage = 12.5;
    inverter.Apply(reading, now);
    service.OnUpdate(inverter, now.steady);
  }
  nut::RequestReader reader;
  nut::Session session(service, "192.168.1.20");
  for (size_t i = 1; i < size; ++i) {
    using Found = nut::RequestReader::Found;
    const Found found = reader.Add(static_cast<char>(data[i]));
    if (found == Found::kTooLong) break;
    if (found != Found::kRequest) continue;
    const nut::Answer answer = session.Handle(reader.words(), now);
    if (!IsAsciiLines(answer.text)) std::abort();
    if (answer.then == nut::Answer::Then::kClose) break;
  }
  session.OnLost("the connection ended", now.steady);
  if (clients != 0) std::abort();
  return 0;
}
