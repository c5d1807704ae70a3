#include "nut/session.h"

#include "tests/nut/house.h"

using namespace aims;
using namespace aims::nut;

namespace {

InverterOptions Allowed() {
  InverterOptions options = DescribedInverter();
  options.device.permissions = {.beeper = true, .megatec = true};
  return options;
}

}  // namespace

TEST_CASE_FIXTURE(House, "who asks for what the server is gets upsd's form") {
  CHECK(Ask("VER").starts_with("Network UPS Tools upsd 2.8.0 - "));  // WinNUT takes the fifth word for the version
  CHECK(Ask("NETVER") == "1.3\n");
  CHECK(Ask("protver") == "1.3\n");
  CHECK(Ask("HELP").starts_with("Commands: HELP VER "));
  for (const char* line : {"VER x", "NETVER x", "PROTVER x", "HELP x", "LOGOUT x"}) {
    CHECK(Ask(line) == "ERR INVALID-ARGUMENT\n");
  }
  CHECK(Ask("GET VAR whatever server.version") == "VAR whatever server.version \"2.8.0\"\n");
  CHECK(Ask("GET VAR whatever SERVER.INFO").starts_with("VAR whatever server.info \"Network UPS Tools upsd"));
  CHECK(Ask("GET VAR whatever server.x") == "ERR VAR-NOT-SUPPORTED\n");
}

TEST_CASE_FIXTURE(House, "what is no command is unknown, also nothing") {
  for (const char* line : {"", "   ", "#", "GETVAR", "DUMPALL", "\"\"", "GET\\ VAR"}) {
    CHECK(Ask(line) == "ERR UNKNOWN-COMMAND\n");
  }
}

TEST_CASE_FIXTURE(House, "names come back as they were typed") {
  Read(mains);
  CHECK(Ask("get var AIMS_Inverter Ups.Status") == "VAR AIMS_Inverter Ups.Status \"OL\"\n");
  CHECK(Ask("LIST VAR UPS").starts_with("BEGIN LIST VAR UPS\nVAR UPS battery"));
  CHECK(Ask("LIST ENUM uPs ups.Status") == "BEGIN LIST ENUM uPs ups.Status\nEND LIST ENUM uPs ups.Status\n");
}

TEST_CASE_FIXTURE(House, "the first inverter has the names that NAS makers have built in, and lists none of them") {
  Read(mains);
  for (const std::string name : {"ups", "qnapups", "asustor", "UPS"}) {
    CHECK(Ask("GET VAR " + name + " ups.status") == "VAR " + name + " ups.status \"OL\"\n");
  }
  CHECK(Ask("LIST UPS") == "BEGIN LIST UPS\nUPS aims_inverter \"AIMS inverter\"\nEND LIST UPS\n");
  CHECK(Ask("GET VAR upsx ups.status") == "ERR UNKNOWN-UPS\n");
}

TEST_CASE("an inverter's own id goes before an alias") {
  InverterOptions first = DescribedInverter();
  InverterOptions second = DescribedInverter();
  second.device.id = second.device.name = "ups";
  const Inverter one(first), two(second);
  Service service(WithUsers(), {{&first, &one}, {&second, &two}}, {});
  CHECK(service.Find("UPS")->name() == "ups");
  CHECK(service.Find("qnapups")->name() == "aims_inverter");
}

TEST_CASE_FIXTURE(House, "the checks come in upsd's order") {
  CHECK(Ask("GET") == "ERR INVALID-ARGUMENT\n");
  CHECK(Ask("GET VAR") == "ERR INVALID-ARGUMENT\n");
  CHECK(Ask("GET VAR x") == "ERR INVALID-ARGUMENT\n");
  CHECK(Ask("GET NONSENSE x y") == "ERR INVALID-ARGUMENT\n");
  CHECK(Ask("GET VAR x y") == "ERR UNKNOWN-UPS\n");
  CHECK(Ask("GET VAR aims_inverter nonsense") == "ERR DATA-STALE\n");
  CHECK(Ask("GET NUMLOGINS aims_inverter") == "ERR DATA-STALE\n");
  CHECK(Ask("GET CMDDESC aims_inverter x") == "ERR DATA-STALE\n");
  CHECK(Ask("GET UPSDESC aims_inverter") == "UPSDESC aims_inverter \"AIMS inverter\"\n");
  CHECK(Ask("LIST CLIENT aims_inverter") == "BEGIN LIST CLIENT aims_inverter\nEND LIST CLIENT aims_inverter\n");
  CHECK(Ask("LIST CLIENTS") == "ERR INVALID-ARGUMENT\n");
  CHECK(Ask("LIST RANGE aims_inverter") == "ERR INVALID-ARGUMENT\n");
  Read(mains);
  CHECK(Ask("GET VAR aims_inverter nonsense") == "ERR VAR-NOT-SUPPORTED\n");
  CHECK(Ask("GET VAR aims_inverter ups.status more words") == "VAR aims_inverter ups.status \"OL\"\n");
  CHECK(Ask("GET DESC aims_inverter nonsense") == "DESC aims_inverter nonsense \"Description unavailable\"\n");
  CHECK(Ask("LIST RANGE aims_inverter nonsense") == "ERR VAR-NOT-SUPPORTED\n");
}

TEST_CASE_FIXTURE(House, "what needs a login asks for a name first, then for a password, before anything else") {
  for (const char* line : {"LOGIN", "PRIMARY x", "MASTER x", "FSD x", "SET VAR", "INSTCMD x"}) {
    CHECK(Ask(line) == "ERR USERNAME-REQUIRED\n");
  }
  CHECK(Ask("USERNAME") == "ERR INVALID-ARGUMENT\n");
  CHECK(Ask("USERNAME a b") == "ERR INVALID-ARGUMENT\n");
  CHECK(Ask("USERNAME nobody") == "OK\n");
  CHECK(Ask("USERNAME nobody") == "ERR ALREADY-SET-USERNAME\n");
  CHECK(Ask("LOGIN ups") == "ERR PASSWORD-REQUIRED\n");
  CHECK(Ask("PASSWORD x") == "OK\n");
  CHECK(Ask("PASSWORD x") == "ERR ALREADY-SET-PASSWORD\n");
  CHECK(Ask("LOGIN") == "ERR INVALID-ARGUMENT\n");
  CHECK(Ask("LOGIN nonsense") == "ERR UNKNOWN-UPS\n");
  CHECK(Ask("LOGIN ups") == "ERR ACCESS-DENIED\n");
}

TEST_CASE_FIXTURE(House, "a login is counted, listed, told to the inverter, and said once in the log") {
  Read(mains);
  Session& session = Another();
  LogInAs(session, "pve", "p");
  CHECK(Ask(session, "LOGIN ups") == "OK\n");
  CHECK(session.is_logged_in());
  CHECK(Ask(session, "LOGIN nonsense") == "ERR ALREADY-LOGGED-IN\n");
  CHECK(Ask("GET NUMLOGINS ups") == "NUMLOGINS ups 1\n");
  CHECK(Ask("LIST CLIENT UPS") == "BEGIN LIST CLIENT UPS\nCLIENT aims_inverter 192.168.1.21\nEND LIST CLIENT UPS\n");
  const NutClient expected{"pve", "192.168.1.21", now.wall};
  CHECK(inverter.snapshot().nut_clients == std::vector<NutClient>{expected});
  CHECK(log == std::vector<std::string>{"NUT server: pve at 192.168.1.21 logged in to aims_inverter"});

  const Answer answer = Handle(session, "LOGOUT");
  CHECK(answer.text == "OK Goodbye\n");
  CHECK(answer.then == Answer::Then::kClose);
  session.OnLost("the connection ended", now.steady);
  CHECK(inverter.snapshot().nut_clients == std::vector<NutClient>());
  CHECK(log.size() == 2);
  CHECK(log.back() == "NUT server: pve at 192.168.1.21 logged out");
}

TEST_CASE_FIXTURE(House, "a login works while the data are stale, and a lost client is no client") {
  Session& session = Another();
  LogInAs(session, "pve", "p");
  CHECK(Ask(session, "LOGIN ups") == "OK\n");
  session.OnLost("the connection ended", now.steady);
  CHECK(service.CountClients(service.upses().front()) == 0);
  CHECK(log.back() == "NUT server: lost pve at 192.168.1.21: the connection ended");
}

TEST_CASE_FIXTURE(House, "only a primary may be one, in the old word and in the new") {
  LogInAs(*sessions.front(), "nas", "n");
  CHECK(Ask("PRIMARY nonsense") == "ERR UNKNOWN-UPS\n");
  CHECK(Ask("PRIMARY ups") == "OK PRIMARY-GRANTED\n");
  CHECK(Ask("MASTER ups") == "OK MASTER-GRANTED\n");
  Session& secondary = Another();
  LogInAs(secondary, "pve", "p");
  CHECK(Ask(secondary, "PRIMARY ups") == "ERR ACCESS-DENIED\n");
  CHECK(Ask(secondary, "FSD ups") == "ERR ACCESS-DENIED\n");
  CHECK_FALSE(inverter.snapshot().shutdown_advised);
}

TEST_CASE("a command goes out where the owner and the user's options allow it") {
  House house(Allowed());
  house.Read(house.mains);
  Session& boss = house.Another();
  house.LogInAs(boss, "boss", "b");
  CHECK(house.Ask(boss, "INSTCMD ups nonsense") == "ERR CMD-NOT-SUPPORTED\n");
  CHECK(house.Ask(boss, "INSTCMD ups Test.Battery.Start.Quick") == "OK\n");
  CHECK(house.Ask(boss, "INSTCMD ups beeper.toggle") == "OK\n");
  house.mains.beeper = false;
  house.Read(house.mains);
  CHECK(house.Ask(boss, "INSTCMD ups beeper.toggle") == "OK\n");
  using Sent = std::pair<std::string, aims::Command>;
  CHECK(house.commands == std::vector<Sent>{{"aims_inverter", aims::Command::kSelfTest},
                                            {"aims_inverter", aims::Command::kBeeperOff},
                                            {"aims_inverter", aims::Command::kBeeperOn}});
  CHECK(house.log.front() == "NUT server: boss at 192.168.1.21 asked for test.battery.start.quick at aims_inverter");

  Session& other = house.Another();
  house.LogInAs(other, "nas", "n");
  CHECK(house.Ask(other, "INSTCMD ups beeper.toggle") == "ERR ACCESS-DENIED\n");
  CHECK(house.Ask(other, "INSTCMD ups nonsense") == "ERR CMD-NOT-SUPPORTED\n");
  CHECK(house.commands.size() == 3);
}

TEST_CASE("while the wire is silent in an outage no command goes out") {
  House house(Allowed());
  house.Read(house.mains, 5s);
  house.Read(house.outage, 5s);
  house.Miss(3s);
  house.LogInAs(*house.sessions.front(), "boss", "b");
  CHECK(house.Ask("INSTCMD ups beeper.disable") == "ERR INSTCMD-FAILED\n");
  CHECK(house.commands.empty());
}

TEST_CASE("a command that is not taken is answered OK, and its outcome can be asked for") {
  House house(Allowed());
  house.Read(house.mains);
  house.LogInAs(*house.sessions.front(), "boss", "b");
  CHECK(house.Ask("GET TRACKING") == "OFF\n");
  CHECK(house.Ask("GET TRACKING id-1") == "ERR FEATURE-NOT-CONFIGURED\n");
  CHECK(house.Ask("SET TRACKING maybe") == "ERR INVALID-ARGUMENT\n");
  CHECK(house.Ask("SET TRACKING ON") == "OK\n");
  CHECK(house.Ask("GET TRACKING") == "ON\n");
  CHECK(house.Ask("INSTCMD ups beeper.disable") == "OK TRACKING id-1\n");
  house.is_command_taken = false;
  CHECK(house.Ask("INSTCMD ups beeper.disable") == "OK TRACKING id-2\n");
  CHECK(house.Ask("GET TRACKING id-1") == "SUCCESS\n");
  CHECK(house.Ask("GET TRACKING id-2") == "ERR FAILED\n");
  CHECK(house.Ask("GET TRACKING id-3") == "ERR UNKNOWN\n");
  for (int i = 0; i < 100; ++i) house.Ask("INSTCMD ups beeper.disable");
  CHECK(house.Ask("GET TRACKING id-1") == "ERR UNKNOWN\n");  // outcomes are kept up to a bound
}

TEST_CASE_FIXTURE(House, "nothing can be set, and who may set hears why") {
  Read(mains);
  LogInAs(*sessions.front(), "boss", "b");
  CHECK(Ask("SET VAR ups") == "ERR INVALID-ARGUMENT\n");
  CHECK(Ask("SET VAR nonsense ups.status x") == "ERR UNKNOWN-UPS\n");
  CHECK(Ask("SET VAR ups ups.status x") == "ERR READONLY\n");
  CHECK(Ask("SET VAR ups nonsense x") == "ERR VAR-NOT-SUPPORTED\n");
  CHECK(Ask("LIST RW ups") == "BEGIN LIST RW ups\nEND LIST RW ups\n");
  Session& other = Another();
  LogInAs(other, "nas", "n");
  CHECK(Ask(other, "SET VAR ups ups.status x") == "ERR ACCESS-DENIED\n");
  CHECK(Ask(other, "SET VAR ups nonsense x") == "ERR ACCESS-DENIED\n");
}

TEST_CASE_FIXTURE(House, "STARTTLS begins once, where it can") {
  CHECK(Ask("STARTTLS") == "ERR FEATURE-NOT-CONFIGURED\n");
  has_tls = true;
  const Answer answer = Handle(*sessions.front(), "STARTTLS please");
  CHECK(answer.text == "OK STARTTLS\n");
  CHECK(answer.then == Answer::Then::kStartTls);
  sessions.front()->OnTls();
  CHECK(Ask("STARTTLS") == "ERR ALREADY-SSL-MODE\n");
}

TEST_CASE_FIXTURE(House, "a line of an answer fits a client's buffer, whatever the client typed") {
  Read(mains);
  const std::string long_word(RequestReader::kLongestWord, 'x');
  for (const std::string& line :
       {"GET DESC ups " + long_word, "GET CMDDESC ups " + long_word, "GET VAR " + long_word + " server.info",
        "GET VAR " + long_word + " server.version"}) {
    const std::string answer = Ask(line);
    CHECK(answer.size() == kLongestLine);
    CHECK(answer.back() == '\n');
  }
}

TEST_CASE_FIXTURE(House, "refused passwords are said with the name alone, and not as often as they come") {
  for (int i = 0; i < 30; ++i) {
    Session& session = Another("192.168.1.66");
    LogInAs(session, "pve", "hunter2");
    CHECK(Ask(session, "LOGIN ups") == "ERR ACCESS-DENIED\n");
  }
  CHECK(
      log ==
      std::vector<std::string>{
          "NUT server: refused pve at 192.168.1.66: no user has this name and password",
          "NUT server: refused pve at 192.168.1.66: no user has this name and password. That was the 10th time within "
          "5 min. No login from there counts for 5 min"});
  CHECK(Ask("LIST UPS").starts_with("BEGIN"));  // reading goes on
}

TEST_CASE_FIXTURE(House, "clients that come and go all the time do not fill the log") {
  for (int i = 0; i < 1000; ++i) {
    Session& session = Another();
    LogInAs(session, "pve", "p");
    Ask(session, "LOGIN ups");
    Pass(1s);
    session.OnLost("the connection ended", now.steady);
    sessions.pop_back();
  }
  CHECK(log.size() < 30 + 17 * 11);
  CHECK(std::count_if(log.begin(), log.end(),
                      [](const auto& line) { return line.find("left out") != std::string::npos; }) >= 15);
}
