#include "probe.h"

#include <fmt/format.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>

#include "entities.h"
#include "journal.h"
#include "link.h"
#include "megatec.h"

namespace aims {
namespace {

using std::string_view;

void Say(const std::string& line) { std::puts(line.c_str()); }

std::string Shown(const Entity& entity, const Reading& reading) {
  const Value value = ValueOf(entity, {reading, true});
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "yes" : "no";
  if (const double* number = std::get_if<double>(&value)) {
    return fmt::format("{:.{}f} {}", *number, entity.decimals, entity.unit);
  }
  return "not measured";
}

void Explain(const Reading& reading) {
  Say("A good frame:");
  for (const Entity& entity : kEntities) {
    if (IsFromWire(entity)) Say(fmt::format("  {:<24}{}", entity.name, Shown(entity, reading)));
  }
}

string_view Advice(const Error& error) {
  switch (error.code) {
    case ErrorCode::kTimeout:
      return "Nothing answers. Are TX and RX swapped, is it the socket \"LCD Remote Only\", is the speed 2400?";
    case ErrorCode::kAbsent:
      return "There is no such device. Is the adapter plugged in, is the address right?";
    case ErrorCode::kBusy:
      return "Another program uses it. Stop that program, or give it another adapter.";
    case ErrorCode::kDenied:
      return "We may not open it. Run this as a user of the group that owns the device (dialout).";
    case ErrorCode::kLinkDown:
      return "The other side hung up. Is the bridge connected to its serial port, does somebody else use it?";
    default:
      return "";
  }
}

string_view Advice(megatec::Refusal refusal) {
  switch (refusal) {
    case megatec::Refusal::kEcho:
      return "Our own bytes come back: TX and RX touch each other, or the adapter is in echo mode.";
    case megatec::Refusal::kNotText:
      return "These bytes are not text: the speed is wrong, or something else than an inverter speaks.";
    case megatec::Refusal::kNak:
    case megatec::Refusal::kOtherProtocol:
      return "Something answers, but not in the Megatec Q1 protocol.";
    case megatec::Refusal::kNotInitialised:
      return "The inverter answers, but has not started yet. Switch it on.";
    default:
      return "The reply is damaged. Check ground and plug, and keep the cable short.";
  }
}

asio::awaitable<void> AskOnce(Link& link, bool& found) {
  const auto opened = co_await link.Open();
  if (!opened) {
    Say(opened.error().message);
    Say(std::string(Advice(opened.error())));
    co_return;
  }
  Say(fmt::format("Asking {} …", link.name()));
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
    Say(silence->message);
    Say(std::string(Advice(*silence)));
    co_return;
  }
  const auto refused = megatec::ParseReply(heard, megatec::kStatusRequest);
  Say(fmt::format("Heard: {}", Printable(heard)));
  if (!refused) Say(std::string(Advice(refused.error())));
}

}  // namespace

bool Probe(const Address& address, int baud_rate) {
  asio::io_context context;
  Link link(context.get_executor(), address, baud_rate);
  bool found = false;
  asio::co_spawn(context, AskOnce(link, found), [&](std::exception_ptr failure) {
    link.Close();
    context.stop();
    if (failure) std::rethrow_exception(failure);
  });
  context.run();
  return found;
}

}  // namespace aims
