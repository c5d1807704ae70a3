// How long the pure part of one reading takes, from the bytes of a frame to the state document, and what it allocates.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "homeassistant/documents.h"
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
