"""What is asked of the inverter over MQTT: commands, only where the owner allows them, and rehearsals."""

import json
import os
import time

import pytest
from peers import (DISCOVERY, LINK, MAINS, STATE, Program, ScriptedInverter, Simulator, options, until)

COMMAND = "aims2mqtt/aims_inverter/command"
STAGE = "aims_inverter_rehearsal"

LONG = "AIMS_LONG" in os.environ


class Obedient:
    """Answers Q1, turns its beeper over for Q, and answers all else as it is told."""

    def __init__(self, to_others=b""):
        self.beeper, self.testing, self.shutting = True, False, False
        self.to_others = to_others
        self.turns = True

    def __call__(self, request):
        if request.strip() == b"Q1":
            return MAINS[:-9] + b"00001%d%d%d\r" % (self.testing, self.shutting, self.beeper)
        if request == b"Q\r" and self.turns:
            self.beeper = not self.beeper
        return self.to_others


def commands(inverter):
    return [request for _, request in inverter.requests if not request.startswith(b"Q1")]


def discovered(ears):
    return [json.loads(payload)["cmps"] for payload in ears.payloads(DISCOVERY)]


@pytest.mark.races
def test_the_beeper_is_turned_only_where_it_is_not_so_already(tmp_path, broker, ears):
    with ScriptedInverter(Obedient()) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, control={"beeper": True})) as program:
        ears.until_payload(LINK, "online")
        beeper = discovered(ears)[-1]["beeper"]
        assert beeper["p"] == "switch" and beeper["command_topic"] == COMMAND
        start = time.monotonic()
        ears.publish(COMMAND, beeper["payload_off"])
        ears.until_state(lambda s: s["beeper"] == "OFF", 2)
        program.until_line("command beeper_off: sent Q\\r, confirmed by the next reading")
        ears.publish(COMMAND, "beeper_off")
        program.until_line("command beeper_off: nothing to do: it is so already")
        assert commands(inverter) == [b"Q\r"]
        ears.publish(COMMAND, beeper["payload_on"])
        ears.until_state(lambda s: s["beeper"] == "ON", 2, since=start + 0.1)
        assert commands(inverter) == [b"Q\r", b"Q\r"]
        # Read, send, read again, with 100 ms of quiet before what is no Q1.
        times = [(at, request) for at, request in inverter.requests]
        for i, (at, request) in enumerate(times):
            if request == b"Q\r":
                assert times[i - 1][1] == times[i + 1][1] == b"Q1\r"
                assert at - times[i - 1][0] >= 0.1


def test_a_lost_reply_after_a_command_leaves_the_word_to_the_next_one(tmp_path, broker, ears):
    # The log said "not confirmed", and a second later that the beeper is off.
    obedient = Obedient()
    lost = []

    def answer(request):
        if request.strip() == b"Q1" and not obedient.beeper and len(lost) < 2:
            return lost.append(request)
        return obedient(request)

    with ScriptedInverter(answer) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, control={"beeper": True}, poll_interval=0.2)) as program:
        ears.until_payload(LINK, "online")
        ears.publish(COMMAND, "beeper_off")
        program.until_line("command beeper_off: sent Q\\r, confirmed by the next reading")
        assert len(lost) == 2 and commands(inverter) == [b"Q\r"]


def test_a_command_after_which_the_inverter_is_silent_is_not_confirmed(tmp_path, broker, ears):
    obedient = Obedient()
    with ScriptedInverter(lambda request: obedient(request) if obedient.beeper else None) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, control={"beeper": True}, poll_interval=0.2)) as program:
        ears.until_payload(LINK, "online")
        ears.publish(COMMAND, "beeper_off")
        program.until_line("command beeper_off: sent Q\\r, not confirmed", 8)
        assert ears.payloads(LINK)[-1] == "offline"


def test_a_command_wakes_a_bridge_that_rests(tmp_path, broker, ears):
    with ScriptedInverter(Obedient()) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, control={"beeper": True}, poll_interval=60)) as program:
        ears.until_payload(LINK, "online")
        time.sleep(0.5)
        ears.publish(COMMAND, "beeper_off")
        ears.until_state(lambda s: s["beeper"] == "OFF", 3)
        program.until_line("confirmed")


@pytest.mark.parametrize("word, request_, shows", [
    ("self_test", b"T\r", "testing"), ("self_test_until_low", b"TL\r", "testing"), ("cancel_test", b"CT\r", None),
    ("shutdown_restore", b"S.5R0005\r", "shutting"), ("cancel_shutdown", b"C\r", None)])
def test_each_button_sends_its_command_and_says_what_became_of_it(tmp_path, broker, ears, word, request_, shows):
    state = Obedient()

    def answer(asked):
        if asked == request_ and shows:
            setattr(state, shows, True)
        return state(asked)

    with ScriptedInverter(answer) as inverter, Program(
            tmp_path, options(inverter.address, broker.port, control={"megatec": True, "off_delay": 30, "return_delay": 300})) as program:
        ears.until_payload(LINK, "online")
        assert discovered(ears)[-1]["beeper"]["p"] == "binary_sensor"
        assert [c["payload_press"] for c in discovered(ears)[-1].values() if c["p"] == "button"].count(word) == 1
        ears.publish(COMMAND, word)
        program.until_line(f"command {word}: sent {request_.decode().strip()}\\r, " +
                           ("confirmed by the next reading" if shows else "not confirmed"))
        assert commands(inverter) == [request_]


@pytest.mark.parametrize("answer, what", [(b"T\r", "the inverter refused it"), (b"NAK\r", "the inverter refused it"),
                                          (b"(NAK\r", "the inverter refused it"), (b"ACK\r", "not confirmed"),
                                          (b"\xff\x00\x9c", "not confirmed")])
def test_whoever_does_not_know_a_command_is_believed(tmp_path, broker, ears, answer, what):
    with ScriptedInverter(Obedient(answer)) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, control={"megatec": True})) as program:
        ears.until_payload(LINK, "online")
        ears.publish(COMMAND, "self_test")
        program.until_line(what)
        assert commands(inverter) == [b"T\r"]
        assert ears.payloads(LINK)[-1] == "online" and not program.lines("in a row")


@pytest.mark.races
def test_a_beeper_that_does_not_turn_is_not_turned_again_and_again(tmp_path, broker, ears):
    state = Obedient()
    state.turns = False
    with ScriptedInverter(state) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, control={"beeper": True}, poll_interval=0.2)) as program:
        ears.until_payload(LINK, "online")
        ears.publish(COMMAND, "beeper_off")
        program.until_line("command beeper_off: sent Q\\r, not confirmed")
        time.sleep(1.5)
        assert commands(inverter) == [b"Q\r"]


def test_what_is_retained_unknown_or_not_allowed_is_never_sent(tmp_path, broker, ears):
    ears.publish(COMMAND, "beeper_off", retain=True)
    with ScriptedInverter(Obedient()) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, control={"beeper": True}, poll_interval=0.2)) as program:
        ears.until_payload(LINK, "online")
        program.until_line("a retained command")
        for word in ("self_test", "shutdown_restore", "rehearse", "BEEPER_OFF", "beeper_off ", "Q", "Q\r", "S01R0003\r", "",
                     b"\xff\xfe", b"beeper_off\x00", "{}"):
            ears.publish(COMMAND, word)
        time.sleep(1)
        assert commands(inverter) == []
        assert len(program.lines("ignored")) == 2  # the retained one, and the first of the others
        ears.publish(COMMAND, "beeper_off")
        ears.until_state(lambda s: s["beeper"] == "OFF", 3)


@pytest.mark.races
def test_a_flood_of_commands_stops_neither_the_polls_nor_fills_the_log(tmp_path, broker, ears):
    with ScriptedInverter(Obedient()) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, control={"beeper": True, "rehearsal": True}, poll_interval=0.2)) as program:
        ears.until_payload(LINK, "online")
        ears.publish(COMMAND, "rehearse")
        end = time.monotonic() + 3
        while time.monotonic() < end:
            for word in ("beeper_on", "rehearse", "rubbish"):
                ears.client.publish(COMMAND, word, qos=0)
            time.sleep(0.003)
        polls = [request for at, request in inverter.requests if request == b"Q1\r" and end - 3 < at < end]
        assert len(polls) >= 10
        assert len(program.lines("command")) + len(program.lines("rehears")) < 15
        start = time.monotonic()
        inverter.answer = lambda request: MAINS.replace(b"(111", b"(112")
        ears.until_state(lambda s: s["utility_voltage"] == 112.0, 12, since=start)


def test_a_silent_inverter_is_not_given_commands_when_it_is_back(tmp_path, broker, ears):
    with ScriptedInverter(Obedient()) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, control={"beeper": True})) as program:
        ears.until_payload(LINK, "online")
        good, inverter.answer = inverter.answer, lambda request: None
        ears.until_payload(LINK, "offline", 8)
        ears.publish(COMMAND, "beeper_off")
        program.until_line("command beeper_off: ignored: the inverter does not answer")
        back = time.monotonic()
        inverter.answer = good
        ears.until_payload(LINK, "online", 5, since=back)
        time.sleep(1.5)
        assert commands(inverter) == []


@pytest.mark.parametrize("poll_interval, why", [(0.5, "the inverter fell silent"), (4, "the inverter did not answer in time")])
def test_an_order_that_waits_ends_with_the_silence(tmp_path, broker, ears, poll_interval, why):
    with ScriptedInverter(Obedient()) as inverter, Program(
            tmp_path, options(inverter.address, broker.port, control={"beeper": True}, poll_interval=poll_interval)) as program:
        ears.until_payload(LINK, "online")
        good, inverter.answer = inverter.answer, lambda request: None
        ears.publish(COMMAND, "beeper_off")
        program.until_line(f"command beeper_off: ignored: {why}", 15)
        inverter.answer = good
        time.sleep(1.5)
        assert commands(inverter) == []


def test_a_change_of_what_is_allowed_takes_the_old_entities_back_first(tmp_path, broker, ears):
    with ScriptedInverter(Obedient()) as inverter:
        def run(**allowed):
            start = time.monotonic()
            with Program(tmp_path, options(inverter.address, broker.port, **allowed)) as program:
                ears.until_payload(LINK, "online", since=start)
                time.sleep(0.3)
                assert program.stop()[0] == 0
            return [json.loads(payload)["cmps"] for payload in ears.payloads(DISCOVERY, since=start)]

        assert len(run()) == 1
        removal, whole = run(control={"beeper": True, "megatec": True})
        assert removal == {"beeper": {"p": "binary_sensor"}} and whole["beeper"]["p"] == "switch" and len(whole) == 30
        assert len(run(control={"beeper": True, "megatec": True})) == 1
        removal, whole = run(control={"megatec": True})
        assert removal == {"beeper": {"p": "switch"}} and whole["beeper"]["p"] == "binary_sensor"
        removal, whole = run()
        assert set(c["p"] for c in removal.values()) == {"button"} and len(removal) == 5 and len(whole) == 25


def test_a_rehearsal_plays_an_outage_on_a_device_of_its_own(tmp_path, broker, ears):
    """Its beginning; with AIMS_LONG=1 the whole, as unit.rehearsal and blueprints_test.py have it every time."""
    inverter_options = dict(control={"rehearsal": True}, battery=dict(type="agm", nominal_voltage=12, capacity=100), rated_power=1200)
    with Simulator(tmp_path / "inverter") as simulator, \
            Program(tmp_path, options(simulator.link, broker.port, **inverter_options)) as program:
        ears.until_payload(LINK, "online")
        stage = json.loads(ears.payloads(f"homeassistant/device/aims2mqtt_{STAGE}/config")[-1])
        assert stage["dev"]["name"] == "AIMS inverter (rehearsal)" and len(stage["cmps"]) == 31
        assert ears.payloads(f"aims2mqtt/{STAGE}/link") == ["offline"]
        ears.publish("homeassistant/status", "online")
        ears.publish(COMMAND, discovered(ears)[-1]["rehearse"]["payload_press"])
        program.until_line("a rehearsal begins on the device AIMS inverter (rehearsal)")
        ears.until_payload(f"aims2mqtt/{STAGE}/link", "online")
        ears.publish(COMMAND, "rehearse")
        program.until_line("a rehearsal is already running")
        ears.until_state(lambda s: s["status"] == "On battery", 10, STAGE)
        until(lambda: [event["event_type"] for event in ears.events(STAGE)] == ["Power lost"], 10)
        assert ears.states(STAGE)[0]["battery_charge"] == 98
        ears.until_state(lambda s: s["battery_charge"] < 98 and s["energy_on_battery"] > 0, 10, STAGE)
        if LONG:
            program.until_line("the rehearsal is over", 200)
            states = ears.states(STAGE)
            charges = [s["battery_charge"] for s in states if s["battery_charge"] is not None]
            assert min(charges) < 10 and max(charges) == 100
            assert {s["status"] for s in states} == {"Online", "On battery", "Battery low", None}
            assert {s["shutdown_advised"] for s in states} == {s["safe_to_start"] for s in states} == {"ON", "OFF"}
            assert max(s["energy_on_battery"] for s in states) > 0.3
            events = [event["event_type"] for event in ears.events(STAGE)]
            assert events[0] == "Power lost" and events.index("Shutdown advised") < events.index("Power restored")
            until(lambda: ears.payloads(f"aims2mqtt/{STAGE}/link")[-1] == "offline", 3)
            assert states[-1]["connection"] == "OFF" and states[-1]["status"] is None  # and the stage is cleared
        # The real device had no part in it.
        assert ears.events() == []
        assert {s["utility_power"] for s in ears.states()} == {"ON"}
        assert {s["outages"] for s in ears.states()} == {0}
        # What is saved of an outage of its own is its own: nothing of the rehearsal's.
        simulator.do("utility off")
        ears.until_state(lambda s: s["status"] == "On battery", 3)
        simulator.do("utility on")
        ears.until_state(lambda s: s["last_outage_record"], 3)
        assert program.stop()[0] == 0
        outages, battery = (json.loads((tmp_path / name).read_text())["inverters"] for name in ("outages.json", "battery.json"))
        assert list(outages) == list(battery) == ["aims_inverter"]
        assert outages["aims_inverter"]["total"] == 1 and battery["aims_inverter"]["energy_on_battery"] < 1  # Wh


@pytest.mark.slow
def test_a_failure_between_two_polls_is_a_pair_of_events_with_its_voltage(tmp_path, broker, ears):
    def says(fault):
        return lambda request: b"(120.0 %s 120.0 023 60.0 13.5 00.0 00001001\r" % fault

    with ScriptedInverter(says(b"120.0")) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port)) as program:
        ears.until_payload(LINK, "online")
        time.sleep(32)  # what an outage before the start left behind does not count
        inverter.answer = says(b"081.0")
        until(lambda: len(ears.events()) == 2, 15)
        lost, restored = ears.events()
        assert (lost["event_type"], restored["event_type"]) == ("Power lost", "Power restored")
        assert lost["fault_voltage"] == restored["fault_voltage"] == 81.0 and not lost["late"]
        assert ears.states()[-1]["outages"] == 0
        program.until_line("utility power failed for a moment, between two polls (fault voltage 81.0 V)")
