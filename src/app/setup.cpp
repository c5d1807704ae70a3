#include "app/setup.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string_view>
#include <utility>
#include <vector>

#include "app/probe.h"
#include "base/text.h"
#include "io/files.h"
#include "io/resolver.h"
#include "mqtt/client.h"
#include "mqtt/diagnosis.h"
#include "options/draft.h"
#include "options/options.h"
#include "wire/serial.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using std::string;
using std::string_view;
namespace fs = std::filesystem;

// The owner has ended it: end of input, or Ctrl+C.
struct GivenUp : std::exception {};

template <typename... Arguments>
void Tell(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  fmt::print("{}\n", fmt::format(format, std::forward<Arguments>(arguments)...));
  std::fflush(stdout);
}

// What is typed is not shown. Ctrl+C is a character then, so that the terminal is never left silent.
class Unseen {
 public:
  Unseen() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  ~Unseen() {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    Tell("");
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
};

// A line, without the blanks around it unless it is `exact`.
string ReadLine(bool exact = false) {
  constexpr char kControlC = 3;
  string line;
  if (!std::getline(std::cin, line) || line.find(kControlC) != string::npos) throw GivenUp();
  if (exact) return line;
  const size_t begin = line.find_first_not_of(" \t\r");
  if (begin == string::npos) return "";
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

// `otherwise`: what an empty line stands for.
string Ask(string_view question, string_view otherwise = "") {
  fmt::print("  {}{}: ", question, otherwise.empty() ? "" : fmt::format(" [{}]", otherwise));
  std::fflush(stdout);
  const string answer = ReadLine();
  return answer.empty() ? string(otherwise) : answer;
}

string AskUnseen(string_view question) {
  const Unseen unseen;  // before the question: who types ahead is not shown either
  fmt::print("  {}: ", question);
  std::fflush(stdout);
  return ReadLine(/*exact=*/true);
}

bool Agrees(string_view question, bool otherwise) {
  while (true) {
    const string answer = Ask(fmt::format("{} {}", question, otherwise ? "[Y/n]" : "[y/N]"));
    if (answer.empty()) return otherwise;
    if (answer[0] == 'y' || answer[0] == 'Y') return true;
    if (answer[0] == 'n' || answer[0] == 'N') return false;
    Tell("  Please answer y or n.");
  }
}

// Puts the answer into the draft. False: it is not accepted, and why was said.
bool Take(Draft& draft, string_view place, string_view answer) {
  const auto mistakes = draft.Set(place, answer);
  for (const string& mistake : mistakes) Tell("    {}", OneLine(mistake));
  return mistakes.empty();
}

// Asks until the answer is accepted; an empty one leaves the option out.
void AskFor(Draft& draft, string_view place, string_view question, string_view otherwise = "") {
  while (true) {
    const string answer = Ask(question, otherwise);
    if (answer.empty()) return draft.Remove(place);
    if (Take(draft, place, answer)) return;
  }
}

// ---- The inverter ----

// The adapters that may be an inverter's, and a Raspberry Pi's own serial port.
std::vector<string> FindPorts() {
  std::vector<string> ports = ListAdapters("/dev");
  std::erase_if(ports, [](const string& port) { return IsRadioStick(fs::path(port).filename().string()); });
  std::error_code ignored;
  if (fs::exists("/dev/serial0", ignored)) ports.emplace_back("/dev/serial0");
  return ports;
}

// What was chosen of `ports`, by its number or as it was typed.
string Chosen(const std::vector<string>& ports, const string& answer) {
  const size_t number = ToNumber<size_t>(answer).value_or(0);
  return number >= 1 && number <= ports.size() ? ports[number - 1] : answer;
}

void AskWhere(Draft& draft) {
  constexpr string_view kDevice = "/inverters/0/device";
  constexpr string_view kAddress = "/inverters/0/address";
  while (true) {
    const auto ports = FindPorts();
    if (ports.empty()) Tell("  No serial adapter is plugged in.");
    for (size_t i = 0; i < ports.size(); ++i) Tell("    {}  {}", i + 1, ports[i]);
    const string answer =
        ports.empty() ? Ask("Where is the inverter? A path, tcp://HOST:PORT, or simulator://; empty: look for it later")
                      : Ask("Where is the inverter? A number, a path, tcp://HOST:PORT, or simulator://", "1");
    draft.Remove(kDevice);
    draft.Remove(kAddress);
    if (answer.empty()) return;
    const string where = Chosen(ports, answer);
    if (!Take(draft, where.starts_with('/') ? kDevice : kAddress, where)) continue;
    const auto address = ParseAddress(where);
    if (!address || Probe(*address, InverterOptions{}.baud_rate)) return;
    if (Agrees("Keep it all the same?", false)) return;
  }
}

// ---- The broker ----

// Whether the broker takes the login; why not was said.
asio::awaitable<bool> LogIn(asio::any_io_executor executor, MqttOptions options, string will_topic) {
  Resolver resolver(executor);
  const Broker& broker = options.broker;
  Client client(executor, resolver, fmt::format("aims-inverter-setup-{}", ::getpid()), 1,
                {[](const Message&) {}, [] {}});
  const auto connected = co_await client.Connect(broker, will_topic, 20s);
  if (connected) {
    Tell("  The broker takes the login.");
    co_await client.Leave(std::chrono::steady_clock::now() + 2s);
    co_return true;
  }
  string why = connected.error().message;
  if (connected.error().code == ErrorCode::kRefused) why = co_await Diagnose(executor, resolver, broker, why);
  Tell("  No connection to {}:{}: {}", broker.host, broker.port, why);
  co_return false;
}

bool TryLogin(const Draft& draft) {
  const Options options = ParseOptions(draft.ToJson()).options;
  const MqttOptions& mqtt = options.mqtt;
  Tell("  Logging in at {}:{} …", mqtt.broker.host, mqtt.broker.port);
  asio::io_context context;
  bool is_in = false;
  asio::co_spawn(context, LogIn(context.get_executor(), mqtt, mqtt.topics.Bridge()),
                 [&](std::exception_ptr failure, bool result) {
                   is_in = result;
                   context.stop();
                   if (failure) std::rethrow_exception(failure);
                 });
  context.run();
  return is_in;
}

void AskBroker(Draft& draft) {
  while (true) {
    AskFor(draft, "/mqtt/host", "Host", "localhost");
    const bool has_tls = Agrees("Does it need TLS?", false);
    draft.Remove("/mqtt/tls");
    draft.Remove("/mqtt/ca_file");
    if (has_tls) {
      Take(draft, "/mqtt/tls", "true");
      AskFor(draft, "/mqtt/ca_file", "File with its CA certificate; empty: a public one");
    }
    AskFor(draft, "/mqtt/port", "Port", has_tls ? "8883" : "1883");
    AskFor(draft, "/mqtt/username", "User name; empty: no login");
    draft.Remove("/mqtt/password");
    if (draft.Has("/mqtt/username")) {
      while (!Take(draft, "/mqtt/password", AskUnseen("Password (it is not shown)"))) {
      }
    }
    if (TryLogin(draft) || !Agrees("Ask for the broker again?", true)) return;
  }
}

// ---- The battery ----

void AskBattery(Draft& draft) {
  AskFor(draft, "/inverters/0/rated_power", "Rated power of the inverter in VA, such as 1200");
  AskFor(draft, "/batteries/0/type", "Battery type: flooded, agm, gel or lifepo4");
  AskFor(draft, "/batteries/0/nominal_voltage", "Nominal voltage of the battery: 12, 24 or 48");
  AskFor(draft, "/batteries/0/capacity", "Capacity of the whole battery in Ah");
  AskFor(draft, "/batteries/0/charge_current", "Charge current of the inverter in A");
}

// ---- The file ----

bool MakeFolder(const string& path) {
  std::error_code failure;
  const fs::path folder = fs::absolute(path).parent_path();
  fs::create_directories(folder, failure);
  if (!failure && ::access(folder.c_str(), W_OK) == 0) return true;
  Tell("{} cannot be written: {}. Run it as root: sudo aims-inverter-mqtt --setup", path,
       failure ? failure.message() : std::strerror(errno));
  return false;
}

bool WriteOptions(const string& path, const Draft& draft) {
  std::error_code failure;
  if (fs::exists(path)) fs::copy_file(path, path + ".old", fs::copy_options::overwrite_existing, failure);
  const auto written =
      failure ? tl::unexpected<Error>({ErrorCode::kRefused, failure.message()}) : WriteFile(path, draft.ToJson());
  if (!written) {
    Tell("The options are not written: {}", written.error().message);
    return false;
  }
  using fs::perms;
  fs::permissions(path, perms::owner_read | perms::owner_write | perms::group_read, failure);
  Tell("\nThe options are in {}.", path);
  return true;
}

void SayWhatNext(const string& path) {
  Tell(
      "All others, and what they mean: "
      "https://github.com/aims2mqtt/aims-power-inverter-mqtt/blob/main/DOCS.md#options");
  if (path != kInstalledOptions) {
    Tell("To run it with them: aims-inverter-mqtt --options {} --data FOLDER", path);
    return;
  }
  Tell("If it runs already: systemctl restart aims-inverter-mqtt");
  Tell("Otherwise, to start it now and whenever this computer starts:\n");
  Tell("  systemctl enable --now aims-inverter-mqtt");
}

bool AskAll(const string& path) {
  Tell("This writes {}. Enter takes what stands in brackets. Ctrl+C ends it, and writes nothing.\n", path);
  if (fs::exists(path) &&
      !Agrees("There are options already. Replace them? The old ones stay in a copy, .old", false)) {
    return false;
  }
  Draft draft;
  Tell("The inverter");
  AskFor(draft, "/inverters/0/name", "Its name in Home Assistant", "AIMS inverter");
  AskWhere(draft);
  Tell("\nThe MQTT broker of your Home Assistant");
  AskBroker(draft);
  Tell("\nThe battery. Leave empty what you do not know: some values then stay unknown.");
  AskBattery(draft);
  Tell("\nThe page with live values and plots");
  if (Agrees("Show it to every computer in your network, without a password?", false)) {
    Take(draft, "/web/address", "0.0.0.0");
  }
  if (!WriteOptions(path, draft)) return false;
  SayWhatNext(path);
  return true;
}

}  // namespace

bool Setup(const string& path) {
  if (::isatty(STDIN_FILENO) == 0) {
    Tell("--setup asks questions; run it at a terminal");
    return false;
  }
  if (!MakeFolder(path)) return false;
  try {
    return AskAll(path);
  } catch (const GivenUp&) {
    Tell("\nNothing is written.");
    return false;
  }
}

}  // namespace aims
