// How long the pure part of one reading takes: from the bytes of a frame to the state document.

#include <benchmark/benchmark.h>

#include "documents.h"
#include "megatec.h"

namespace {

constexpr std::string_view kFrame = "(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r";

void ParseReply(benchmark::State& state) {
  for (auto _ : state) {
    auto reading = aims::megatec::ParseReply(kFrame, aims::megatec::kStatusRequest);
    benchmark::DoNotOptimize(reading);
  }
}
BENCHMARK(ParseReply);

void StateDocument(benchmark::State& state) {
  const aims::Snapshot snapshot{*aims::megatec::ParseStatus(kFrame), true};
  for (auto _ : state) {
    auto document = aims::StateDocument(snapshot);
    benchmark::DoNotOptimize(document);
  }
}
BENCHMARK(StateDocument);

}  // namespace

BENCHMARK_MAIN();
