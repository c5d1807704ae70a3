"""The whole way into a real Home Assistant Core: registries, states, a restart, an outage, and nothing to complain of."""

import json
import re
import time

from core import Core
from peers import DISCOVERY, Broker, Program, Simulator, Subscriber, free_port, options, until

PREFIX = "aims2mqtt_aims_inverter_"

DESCRIBED = {"model": "PICOGLF12W12V120AL", "rated_power": 1200, "battery": {"type": "agm", "nominal_voltage": 12, "capacity": 200}}

# unique id: (entity id, name, device class, unit, category, state; None: disabled)
EXPECTED = {
    "battery_low": ("binary_sensor", "Battery status", "battery", None, None, "off"),
    "battery_voltage": ("sensor", "Battery voltage", "voltage", "V", None, "13.5"),
    "utility_power": ("binary_sensor", "Utility power", "power", None, None, "on"),
    "utility_voltage": ("sensor", "Utility voltage", "voltage", "V", None, r"1(19|20)\.\d"),
    "utility_fault_voltage": ("sensor", "Utility fault voltage", "voltage", "V", "diagnostic", r"1(19|20)\.\d"),
    "load": ("sensor", "Load", None, "%", None, "23"),
    "output_voltage": ("sensor", "Output voltage", "voltage", "V", None, r"1(19|20)\.\d"),
    "output_frequency": ("sensor", "Output frequency", "frequency", "Hz", "diagnostic", "60.0"),
    "temperature": ("sensor", "Temperature", "temperature", "°C", "diagnostic", None),
    "ups_failed": ("binary_sensor", "UPS failed", "problem", None, "diagnostic", "off"),
    "self_test": ("binary_sensor", "Self-test", "running", None, "diagnostic", "off"),
    "shutdown_flag": ("binary_sensor", "Shutdown flag", None, None, "diagnostic", None),
    "beeper": ("binary_sensor", "Beeper", None, None, "diagnostic", "on"),
    "line_interactive": ("binary_sensor", "Line-interactive mode", None, None, "diagnostic", None),
    "avr_active": ("binary_sensor", "AVR active", "running", None, "diagnostic", None),
    "connection": ("binary_sensor", "Connection", "connectivity", None, "diagnostic", "on"),
    "status": ("sensor", "Status", "enum", None, None, "Online"),
    "battery_charge": ("sensor", "Battery charge", "battery", "%", None, "unknown"),
    "battery_runtime": ("sensor", "Battery runtime", "duration", "h", None, "unknown"),
    "battery_health": ("sensor", "Battery health", None, "%", "diagnostic", "unknown"),
    "battery_problem": ("binary_sensor", "Battery problem", "problem", None, None, "off"),
    "load_power": ("sensor", "Load power", "power", "W", None, "276"),
    "energy_on_battery": ("sensor", "Energy on battery", "energy", "kWh", None, "0.0"),
    "energy_total": ("sensor", "Energy total", "energy", "kWh", None, "0.0"),
    "on_battery_since": ("sensor", "On battery since", "timestamp", None, None, None),
    "last_outage": ("sensor", "Last outage", "timestamp", None, None, None),
    "last_outage_duration": ("sensor", "Last outage duration", "duration", "min", None, "unknown"),
    "outages": ("sensor", "Outages", None, None, None, "0"),
    "shutdown_advised": ("binary_sensor", "Shutdown advised", None, None, None, "off"),
    "safe_to_start": ("binary_sensor", "Safe to start", None, None, None, "off"),
    "power_event": ("event", "Power event", None, None, None, "unknown"),
}

STATE_CLASSES = {"status": None, "on_battery_since": None, "last_outage": None, "outages": "total_increasing",
                 "energy_on_battery": "total_increasing", "energy_total": "total_increasing"}


def are_live(core):
    states = core.states()
    ids = [f"{row[0]}.aims_inverter_{key}" for key, row in EXPECTED.items() if row[5] not in (None, "unknown")]
    return all(i in states and states[i]["state"] not in ("unknown", "unavailable") for i in ids)


def test_the_device_in_a_real_home_assistant(docker_image, tmp_path):
    docker_image("home-assistant")
    (tmp_path / "core").mkdir()
    with Broker(tmp_path) as broker, Subscriber(broker.port) as ears, Simulator(tmp_path / "inverter") as simulator, \
            Program(tmp_path, options(simulator.link, broker.port, **DESCRIBED)) as program, \
            Core(tmp_path / "core", free_port()) as core:
        core.onboard()
        core.connect(broker.port)
        until(lambda: are_live(core), 90, "the device in Home Assistant")

        device = core.device("aims2mqtt_aims_inverter")
        assert device["name"] == "AIMS inverter" and device["manufacturer"] == "AIMS Power"
        assert device["model"] == "PICOGLF12W12V120AL" and device["sw_version"] is None

        entities = core.entities(device)
        states = core.states()
        assert set(entities) == {PREFIX + key for key in EXPECTED}
        for key, (platform, name, device_class, unit, category, state) in EXPECTED.items():
            entity = entities[PREFIX + key]
            entity_id = f"{platform}.aims_inverter_{key}"
            assert entity["entity_id"] == entity_id
            assert entity["original_name"] == name
            assert entity["entity_category"] == category
            assert entity["disabled_by"] == (None if state else "integration"), key
            if state is None:
                assert entity_id not in states
                continue
            attributes = states[entity_id]["attributes"]
            assert re.fullmatch(state, states[entity_id]["state"]), (key, states[entity_id])
            assert attributes.get("device_class") == device_class, key
            assert attributes.get("unit_of_measurement") == unit, key
            assert attributes["friendly_name"] == f"AIMS inverter {name}"
            assert attributes.get("state_class") == STATE_CLASSES.get(key, "measurement" if platform == "sensor" else None), key

        # The page of an app is taken as where Visit leads, with the rest of the device.
        document = json.loads(ears.payloads(DISCOVERY)[-1])
        page = "homeassistant://config/app/local_aims_power_inverter_mqtt/info"
        ears.publish(DISCOVERY, json.dumps({**document, "dev": {**document["dev"], "cu": page}}), retain=True)
        until(lambda: core.device("aims2mqtt_aims_inverter")["configuration_url"] == page, 5, "the app's page")

        def event():
            return core.states().get("event.aims_inverter_power_event", {}).get("attributes", {})

        # What happens before Home Assistant has announced itself is told twice.
        until(lambda: "online" in ears.payloads("homeassistant/status"), 60, "Home Assistant's word")
        time.sleep(4)
        began = time.time()
        simulator.do("utility off")
        until(lambda: core.states()["binary_sensor.aims_inverter_utility_power"]["state"] == "off", 5, "the outage")
        until(lambda: event().get("event_type") == "Power lost", 5, "the event")
        assert event()["late"] is False and event()["time"] and event()["id"]
        simulator.do("utility on")
        until(lambda: core.states()["binary_sensor.aims_inverter_utility_power"]["state"] == "on", 5, "its end")
        until(lambda: event().get("event_type") == "Power restored", 5, "the event")
        last = core.states()["sensor.aims_inverter_last_outage_duration"]
        assert last["attributes"]["cause"] == "no mains" and last["attributes"]["lowest_battery_voltage"] < 13
        assert core.states()["sensor.aims_inverter_outages"]["state"] == "1"
        lines = until(lambda: (lines := core.activity(device, began)) and "Power restored" in str(lines) and lines, 20, "the Activity")
        assert len(lines) <= 6, lines
        assert core.states()["binary_sensor.aims_inverter_shutdown_advised"]["attributes"]["reasons"] == []

        # Whoever deletes an entity in the user interface has Home Assistant clear the device's discovery, and all entities go.
        core.ask(type="config/entity_registry/remove", entity_id="binary_sensor.aims_inverter_beeper")
        until(lambda: not are_live(core), 10, "the end of the device")
        core.restart()
        until(lambda: are_live(core), 90, "the device after the restart")

        # What happens while Home Assistant is away is told when it is back.
        with core.stopped():
            simulator.do("utility off")
            time.sleep(2)
        until(lambda: event().get("event_type") == "Power lost", 90, "the event of the time in between")
        simulator.do("utility on")
        until(lambda: are_live(core), 90, "the device after the second restart")

        simulator.do("unplug")
        until(lambda: core.states()["sensor.aims_inverter_battery_voltage"]["state"] == "unavailable", 5, "no stale value")
        assert core.states()["binary_sensor.aims_inverter_connection"]["state"] == "off"
        simulator.do("plug")
        until(lambda: are_live(core), 10, "the device after it was plugged in again")

        code, _ = program.stop()
        assert code == 0
        until(lambda: core.states()["binary_sensor.aims_inverter_connection"]["state"] == "unavailable", 5, "the will")

        # With control the beeper is a switch, and what it was before is gone; and the way back.
        def has(entity):
            return core.states().get(entity, {}).get("state") not in (None, "unavailable")

        allowed = options(simulator.link, broker.port, control={"beeper": True, "megatec": True}, **DESCRIBED)
        allowed["nut"] = {"enabled": True, "port": free_port(), "users": [{"name": "ha", "password": "h", "role": "read", "commands": True}]}
        with Program(tmp_path, allowed) as program:
            until(lambda: has("switch.aims_inverter_beeper"), 10, "the switch")
            until(lambda: "binary_sensor.aims_inverter_beeper" not in core.states(), 5, "the end of the binary sensor")
            core.act("switch.turn_off", entity_id="switch.aims_inverter_beeper")
            until(lambda: core.states()["switch.aims_inverter_beeper"]["state"] == "off", 5, "the beeper's end")
            core.act("button.press", entity_id="button.aims_inverter_run_self_test")
            until(lambda: core.states()["binary_sensor.aims_inverter_self_test"]["state"] == "on", 5, "the test")
            until(lambda: len(program.lines("confirmed by the next reading")) == 2, 5, "the two lines of the log")
            until(lambda: core.states()["sensor.aims_inverter_nut_clients"]["state"] == "0", 5, "the NUT clients")

            # Home Assistant's own NUT integration, set up as a person would.
            flow = core.call("POST", "/api/config/config_entries/flow", {"handler": "nut"})
            done = core.call("POST", f"/api/config/config_entries/flow/{flow['flow_id']}",
                             {"host": "127.0.0.1", "port": allowed["nut"]["port"], "username": "ha", "password": "h"})
            assert done["type"] == "create_entry", done

            def of_nut():
                return {one["unique_id"].removeprefix("AIMS Power_PICOGLF12W12V120AL_aims_inverter_"): one["entity_id"]
                        for one in core.ask(type="config/entity_registry/list") if one["platform"] == "nut"}

            until(lambda: "ups.status" in of_nut(), 20, "the entities of the NUT integration")
            assert core.states()[of_nut()["ups.status"]]["state"].split()[0] == "OL"
            assert float(core.states()[of_nut()["input.voltage"]]["state"]) > 100
            program.stop()
        with Program(tmp_path, options(simulator.link, broker.port, **DESCRIBED)):
            until(lambda: has("binary_sensor.aims_inverter_beeper"), 10, "the binary sensor")
            until(lambda: not any(entity.split(".")[0] in ("switch", "button") and "aims" in entity for entity in core.states()),
                  5, "the end of what is not allowed")
            assert {entity["entity_id"] for entity in core.entities(core.device("aims2mqtt_aims_inverter")).values()} == \
                {f"{row[0]}.aims_inverter_{key}" for key, row in EXPECTED.items()}

        # With nothing but a name, there is nothing that stays unknown, and nothing that is wrong.
        with Program(tmp_path, options(simulator.link, broker.port)):
            until(lambda: not has("sensor.aims_inverter_load_power") and has("sensor.aims_inverter_load"), 10, "the default device")
            time.sleep(1)
            states = core.states()
            shown = {entity["entity_id"] for entity in core.entities(core.device("aims2mqtt_aims_inverter")).values()} & set(states)
            unknown = {entity.split("aims_inverter_")[1] for entity in shown if states[entity]["state"] in ("unknown", "unavailable")}
            assert unknown <= {"last_outage_duration", "power_event", "temperature"}, unknown
            assert not {"battery_charge", "battery_runtime", "battery_health", "load_power", "energy_total"} & {
                entity.split("aims_inverter_")[1] for entity in shown}

        complaints = [line for line in core.log().splitlines()
                      if re.search(r"WARNING|ERROR", line) and re.search(r"aims|mqtt", line, re.IGNORECASE)
                      and "Although entity binary_sensor.aims_inverter_beeper" not in line]  # that was deleted above
        assert complaints == []
