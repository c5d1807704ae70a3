#include "page/metrics.h"

#include <doctest/doctest.h>

#include "tests/page/cellar.h"

using namespace aims;
using namespace aims::page;

TEST_CASE_FIXTURE(Cellar, "numbers are in base units, flags are 0 or 1, and each names its inverter") {
  Read(mains);
  const std::string text = Ask("/metrics").body;
  for (const char* line :
       {"\naims_battery_voltage_volts{inverter=\"aims_inverter\"} 13.5\n",
        "\naims_utility_power{inverter=\"aims_inverter\"} 1\n", "\naims_battery_low{inverter=\"aims_inverter\"} 0\n",
        "\naims_output_frequency_hertz{inverter=\"aims_inverter\"} 60\n",
        "\naims_battery_charge_ratio{inverter=\"aims_inverter\"} 0.",
        "\naims_energy_total_joules{inverter=\"aims_inverter\"} 0\n", "\n# TYPE aims_battery_voltage_volts gauge\n",
        "\naims_mqtt_connected 1\n", "\naims_mqtt_publishes_total 7\n",
        "\naims_misses_total{inverter=\"aims_inverter\",kind=\"no answer\"} 0\n"}) {
    CAPTURE(line);
    CHECK(Has("\n" + text, line));
  }
}

TEST_CASE_FIXTURE(Cellar, "what is unknown has no sample, and a name without one is not there") {
  const std::string text = Ask("/metrics").body;
  CHECK_FALSE(Has(text, "aims_battery_voltage"));
  CHECK_FALSE(Has(text, "aims_utility_power"));
  CHECK(Has(text, "aims_connection{inverter=\"aims_inverter\"} 0\n"));
  CHECK_FALSE(Has(text, "nan"));
}
