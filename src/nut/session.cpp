#include "nut/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "nut/variables.h"

namespace aims::nut {
namespace {

// The version of NUT whose protocol this is; WinNUT takes the fifth word of VER for it.
constexpr std::string_view kVersion = "2.8.0";
constexpr std::string_view kInfo =
    "Network UPS Tools upsd 2.8.0 - https://github.com/aims2mqtt/aims-power-inverter-mqtt";

// The errors, upsd's own words: WinNUT does not understand others.
constexpr std::string_view kAccessDenied = "ACCESS-DENIED";
constexpr std::string_view kAlreadyLoggedIn = "ALREADY-LOGGED-IN";
constexpr std::string_view kAlreadyNamed = "ALREADY-SET-USERNAME";
constexpr std::string_view kAlreadyEncrypted = "ALREADY-SSL-MODE";
constexpr std::string_view kAlreadyTold = "ALREADY-SET-PASSWORD";
constexpr std::string_view kCommandFailed = "INSTCMD-FAILED";
constexpr std::string_view kDataStale = "DATA-STALE";
constexpr std::string_view kInvalidArgument = "INVALID-ARGUMENT";
constexpr std::string_view kNameRequired = "USERNAME-REQUIRED";
constexpr std::string_view kNoSuchCommand = "CMD-NOT-SUPPORTED";
constexpr std::string_view kNoSuchVariable = "VAR-NOT-SUPPORTED";
constexpr std::string_view kNotConfigured = "FEATURE-NOT-CONFIGURED";
constexpr std::string_view kPasswordRequired = "PASSWORD-REQUIRED";
constexpr std::string_view kReadOnly = "READONLY";
constexpr std::string_view kUnknownCommand = "UNKNOWN-COMMAND";
constexpr std::string_view kUnknownUps = "UNKNOWN-UPS";

constexpr std::string_view kNoDescription = "Description unavailable";

// One line of an answer; a client's own words in it may be long.
template <typename... Parts>
std::string Line(fmt::format_string<Parts...> format, Parts&&... parts) {
  std::string line = fmt::format(format, std::forward<Parts>(parts)...);
  if (line.size() >= kLongestLine) line.resize(kLongestLine - 1);
  return line += '\n';
}

Answer Refuse(std::string_view why) { return {Line("ERR {}", why)}; }

// ---- GET and LIST: the kind of thing, the UPS, and more words. ----

using Question = Answer (*)(const Service&, const Ups&, const Words&);

// Also of a UPS whose data are stale, or not.
enum class Of { kAny, kFresh };

struct Subject {
  std::string_view word;
  size_t words;  // at least, the verb and the subject among them
  Of of;
  Question answer;
};

// The value that `ups` has of the variable called `name`.
std::optional<std::string> ValueOf(const Ups& ups, std::string_view name) {
  const Variable* variable = FindVariable(name);
  return variable ? variable->value(ups) : std::nullopt;
}

Answer GetClientCount(const Service& service, const Ups& ups, const Words& words) {
  return {Line("NUMLOGINS {} {}", words[2], service.CountClients(ups))};
}

Answer GetUpsDescription(const Service&, const Ups& ups, const Words& words) {
  return {Line("UPSDESC {} \"{}\"", words[2], ForNut(ups.inverter().device().name))};
}

Answer GetValue(const Service&, const Ups& ups, const Words& words) {
  const auto value = ValueOf(ups, words[3]);
  if (!value) return Refuse(kNoSuchVariable);
  return {Line("VAR {} {} \"{}\"", words[2], words[3], *value)};
}

Answer GetType(const Service&, const Ups& ups, const Words& words) {
  const Variable* variable = FindVariable(words[3]);
  if (!variable || !variable->value(ups)) return Refuse(kNoSuchVariable);
  const std::string type = variable->is_number ? "NUMBER" : fmt::format("STRING:{}", kLongestValue);
  return {Line("TYPE {} {} {}", words[2], words[3], type)};
}

Answer GetDescription(const Service&, const Ups&, const Words& words) {
  const Variable* variable = FindVariable(words[3]);
  return {Line("DESC {} {} \"{}\"", words[2], words[3], variable ? variable->description : kNoDescription)};
}

Answer GetCommandDescription(const Service&, const Ups&, const Words& words) {
  const InstantCommand* command = FindCommand(words[3]);
  return {Line("CMDDESC {} {} \"{}\"", words[2], words[3], command ? command->description : kNoDescription)};
}

constexpr Subject kGet[] = {
    {"NUMLOGINS", 3, Of::kFresh, GetClientCount},
    {"UPSDESC", 3, Of::kAny, GetUpsDescription},
    {"VAR", 4, Of::kFresh, GetValue},
    {"TYPE", 4, Of::kFresh, GetType},
    {"DESC", 4, Of::kFresh, GetDescription},
    {"CMDDESC", 4, Of::kFresh, GetCommandDescription},
};

// "BEGIN LIST VAR ups", the lines, "END LIST VAR ups".
template <typename Lines>
Answer Listed(std::string_view what, Lines lines) {
  std::string text = Line("BEGIN LIST {}", what);
  lines(text);
  text += Line("END LIST {}", what);
  return {std::move(text)};
}

Answer ListValues(const Service&, const Ups& ups, const Words& words) {
  return Listed(fmt::format("VAR {}", words[2]), [&](std::string& text) {
    for (const Variable& variable : Variables()) {
      const auto value = variable.value(ups);
      if (value) text += Line("VAR {} {} \"{}\"", words[2], variable.name, *value);
    }
  });
}

// Nothing can be set.
Answer ListWritable(const Service&, const Ups&, const Words& words) {
  return Listed(fmt::format("RW {}", words[2]), [](std::string&) {});
}

Answer ListCommands(const Service&, const Ups& ups, const Words& words) {
  return Listed(fmt::format("CMD {}", words[2]), [&](std::string& text) {
    for (const InstantCommand& command : InstantCommands()) {
      if (IsOffered(command, ups)) text += Line("CMD {} {}", words[2], command.name);
    }
  });
}

Answer ListClients(const Service& service, const Ups& ups, const Words& words) {
  return Listed(fmt::format("CLIENT {}", words[2]), [&](std::string& text) {
    for (const NutClient& client : service.Clients(ups)) text += Line("CLIENT {} {}", ups.name(), client.address);
  });
}

// Of a variable; all of ours have any value.
Answer ListNothing(const Ups& ups, std::string_view kind, const Words& words) {
  if (!ValueOf(ups, words[3])) return Refuse(kNoSuchVariable);
  return Listed(fmt::format("{} {} {}", kind, words[2], words[3]), [](std::string&) {});
}

Answer ListEnum(const Service&, const Ups& ups, const Words& words) { return ListNothing(ups, "ENUM", words); }
Answer ListRange(const Service&, const Ups& ups, const Words& words) { return ListNothing(ups, "RANGE", words); }

constexpr Subject kList[] = {
    {"VAR", 3, Of::kFresh, ListValues},   {"RW", 3, Of::kFresh, ListWritable}, {"CMD", 3, Of::kFresh, ListCommands},
    {"CLIENT", 3, Of::kAny, ListClients}, {"ENUM", 4, Of::kFresh, ListEnum},   {"RANGE", 4, Of::kFresh, ListRange},
};

Answer AnswerOf(const Service& service, const auto& subjects, const Words& words) {
  const auto subject = std::find_if(std::begin(subjects), std::end(subjects),
                                    [&](const Subject& one) { return IsSame(one.word, words[1]); });
  if (subject == std::end(subjects) || words.size() < subject->words) return Refuse(kInvalidArgument);
  const Ups* ups = service.Find(words[2]);
  if (!ups) return Refuse(kUnknownUps);
  if (subject->of == Of::kFresh && ups->is_stale()) return Refuse(kDataStale);
  return subject->answer(service, *ups, words);
}

// What is the server's own, whichever UPS is named.
Answer AnswerOfServer(const Words& words) {
  if (IsSame(words[3], "server.info")) return {Line("VAR {} server.info \"{}\"", words[2], kInfo)};
  if (IsSame(words[3], "server.version")) return {Line("VAR {} server.version \"{}\"", words[2], kVersion)};
  return Refuse(kNoSuchVariable);
}

bool IsOfServer(std::string_view variable) {
  constexpr std::string_view kPrefix = "server.";
  return IsSame(variable.substr(0, kPrefix.size()), kPrefix);
}

}  // namespace

Answer Session::Handle(const Words& words, Moment now) {
  static constexpr struct {
    std::string_view word;
    bool needs_login;
    Answer (Session::*answer)(const Words&);
  } kVerbs[] = {
      {"VER", false, &Session::Version},
      {"NETVER", false, &Session::ProtocolVersion},
      {"PROTVER", false, &Session::ProtocolVersion},
      {"HELP", false, &Session::Help},
      {"STARTTLS", false, &Session::StartTls},
      {"GET", false, &Session::Get},
      {"LIST", false, &Session::List},
      {"USERNAME", false, &Session::TakeName},
      {"PASSWORD", false, &Session::TakePassword},
      {"LOGIN", true, &Session::LogIn},
      {"LOGOUT", false, &Session::LogOut},
      {"PRIMARY", true, &Session::BePrimary},
      {"MASTER", true, &Session::BePrimary},
      {"FSD", true, &Session::ForceShutdown},
      {"SET", true, &Session::Set},
      {"INSTCMD", true, &Session::Instruct},
  };
  const auto* verb = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                  [&](const auto& one) { return !words.empty() && IsSame(one.word, words[0]); });
  if (verb == std::end(kVerbs)) return Refuse(kUnknownCommand);
  if (verb->needs_login && !name_) return Refuse(kNameRequired);
  if (verb->needs_login && !password_) return Refuse(kPasswordRequired);
  now_ = now;
  return (this->*verb->answer)(words);
}

Answer Session::Version(const Words& words) {
  if (words.size() != 1) return Refuse(kInvalidArgument);
  return {Line("{}", kInfo)};
}

Answer Session::ProtocolVersion(const Words& words) {
  if (words.size() != 1) return Refuse(kInvalidArgument);
  return {"1.3\n"};
}

Answer Session::Help(const Words& words) {
  if (words.size() != 1) return Refuse(kInvalidArgument);
  return {"Commands: HELP VER PROTVER GET LIST SET INSTCMD LOGIN LOGOUT USERNAME PASSWORD STARTTLS\n"};
}

Answer Session::StartTls(const Words&) {
  if (is_encrypted_) return Refuse(kAlreadyEncrypted);
  if (!service_.CanStartTls()) return Refuse(kNotConfigured);
  return {"OK STARTTLS\n", Answer::Then::kStartTls};
}

Answer Session::Get(const Words& words) {
  if (words.size() < 2) return Refuse(kInvalidArgument);
  if (IsSame(words[1], "TRACKING")) return Tracking(words);
  if (IsSame(words[1], "VAR") && words.size() >= 4 && IsOfServer(words[3])) return AnswerOfServer(words);
  return AnswerOf(service_, kGet, words);
}

Answer Session::List(const Words& words) {
  if (words.size() < 2) return Refuse(kInvalidArgument);
  if (!IsSame(words[1], "UPS")) return AnswerOf(service_, kList, words);
  return Listed("UPS", [&](std::string& text) {
    for (const Ups& ups : service_.upses()) {
      text += Line("UPS {} \"{}\"", ups.name(), ForNut(ups.inverter().device().name));
    }
  });
}

Answer Session::TakeName(const Words& words) {
  if (words.size() != 2) return Refuse(kInvalidArgument);
  if (name_) return Refuse(kAlreadyNamed);
  name_ = words[1];
  return {"OK\n"};
}

Answer Session::TakePassword(const Words& words) {
  if (words.size() != 2) return Refuse(kInvalidArgument);
  if (password_) return Refuse(kAlreadyTold);
  password_ = words[1];
  return {"OK\n"};
}

Answer Session::LogIn(const Words& words) {
  if (words.size() != 2) return Refuse(kInvalidArgument);
  if (is_logged_in_) return Refuse(kAlreadyLoggedIn);
  const Ups* ups = service_.Find(words[1]);
  if (!ups) return Refuse(kUnknownUps);
  if (!May(Right::kLogin)) return Refuse(kAccessDenied);
  is_logged_in_ = true;
  service_.LogIn(this, *ups, *name_, address_, now_);
  return {"OK\n"};
}

Answer Session::LogOut(const Words& words) {
  if (words.size() != 1) return Refuse(kInvalidArgument);
  service_.LogOut(this, "", now_.steady);
  return {"OK Goodbye\n", Answer::Then::kClose};
}

// Nothing but the question whether one may.
Answer Session::BePrimary(const Words& words) {
  if (words.size() != 2) return Refuse(kInvalidArgument);
  if (!service_.Find(words[1])) return Refuse(kUnknownUps);
  if (!May(Right::kPrimary)) return Refuse(kAccessDenied);
  return {IsSame(words[0], "MASTER") ? "OK MASTER-GRANTED\n" : "OK PRIMARY-GRANTED\n"};
}

Answer Session::ForceShutdown(const Words& words) {
  if (words.size() != 2) return Refuse(kInvalidArgument);
  const Ups* ups = service_.Find(words[1]);
  if (!ups) return Refuse(kUnknownUps);
  if (!May(Right::kPrimary)) return Refuse(kAccessDenied);
  service_.ShutDown(*ups, Who(), now_.steady);
  return {"OK FSD-SET\n"};
}

Answer Session::Set(const Words& words) {
  if (words.size() < 3) return Refuse(kInvalidArgument);
  if (IsSame(words[1], "TRACKING")) return SetTracking(words[2]);
  if (!IsSame(words[1], "VAR") || words.size() < 5) return Refuse(kInvalidArgument);
  const Ups* ups = service_.Find(words[2]);
  if (!ups) return Refuse(kUnknownUps);
  if (ups->is_stale()) return Refuse(kDataStale);
  if (!May(Right::kCommands)) return Refuse(kAccessDenied);
  return Refuse(ValueOf(*ups, words[3]) ? kReadOnly : kNoSuchVariable);
}

Answer Session::SetTracking(const std::string& value) {
  const bool is_on = IsSame(value, "ON");
  if (!is_on && !IsSame(value, "OFF")) return Refuse(kInvalidArgument);
  is_tracking_ = is_on;
  return {"OK\n"};
}

Answer Session::Tracking(const Words& words) const {
  if (words.size() < 3) return {is_tracking_ ? "ON\n" : "OFF\n"};
  if (!is_tracking_) return Refuse(kNotConfigured);
  return {Line("{}", service_.Outcome(words[2]))};
}

Answer Session::Instruct(const Words& words) {
  if (words.size() < 3) return Refuse(kInvalidArgument);
  const Ups* ups = service_.Find(words[1]);
  if (!ups) return Refuse(kUnknownUps);
  if (ups->is_stale()) return Refuse(kDataStale);
  const InstantCommand* row = FindCommand(words[2]);
  if (!row || !IsOffered(*row, *ups)) return Refuse(kNoSuchCommand);
  if (!May(Right::kCommands)) return Refuse(kAccessDenied);
  if (ups->is_silent()) return Refuse(kCommandFailed);
  const bool is_so = row->otherwise && IsSo(row->command, *ups->reading());
  const std::string id = service_.PassOn(*ups, is_so ? *row->otherwise : row->command, row->name, Who(), now_.steady);
  return {is_tracking_ ? Line("OK TRACKING {}", id) : "OK\n"};
}

bool Session::May(Right right) { return service_.IsAllowed({*name_, *password_}, right, address_, now_.steady); }

std::string Session::Who() const { return fmt::format("{} at {}", *name_, address_); }

}  // namespace aims::nut
