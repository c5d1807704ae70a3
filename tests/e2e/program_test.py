"""The program against a real broker and a simulated, or scripted, inverter: the contracts of topics, order and policy."""

import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
from peers import (BRIDGE, DISCOVERY, KEYS, LINK, MAINS, OUTAGE, PROGRAM, STATE, WIRE, Authority, Broker, FakeSupervisor,
                   Program, ScriptedInverter, Simulator, Subscriber, accepts, free_port, options, running, until)

def topics(ears, since=0.0):
    return [topic for _, topic, _, _ in ears.messages(since=since)]


# ---- The main job ----

@pytest.mark.races
@pytest.mark.release
def test_from_the_wire_to_the_broker_and_back_to_silence(tmp_path, broker, ears):
    with Simulator(tmp_path / "inverter") as simulator, \
            Program(tmp_path, options(simulator.link, broker.port)) as program:
        state = ears.until_state(lambda s: s["connection"] == "ON", 3)
        assert set(state) == KEYS
        assert state["utility_power"] == "ON" and state["battery_voltage"] == 13.5 and state["load"] == 23

        simulator.do("utility off")
        ears.until_state(lambda s: s["utility_power"] == "OFF", 2)
        simulator.do("utility on")
        ears.until_state(lambda s: s["utility_power"] == "ON", 2, since=time.monotonic())

        code, took = program.stop()
        assert code == 0 and took < 1
    ears.until_payload(BRIDGE, "offline", 1)


@pytest.mark.races
def test_the_first_words_are_in_the_contracts_order(tmp_path, broker, ears):
    answers = iter([None, None])
    with ScriptedInverter(lambda request: next(answers, MAINS)) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port)):
        ears.until_payload(LINK, "online")
        assert topics(ears)[:3] == [LINK, DISCOVERY, BRIDGE]
        assert ears.payloads(LINK)[0] == "offline" and ears.payloads(BRIDGE) == ["online"]
        later = topics(ears)[3:]
        assert later[:2] == [STATE, LINK]  # no state before the first good reading; then state, then link


def test_all_is_retained_with_the_will(tmp_path, broker, ears):
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port)) as program:
        ears.until_payload(LINK, "online")
        with Subscriber(broker.port) as later:
            until(lambda: len(later.messages()) >= 4)
            assert {topic: retained for _, topic, _, retained in later.messages()} == dict.fromkeys(
                [BRIDGE, LINK, STATE, DISCOVERY], True)
        program.process.kill()
        ears.until_payload(BRIDGE, "offline", 2)


def test_cr_and_lf_take_turns_until_one_was_answered(tmp_path, broker, ears):
    with ScriptedInverter(lambda request: MAINS if request == b"Q1\n" else None) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port)):
        ears.until_payload(LINK, "online")
        until(lambda: len(inverter.requests) >= 5)
        assert [request for _, request in inverter.requests][:5] == [b"Q1\r"] + [b"Q1\n"] * 4


@pytest.mark.races
def test_two_inverters_have_a_device_and_a_link_each(tmp_path, broker, ears):
    with ScriptedInverter() as one, ScriptedInverter(lambda request: OUTAGE, tcp=True) as two:
        both = options(one.address, broker.port)
        both["inverters"].append({"name": "Attic", "address": two.address})
        with Program(tmp_path, both):
            assert ears.until_state(lambda s: True)["utility_power"] == "ON"
            assert ears.until_state(lambda s: True, inverter="attic")["utility_power"] == "OFF"
            assert "homeassistant/device/aims2mqtt_attic/config" in topics(ears)
            two.answer = lambda request: None
            ears.until_payload("aims2mqtt/attic/link", "offline", 6, since=time.monotonic())
            assert ears.payloads(LINK)[-1] == "online"


# ---- Outages, battery, energy ----

BATTERY = {"battery": {"type": "lifepo4", "nominal_voltage": 12, "capacity": 100}, "rated_power": 1200}


def test_an_outage_is_recorded_and_goes_on_through_a_restart(tmp_path, broker, ears):
    with ScriptedInverter() as inverter:
        with Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1, **BATTERY)) as program:
            assert ears.until_state(lambda s: s["connection"] == "ON")["status"] == "Online"
            inverter.answer = lambda request: OUTAGE
            state = ears.until_state(lambda s: s["status"] == "On battery")
            assert state["on_battery_since"] and state["last_outage"] is None and state["outages"] == 1
            assert state["load_power"] == 276 and state["battery_charge"] is None
            time.sleep(1)
            program.process.kill()
        time.sleep(1)
        with Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1, **BATTERY)) as program:
            again = ears.until_state(lambda s: s["connection"] == "ON", since=program.started)
            assert again["on_battery_since"] == state["on_battery_since"] and again["outages"] == 1
            inverter.answer = lambda request: MAINS
            state = ears.until_state(lambda s: s["last_outage"], since=program.started)
            assert state["last_outage"] == again["on_battery_since"] and state["on_battery_since"] is None
            record = state["last_outage_record"]
            assert 2 <= record["duration"] < 10 and record["gaps"] == 1 and record["cause"] == "no mains"
            assert record["lowest_battery_voltage"] == 12.1 and record["highest_load"] == 23
            program.until_line("utility power is back after")


def test_a_shutdown_is_advised_by_time_on_battery_and_withdrawn_when_the_mains_hold(tmp_path, broker, ears):
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1, shutdown={"after": 1, "delay": 0.5, "restore_delay": 2})) as program:
        ears.until_payload(LINK, "online")
        ears.publish("homeassistant/status", "online")
        inverter.answer = lambda request: OUTAGE
        state = ears.until_state(lambda s: s["shutdown_advised"] == "ON", 4)
        assert [r["reason"] for r in state["shutdown_reasons"]["reasons"]] == ["time on battery"]
        program.until_line("shutdown advised: ")
        inverter.answer = lambda request: MAINS
        start = time.monotonic()
        ears.until_state(lambda s: s["utility_power"] == "ON", since=start)
        ears.until_state(lambda s: s["shutdown_advised"] == "OFF", 4, since=start)
        assert time.monotonic() - start >= 1.8
        until(lambda: "Shutdown withdrawn" in [e["event_type"] for e in ears.events()], 8)
        assert [e["event_type"] for e in ears.events()] == ["Power lost", "Shutdown advised", "Power restored",
                                                           "Shutdown withdrawn"]


def test_energy_is_told_as_far_as_it_is_saved_and_goes_on_after_a_restart(tmp_path, broker, ears):
    heavy = {**BATTERY, "rated_power": 50_000}  # 23 % of it are 10 Wh in 3 s
    with ScriptedInverter(lambda request: OUTAGE) as inverter:
        with Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1, **heavy)) as program:
            told = ears.until_state(lambda s: s["energy_on_battery"] >= 0.02, 12)["energy_on_battery"]
            program.process.kill()
        with Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1, **heavy)) as program:
            again = ears.until_state(lambda s: s["connection"] == "ON", since=program.started)
            assert again["energy_on_battery"] >= told and again["energy_total"] == again["energy_on_battery"]


def test_what_was_learned_of_a_battery_outlives_a_restart_and_charge_and_runtime_have_ranges(tmp_path, broker, ears):
    agm = {**BATTERY, "battery": {**BATTERY["battery"], "type": "agm", "capacity_1h": 60}}
    file = tmp_path / "battery.json"
    known = {"charge": {"mean": 1, "sigma": 0.01}, "bias": None, "drain": {"mean": 1.25, "sigma": 0.04}, "on_battery": False,
             "load": 0, "energy_on_battery": 0, "energy_total": 0, "shutdown_advised": False, "was_pack": True,
             "saved_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")}
    file.write_text(json.dumps({"version": 1, "inverters": {"aims_inverter": known}}))
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1, **agm)):
        state = ears.until_state(lambda s: s["connection"] == "ON")
        assert state["battery_health"] == 80 and state["battery_charge"] == 100
        assert state["battery_charge_range"]["least"] > 90 and state["battery_runtime"] is None  # no load is known yet
        inverter.answer = lambda request: OUTAGE
        state = ears.until_state(lambda s: s["battery_runtime"])
        # 23 % of 1200 VA out of 80 % of 100 Ah, at a rate of which 82 % are to be had.
        assert 1.3 < state["battery_runtime"] / 3600 < 2.9
        assert state["battery_runtime_range"]["least"] < state["battery_runtime"] < state["battery_runtime_range"]["most"]
        saved = lambda: json.loads(file.read_text())["inverters"]["aims_inverter"]
        until(lambda: saved()["on_battery"], what="the outage on the disk")  # told first, then saved
        assert saved()["drain"] == known["drain"] and saved()["load"] == 23


# ---- When something is told ----

@pytest.mark.slow
@pytest.mark.races
def test_flags_are_told_at_once_and_measurements_at_their_pace(tmp_path, broker, ears):
    voltage = [110.0]

    def answer(request):
        voltage[0] += 0.1
        return (OUTAGE if battery else MAINS).replace(b"112.0", b"%05.1f" % voltage[0]).replace(
            b"120.0", b"%05.1f" % voltage[0])

    battery = False
    with ScriptedInverter(answer) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1, mqtt={"report_interval": 3})):
        ears.until_payload(LINK, "online")
        start = time.monotonic()
        time.sleep(6.5)
        assert len(ears.states(since=start)) == 2
        battery = True
        ears.until_state(lambda s: s["utility_power"] == "OFF", 0.5)
        start = time.monotonic()
        time.sleep(4.5)
        assert len(ears.states(since=start)) == 2
        battery = False
        ears.until_state(lambda s: s["utility_power"] == "ON", 0.5, since=start)


def test_three_misses_take_it_offline_link_first_and_nothing_stale_is_left(tmp_path, broker, ears):
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.2)) as program:
        ears.until_payload(LINK, "online")
        inverter.answer = lambda request: b"(NAK\r"
        start = time.monotonic()
        ears.until_payload(LINK, "offline", 2, since=start)
        state = ears.until_state(lambda s: s["connection"] == "OFF", 1, since=start)
        assert all(state[key] is None for key in WIRE)
        assert state["status"] is None and state["load_power"] is None and state["energy_total"] == 0  # counts are never null
        assert topics(ears, since=start)[-2:] == [LINK, STATE]
        asked = [at for at, _ in inverter.requests]
        time.sleep(1)
        assert len(inverter.requests) - len(asked) >= 4  # polling does not slow down
        inverter.answer = lambda request: OUTAGE
        back = time.monotonic()
        ears.until_payload(LINK, "online", 2, since=back)
        assert topics(ears, since=back)[:2] == [STATE, LINK]
        program.until_line("answers again")  # the log comes last
        assert len(program.lines("requests in a row")) == 1 and len(program.lines("answers again")) == 1


def test_polls_leave_at_their_interval(tmp_path, broker, ears):
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.25)):
        until(lambda: len(inverter.requests) >= 9)
        times = [at for at, _ in inverter.requests]
        assert 0.24 < (times[8] - times[0]) / 8 < 0.3


def test_with_an_interval_of_0_the_next_request_leaves_when_the_reply_has_ended(tmp_path, broker, ears):
    with Simulator(tmp_path / "inverter") as simulator, \
            Program(tmp_path, options(simulator.link, broker.port, poll_interval=0), arguments=["--log-level", "debug"]) \
            as program:
        until(lambda: len(program.lines(" < ")) >= 2)
        start, before = time.monotonic(), len(program.lines(" < "))
        until(lambda: len(program.lines(" < ")) >= before + 10)
        assert 1.6 < time.monotonic() - start < 3  # 208 ms each, which the line takes; the log may come late


# ---- The broker ----

@pytest.mark.slow
@pytest.mark.races
def test_a_restart_of_the_broker_is_one_line_each_way(tmp_path, broker):
    # The reconnect was told a second time, as "steady again", 10 s later.
    with Program(tmp_path, options("simulator://", broker.port)) as program:
        program.until_line("connected to the MQTT broker")
        time.sleep(10.5)
        broker.stop()
        program.until_line("lost the MQTT broker")
        broker.start()
        until(lambda: len(program.lines("connected to the MQTT broker")) == 2, 6)
        time.sleep(10.5)
        assert len(program.lines("lost the MQTT broker")) == 1 and not program.lines("steady")


@pytest.mark.races
def test_everything_comes_again_after_home_assistants_birth(tmp_path, broker, ears):
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port)):
        ears.until_payload(LINK, "online")
        time.sleep(0.3)
        start = time.monotonic()
        ears.publish("homeassistant/status", "offline")
        ears.publish("homeassistant/status", "online")
        ears.publish("homeassistant/status", "online")
        until(lambda: BRIDGE in topics(ears, since=start), 4)
        heard = [t for t in topics(ears, since=start) if t != "homeassistant/status"]
        assert heard[:4] == [DISCOVERY, STATE, LINK, BRIDGE]
        time.sleep(3.2)
        assert topics(ears, since=start).count(DISCOVERY) == 1


def test_what_happens_while_home_assistant_is_away_is_told_when_it_is_back(tmp_path, broker, ears):
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1)):
        ears.until_payload(LINK, "online")
        ears.publish("homeassistant/status", "online")
        time.sleep(4.5)
        ears.publish("homeassistant/status", "offline")
        ears.until_payload("homeassistant/status", "offline")
        time.sleep(1)  # until the program has heard it, too
        inverter.answer = lambda request: OUTAGE
        ears.until_state(lambda s: s["utility_power"] == "OFF", 2)
        time.sleep(0.5)
        assert ears.events() == []
        ears.publish("homeassistant/status", "online")
        until(lambda: [e["event_type"] for e in ears.events()] == ["Power lost"], 5)


@pytest.mark.slow
@pytest.mark.races
def test_events_are_heard_ten_seconds_after_the_broker_is_there_without_home_assistant(tmp_path, broker, ears):
    with ScriptedInverter(lambda request: OUTAGE) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1)):
        ears.until_payload(LINK, "online")
        start = time.monotonic()
        event = until(ears.events, 12)[0]
        assert 9 < time.monotonic() - start and event["event_type"] == "Power lost" and event["late"] is False
        assert set(event) == {"event_type", "id", "time", "late", "cause"}
        start = time.monotonic()
        inverter.answer = lambda request: MAINS
        until(lambda: len(ears.events()) == 2, 1)
        assert ears.events()[1]["id"] != event["id"]
        assert not [retained for _, topic, _, retained in ears.messages() if topic.endswith("/event") and retained]


def test_a_state_that_an_earlier_run_left_is_not_shown_as_live(tmp_path, broker, ears):
    ears.publish(STATE, json.dumps({"connection": "ON", "battery_voltage": 13.5}), retain=True)
    start = time.monotonic()
    with ScriptedInverter(lambda request: None) as inverter, Program(tmp_path, options(inverter.address, broker.port)):
        state = ears.until_state(lambda s: s["connection"] == "OFF", since=start)
        assert set(state) == KEYS and state["battery_voltage"] is None


def test_no_state_is_told_before_the_first_good_reading(tmp_path, broker, ears):
    with ScriptedInverter(lambda request: b"(NAK\r") as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1)):
        ears.until_payload(BRIDGE, "online")
        time.sleep(1.5)
        assert STATE not in topics(ears)
        assert ears.payloads(LINK) == ["offline"]


@pytest.mark.races
def test_a_refused_login_is_said_and_tried_again(tmp_path):
    with Broker(tmp_path, "allow_anonymous false") as broker, \
            Program(tmp_path, options("simulator://", broker.port)) as program:
        program.until_line("refused the login")
        time.sleep(4)
        assert len(program.lines("refused the login")) == 1
        broker.stop()
        broker.conf.write_text(f"listener {broker.port} 127.0.0.1\nallow_anonymous true\n")
        broker.start()
        program.until_line("connected to the MQTT broker", 5)


# ---- TLS ----

def with_tls(broker, ca_file="", host="localhost"):
    chosen = options("simulator://", broker.port)
    chosen["mqtt"].update(host=host, tls=True, ca_file=str(ca_file))
    return chosen


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.release
def test_a_certificate_of_the_given_authority_is_accepted(tmp_path, authority, host):
    with Broker(tmp_path, authority.listener()) as broker, \
            Program(tmp_path, with_tls(broker, authority.file, host)) as program:
        program.until_line("with TLS")


@pytest.mark.release
def test_tls_1_3_is_spoken(tmp_path, authority):
    with Broker(tmp_path, authority.listener() + "\ntls_version tlsv1.3") as broker, \
            Program(tmp_path, with_tls(broker, authority.file)) as program:
        program.until_line("with TLS")


@pytest.mark.release
def test_nothing_older_than_tls_1_2_is_spoken(tmp_path, authority):
    authority.listener()
    port = free_port()
    server = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", tmp_path / "broker.crt",
              "-key", tmp_path / "broker.key", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0", "-quiet"]
    with running(server, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        until(lambda: accepts(port))
        chosen = options("simulator://", port)
        chosen["mqtt"].update(host="127.0.0.1", tls=True, ca_file=str(authority.file))
        with Program(tmp_path, chosen) as program:
            program.until_line("no TLS came about on this port", 10)


@pytest.mark.parametrize("case,words", [
    ("wrong authority", "signed by an authority that is not trusted"),
    ("public authorities only", "signed by an authority that is not trusted"),
    ("expired", "has expired"),
    ("another name", "is for another name than localhost"),
    ("plain text", "no TLS came about on this port"),
    ("no certificate in the file", "holds no certificate"),
])
@pytest.mark.release
def test_a_certificate_that_does_not_fit_is_refused_with_its_reason(tmp_path, authority, case, words):
    listener = authority.listener("DNS:elsewhere.example" if case == "another name" else "DNS:localhost",
                                  expired=case == "expired")
    ca_file = authority.file
    if case == "wrong authority":
        ca_file = Authority(tmp_path, "other").file
    elif case == "public authorities only":
        ca_file = ""
    elif case == "plain text":
        listener = "allow_anonymous true"
    elif case == "no certificate in the file":
        ca_file = tmp_path / "empty"
        ca_file.write_text("")
    with Broker(tmp_path, listener) as broker, Program(tmp_path, with_tls(broker, ca_file)) as program:
        program.until_line(words, 8)
        time.sleep(2)
        assert len(program.lines("no connection to")) == 1 and not program.lines("with TLS")


# ---- The Supervisor ----

@pytest.mark.races
def test_a_broker_by_hand_wins(tmp_path, broker, ears):
    with FakeSupervisor() as supervisor, \
            Program(tmp_path, options("simulator://", broker.port), {"SUPERVISOR_API": supervisor.url}):
        ears.until_payload(LINK, "online")
        assert supervisor.requests == []


# ---- The device ----

def test_a_device_that_is_not_there_ends_nothing(tmp_path, broker, ears):
    with Program(tmp_path, options(tmp_path / "inverter", broker.port)) as program:
        program.until_line(str(tmp_path / "inverter"))
        time.sleep(2)
        with Simulator(tmp_path / "inverter"):
            ears.until_payload(LINK, "online", 3)
        assert len(program.lines("looking for it")) == 2  # absent; and lost again when the simulator ended


def test_a_bridge_that_answers_nonsense_is_asked_on_at_the_same_pace(tmp_path, broker, ears):
    with ScriptedInverter(lambda request: b"(NAK\r", tcp=True) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.2)):
        until(lambda: inverter.requests)
        time.sleep(2)
        assert len(inverter.requests) >= 9


def test_another_kind_of_trouble_is_told_too(tmp_path, broker):
    with ScriptedInverter(lambda request: None) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port)) as program:
        program.until_line("(no answer)", 6)
        inverter.answer = lambda request: request
        program.until_line("only our own request came back", 3)
        time.sleep(2)
        assert len(program.lines("requests in a row")) == 2


# ---- Finding the adapter ----

@pytest.fixture
def adapter(by_id):
    """Makes a link as udev does, and returns it. Whoever uses it is in the group "adapters"."""
    def make(number, target):
        link = by_id / f"usb-aims-test-{number}"
        link.symlink_to(target)
        return link

    return make


@pytest.mark.xdist_group("adapters")
def test_the_only_adapter_is_taken_and_kept_once_it_has_answered(tmp_path, broker, ears, adapter):
    with ScriptedInverter() as inverter:
        link = adapter(1, inverter.address)
        with Program(tmp_path, options("", broker.port, poll_interval=0.2)) as program:
            ears.until_payload(LINK, "online")
            program.until_line(f"asking {link}")
            inverter.answer = lambda request: None
            ears.until_payload(LINK, "offline", 5, since=time.monotonic())
            inverter.answer = lambda request: MAINS
            ears.until_payload(LINK, "online", 3, since=time.monotonic())


@pytest.mark.xdist_group("adapters")
def test_an_adapter_that_does_not_answer_like_an_inverter_is_let_go(tmp_path, broker, adapter):
    with ScriptedInverter(lambda request: b"hello\r") as other:
        adapter(1, other.address)
        with Program(tmp_path, options("", broker.port, poll_interval=0.2)) as program:
            program.until_line("it may be another device's")
            time.sleep(2)
            assert len(other.requests) == 3
            assert run("--probe", other.address).returncode == 1  # it is not locked any more


@pytest.mark.xdist_group("adapters")
def test_of_two_adapters_none_is_taken_and_both_are_named(tmp_path, broker, adapter):
    with ScriptedInverter() as one, ScriptedInverter() as two, \
            Program(tmp_path, options("", broker.port)) as program:
        program.until_line("there is no serial adapter")
        first = adapter(1, one.address)
        second = adapter(2, two.address)
        program.until_line("more than one serial adapter")
        assert program.lines(str(first)) and program.lines(str(second))
        assert one.requests == two.requests == []


# ---- Options, command line ----

def run(*arguments, program=PROGRAM, **more):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20, **more)


def test_every_mistake_is_a_line_and_the_exit_code_is_2(tmp_path):
    file = tmp_path / "options.json"
    file.write_text(json.dumps({"inverters": [{"name": "", "baud_rate": 300}], "mqtt": {"port": 0}, "x": 1}))
    done = run("--options", file)
    lines = done.stdout.splitlines()
    assert done.returncode == 2 and len(lines) == 4
    for part in ["inverters[0].name", 'inverters[0].baud_rate: "300"', 'mqtt.port: "0"', '"x"']:
        assert sum(part in line for line in lines) == 1, part


@pytest.mark.release
def test_options_that_cannot_be_read_are_named(tmp_path):
    for path in [tmp_path / "none.json", tmp_path]:
        done = run("--options", path)
        assert done.returncode == 2 and str(path) in done.stdout
    huge = tmp_path / "huge.json"
    with open(huge, "w") as file:
        file.truncate(17 << 20)
    done = run("--options", huge)
    assert done.returncode == 2 and str(huge) in done.stdout


@pytest.mark.release
def test_a_wrong_command_line_is_2(tmp_path):
    for arguments in [["--bogus"], ["extra"], ["--log-level", "loud"], ["--probe", "nowhere"]]:
        assert run(*arguments).returncode == 2, arguments
    assert run("--version").stdout.count(".") == 2
    assert "--probe" in run("--help").stdout


def test_an_unknown_option_is_a_warning(tmp_path, broker, ears):
    extra = {**options("simulator://", broker.port), "colour": "red"}
    with Program(tmp_path, extra) as program:
        ears.until_payload(LINK, "online")
        assert len(program.lines("colour")) == 1


@pytest.mark.release
def test_the_log_has_local_time_and_no_password(tmp_path, broker):
    secret = options("simulator://", broker.port)
    secret["mqtt"].update(username="u", password="geheim")
    with Program(tmp_path, secret, {"TZ": "XXX-5:30"}, ["--log-level", "debug"]) as program:
        program.until_line("connected")
        local = time.strftime("%Y-%m-%d %H:", time.gmtime(time.time() + 5.5 * 3600))
        assert program.log[0].startswith(local)
        assert not program.lines("geheim")
        command = pathlib.Path(f"/proc/{program.process.pid}/cmdline").read_text()
        assert "geheim" not in command


@pytest.mark.release
def test_healthcheck_knows_whether_the_loop_lives(tmp_path):
    assert run("--healthcheck", "--data", tmp_path).returncode == 1
    with Program(tmp_path, options("/nowhere", free_port())) as program:
        until(lambda: run("--healthcheck", "--data", tmp_path).returncode == 0)
        program.process.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        assert run("--healthcheck", "--data", tmp_path).returncode == 1
        assert time.monotonic() - start < 4  # 2 s, and the start of a process on a machine that is busy
        program.process.send_signal(signal.SIGCONT)
        assert run("--healthcheck", "--data", tmp_path).returncode == 0


@pytest.mark.release
def test_sigint_ends_it_as_well(tmp_path, broker, ears):
    with Program(tmp_path, options("simulator://", broker.port)) as program:
        ears.until_payload(BRIDGE, "online")
        code, took = program.stop(signal.SIGINT)
        assert code == 0 and took < 1
    ears.until_payload(BRIDGE, "offline", 1)


@pytest.mark.release
@pytest.mark.release_alone
def test_the_release_is_static_and_runs_in_an_empty_chroot(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(PROGRAM.read_bytes())
    program.chmod(0o755)
    kind = subprocess.run(["file", program], capture_output=True, text=True).stdout
    assert "static-pie linked" in kind
    done = subprocess.run(["chroot", tmp_path, "/program", "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ---- --probe ----

@pytest.mark.release
def test_probe_decodes_a_good_frame():
    with ScriptedInverter() as inverter:
        done = run("--probe", inverter.address)
    assert done.returncode == 0
    assert "13.5 V" in done.stdout and "Utility power" in done.stdout


@pytest.mark.parametrize("fault,words", [
    ("silence", "Nothing answers. Is the inverter switched on? Are TX and RX swapped"),
    ("echo", "Our own bytes come back. TX and RX touch each other"),
    ("garbage", "The reply is not text. The baud rate is wrong"),
    ("nak", "does not know Q1"),
    ("half", "The reply is damaged"),
    ("voltronic", "This is the Voltronic protocol"),
    ("axpert", "This is the Voltronic protocol (QPIGS), which Axpert"),
])
@pytest.mark.release
def test_probe_and_the_log_say_what_is_wrong(tmp_path, broker, fault, words):
    with Simulator(tmp_path / "inverter") as simulator:
        simulator.do(f"fault {fault}")
        simulator.do("load 1")  # commands are obeyed in order
        # A simulator on a busy machine makes pauses that no inverter makes.
        done = until(lambda: words in (answer := run("--probe", simulator.link)).stdout and answer, 15, words)
        assert done.returncode == 1
        with Program(tmp_path, options(simulator.link, broker.port, poll_interval=0.1)) as program:
            program.until_line("3 requests in a row", 8)
            assert words.split(". ")[-1] in program.lines("3 requests in a row")[0]


@pytest.mark.release
def test_probe_sends_q1_alone():
    with ScriptedInverter(lambda request: None) as inverter:
        assert run("--probe", inverter.address).returncode == 1
        assert [request for _, request in inverter.requests] == [b"Q1\r", b"Q1\n"]


@pytest.mark.parametrize("fault", ["none", "noise"])
@pytest.mark.release
def test_probe_reads_a_good_frame_also_after_noise(tmp_path, fault):
    with Simulator(tmp_path / "inverter") as simulator:
        simulator.do(f"fault {fault}")
        # A simulator on a busy machine makes pauses that no inverter makes.
        done = until(lambda: (answer := run("--probe", simulator.link)).returncode == 0 and answer, 10)
        for line in ["Battery voltage", "13.5 V", "Utility power", "Load", "23 %", "Temperature"]:
            assert line in done.stdout


@pytest.mark.release
def test_probe_says_when_there_is_no_device(tmp_path):
    for address, words in [(str(tmp_path / "none"), "There is no such device."),
                           (f"tcp://127.0.0.1:{free_port()}", "nothing listens there (Connection refused). Is the network adapter")]:
        done = run("--probe", address)
        assert done.returncode == 1 and done.stdout.startswith(address) and words in done.stdout


@pytest.mark.release
def test_probe_says_who_is_in_the_way(tmp_path, broker, ears):
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port)):
        ears.until_payload(LINK, "online")
        done = run("--probe", inverter.address)
        assert done.returncode == 1 and "another program uses it" in done.stdout and inverter.address in done.stdout


@pytest.mark.release
def test_probe_says_when_it_may_not():
    # The checkout may lie where another user may not look.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, ScriptedInverter() as inverter:
        os.chmod(folder, 0o755)
        program = shutil.copy(PROGRAM, folder)
        os.chmod(inverter.address, 0o600)
        done = run("--probe", inverter.address, program=program, user=65534, group=65534, extra_groups=[])
        assert done.returncode == 1 and "no permission" in done.stdout.lower() and "dialout" in done.stdout


def test_events_that_waited_are_told_apart_by_milliseconds(tmp_path, broker):
    """Home Assistant's event entities have the time of arrival as their state: of two in one millisecond automations see one."""
    with Subscriber(broker.port) as ears, ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1)):
        ears.until_payload(LINK, "online")
        ears.publish("homeassistant/status", "offline")
        time.sleep(0.3)
        for answer in (OUTAGE, MAINS, OUTAGE, MAINS):
            inverter.answer = lambda request, answer=answer: answer
            time.sleep(0.5)
        start = time.monotonic()
        ears.publish("homeassistant/status", "online")
        until(lambda: len(ears.events(since=start)) >= 4, 10)
        told = [at for at, *_ in ears.messages("aims2mqtt/aims_inverter/event", since=start)]
        assert min(b - a for a, b in zip(told, told[1:])) > 0.05


def test_a_new_reason_for_waiting_for_the_broker_is_a_new_line_and_an_old_one_is_not(tmp_path):
    unknown = 400, {"result": "error", "message": "Service not enabled"}
    with FakeSupervisor(unknown) as supervisor, ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address), {"SUPERVISOR_API": supervisor.url, "SUPERVISOR_TOKEN": "abc"}) as program:
        program.until_line("waiting for an MQTT broker: no MQTT broker is registered")
        supervisor.reply = 502, {"result": "error", "message": "Bad gateway"}
        program.until_line("waiting for an MQTT broker: the Supervisor answered with status 502", 8)
        asked = len(supervisor.requests)
        supervisor.reply = unknown
        until(lambda: len(supervisor.requests) >= asked + 2, 10)
        assert len(program.lines("waiting for an MQTT broker")) == 2


def test_nothing_listens_at_the_network_adapter(tmp_path):
    with Program(tmp_path, options(f"tcp://127.0.0.1:{free_port()}", free_port())) as program:
        program.until_line("nothing listens there (Connection refused); looking for it every 1 s. Is the network adapter switched on?")
        time.sleep(2.5)
        assert len(program.lines("nothing listens there")) == 1


@pytest.mark.release
def test_check_says_every_mistake_in_the_options(tmp_path):
    def check(text, *arguments):
        (tmp_path / "o.json").write_text(text)
        done = subprocess.run([PROGRAM, "--check", *arguments], capture_output=True, text=True, timeout=20)
        return done.returncode, done.stdout.splitlines()

    file = str(tmp_path / "o.json")
    assert check(json.dumps({"inverters": [{"name": "A"}]}), file) == (0, [f"The options in {file} are right."])
    code, said = check(json.dumps({"inverters": [{"name": "A", "baud_rate": 300}], "mqtt": {"port": 0}, "more": 1}), file)
    assert code == 2 and len(said) == 3
    assert said[0].startswith("inverters[0].baud_rate: ") and said[1].startswith("mqtt.port: ") and said[2].startswith("warning: ")
    code, said = check("{", file)
    assert code == 2 and said[0].startswith("this is not JSON")
    code, said = check("{", str(tmp_path / "nowhere.json"))
    assert code == 2 and "nowhere.json cannot be read" in said[0]
