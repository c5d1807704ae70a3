#include "app/probe.h"

#include <fmt/format.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cctype>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include "homeassistant/entities.h"
#include "inverter/sentences.h"
#include "megatec/q1.h"
#include "wire/advice.h"
#include "wire/link.h"

namespace aims {
namespace {

using std::string_view;

void Say(const std::string& line) { std::puts(line.c_str()); }

// As a sentence; an address at its beginning stays as it is.
void SayWhy(std::string what, string_view advice) {
  const bool is_word = what.substr(0, what.find(' ')).find_first_of("/:") == std::string::npos;
  if (is_word) what[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(what[0])));
  Say(advice.empty() ? what : fmt::format("{}. {}", what, advice));
}

std::string Shown(const Entity& entity, const Reading& reading) {
  Snapshot snapshot{reading, true};
  snapshot.utility_power = !reading.on_battery;  // by one reading nothing else is known
  const Value value = ValueOf(entity, snapshot);
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  if (const double* number = std::get_if<double>(&value)) {
    return fmt::format("{:.{}f} {}", *number, entity.decimals, entity.unit);
  }
  return "not measured";
}

void Explain(const Reading& reading) {
  Say("The inverter answers:");
  for (const Entity& entity : kEntities) {
    if (IsFromWire(entity)) Say(fmt::format("  {:<24}{}", entity.name, Shown(entity, reading)));
  }
}

asio::awaitable<void> AskOnce(Opener& opener, Link& link, bool& found) {
  auto opened = co_await opener.Open();
  if (!opened) {
    SayWhy(opened.error().message, Advice(opened.error().code, opener.address()));
    co_return;
  }
  link.Adopt(std::move(*opened));
  Say(fmt::format("Asking {} …", opener.name()));
  std::optional<Error> silence;
  std::string heard;
  for (const string_view request : {megatec::kStatusRequest, megatec::kStatusRequestLf}) {
    const auto bytes = co_await link.Ask(request);
    if (!bytes) {
      silence = bytes.error();
      if (!link.is_open()) break;
      continue;
    }
    heard = *bytes;
    const auto reading = megatec::ParseReply(heard, request);
    if (reading) {
      Explain(*reading);
      found = true;
      co_return;
    }
  }
  if (heard.empty()) {
    SayWhy(silence->message, Advice(silence->code, opener.address()));
    co_return;
  }
  const auto refused = megatec::ParseReply(heard, megatec::kStatusRequest);
  Say(fmt::format("Heard: {}", Printable(heard)));
  if (!refused) SayWhy(std::string(megatec::Describe(refused.error())), Advice(refused.error()));
}

}  // namespace

bool Probe(const Address& address, int baud_rate) {
  asio::io_context context;
  Resolver resolver(context.get_executor());
  Opener opener(context.get_executor(), resolver, address, baud_rate);
  Link link(context.get_executor());
  bool found = false;
  asio::co_spawn(context, AskOnce(opener, link, found), [&](std::exception_ptr failure) {
    link.Close();
    context.stop();
    if (failure) std::rethrow_exception(failure);
  });
  context.run();
  return found;
}

}  // namespace aims
