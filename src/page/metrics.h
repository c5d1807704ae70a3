// What Prometheus reads: each number and each flag of the table of entities, and what was counted.
// Pure. The text format is https://prometheus.io/docs/instrumenting/exposition_formats/. Units are Prometheus' base
// units; a percentage is a ratio of 0 to 1. What is unknown has no sample.

#pragma once

#include <string>
#include <vector>

#include "page/shown.h"

namespace aims::page {

inline constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

// aims_battery_voltage_volts{inverter="aims_inverter"} 13.5
std::string Metrics(const std::vector<Shown>& inverters, const World& world);

}  // namespace aims::page
