// How long the pure part of one reading takes, from the bytes of a frame to the state document, and what it allocates.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "homeassistant/documents.h"
#include "inverter/options.h"
#include "megatec/q1.h"

namespace {

size_t allocations = 0;

// What `act` allocates, once it has run before.
template <typename Act>
double Allocations(Act act) {
  act();
  const size_t before = allocations;
  act();
  return static_cast<double>(allocations - before);
}

constexpr std::string_view kFrame = "(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r";

void ParseReply(benchmark::State& state) {
  for (auto _ : state) {
    auto reading = aims::megatec::ParseReply(kFrame, aims::megatec::kStatusRequest);
    benchmark::DoNotOptimize(reading);
  }
  state.counters["allocations"] = Allocations([] {
    auto reading = aims::megatec::ParseReply(kFrame, aims::megatec::kStatusRequest);
    benchmark::DoNotOptimize(reading);
  });
}
BENCHMARK(ParseReply);

void StateDocument(benchmark::State& state) {
  const aims::Snapshot snapshot{*aims::megatec::ParseStatus(kFrame), true};
  std::string document;
  const auto write = [&] {
    document = aims::StateDocument(snapshot, std::move(document));
    benchmark::DoNotOptimize(document);
  };
  for (auto _ : state) write();
  state.counters["allocations"] = Allocations(write);
}
BENCHMARK(StateDocument);

// Charge and runtime with their ranges, after a reading on battery.
void Estimate(benchmark::State& state) {
  using namespace std::chrono_literals;
  aims::InverterOptions options;
  options.battery = {.type = aims::BatteryType::kAgm, .nominal_voltage = 12, .capacity = 100, .rated_power = 1200};
  aims::Battery battery(options.battery, {.charge = aims::Belief{1, 0.01}});
  const auto read = [&] {
    battery.OnBattery(12.1, 23, false, 1s);
    auto charge = battery.charge();
    auto runtime = battery.runtime();
    benchmark::DoNotOptimize(charge);
    benchmark::DoNotOptimize(runtime);
  };
  for (auto _ : state) read();
  state.counters["allocations"] = Allocations(read);
}
BENCHMARK(Estimate);

}  // namespace

// All that is allocated comes through these, operator new and RapidJSON's allocators, too.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_realloc(void* memory, size_t size);
void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* realloc(void* memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
}

BENCHMARK_MAIN();
