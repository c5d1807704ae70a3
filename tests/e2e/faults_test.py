"""The fault matrix: what breaks, and how it is got over, with real parts. `bench/faults` prints it as a table.

Long rows are shortened; with AIMS_LONG=1 they run in full.
"""

import calendar
import datetime
import fcntl
import json
import os
import pty
import random
import select
import socket
import subprocess
import threading
import time
import tty
from contextlib import contextmanager
from pathlib import Path

import pytest
from peers import (PROGRAM, BRIDGE, DISCOVERY, LINK, MAINS, OUTAGE, STATE, Broker, FakeSupervisor, Network, Program, ScriptedInverter,
                   Simulator, Subscriber, free_port, not_here, options, until)

EVENT = "aims2mqtt/aims_inverter/event"
BIRTH = "homeassistant/status"

LONG = "AIMS_LONG" in os.environ
SANITIZED = "AIMS_BUILD" in os.environ  # whose memory is larger, and whose polls are slower


def frame(number):
    """A frame of which every part says the same number, 0 to 99, so that a mixture of two shows."""
    volts = b"%05.1f" % (100 + number)
    return b"(%s %s %s %03d 60.0 13.5 00.0 00001001\r" % (volts, volts, volts, number)


def number_of(state):
    """The number that all parts of a state agree on."""
    number = int(state["load"])
    volts = {state["utility_voltage"], state["utility_fault_voltage"], state["output_voltage"]}
    assert volts == {100 + number}, f"a mixed reading: {state}"
    return number


class Adapter:
    """A serial adapter that is plugged in and out: another pseudo-terminal each time, behind the same link. It counts how
    often it was plugged in, from `first`, and says so in its frames."""

    def __init__(self, link, first=0):
        self.link = Path(link)
        self.number = first
        self.line = None
        self.plugged = []  # (when, number)

    def plug(self):
        self.number = (self.number + 1) % 100
        self.plugged.append((time.monotonic(), self.number))
        self.line = master, slave = pty.openpty()
        tty.setraw(slave)
        self.link.symlink_to(os.ttyname(slave))
        # The thread has a descriptor of its own: the number may be another's by the time it sees that this one is closed.
        threading.Thread(target=self._serve, args=(os.dup(master), self.line, frame(self.number))).start()

    def unplug(self):
        master, slave = self.line
        self.line = None
        self.link.unlink()
        os.close(slave)
        os.close(master)

    def _serve(self, master, line, reply):
        try:
            while self.line is line:
                if not select.select([master], [], [], 0.01)[0]:
                    continue
                os.read(master, 64)
                for byte in reply:  # slowly, so that it is unplugged in the middle as well
                    if self.line is line:
                        os.write(master, bytes([byte]))
                        time.sleep(0.001)
        except OSError:
            pass
        os.close(master)


# ---- The wire ----

@pytest.mark.release
def test_replugged(tmp_path, broker, ears, matrix):
    """adapter unplugged, and plugged in again under another number"""
    with Simulator(tmp_path / "inverter") as simulator, \
            Program(tmp_path, options(simulator.link, broker.port)) as program:
        ears.until_payload(LINK, "online")
        start = time.monotonic()
        simulator.do("unplug")
        ears.until_payload(LINK, "offline", 1, since=start)
        matrix("offline after", time.monotonic() - start)
        cpu = program.cpu()
        time.sleep(3)
        assert program.cpu() - cpu < 0.1  # it is not looking for it all the time
        start = time.monotonic()
        simulator.do("plug")
        ears.until_payload(LINK, "online", 2, since=start)
        matrix("readings again after", time.monotonic() - start)
        assert len(program.lines("looking for it")) == 1 and len(program.lines("answers again")) == 1


@pytest.mark.slow
@pytest.mark.release
def test_replugged_a_hundred_times(tmp_path, broker, ears, matrix):
    """the same 100 times, at random moments of an exchange, with four adapters at once"""
    rounds = 100 if LONG else 25
    adapters = [Adapter(tmp_path / f"inverter{i}", first=25 * i) for i in range(4)]
    ids = [f"n{i}" for i in range(4)]
    together = threading.Barrier(5, timeout=30)  # the four and the test: after ten rounds, and at the last

    def replug(adapter, dice):
        for i in range(rounds):
            adapter.plug()
            time.sleep(dice.uniform(0.2, 1.6))
            if i in (10, rounds - 1):
                together.wait()
                together.wait()
            adapter.unplug()
            time.sleep(dice.uniform(0, 0.2))

    def measured(program):
        together.wait()
        for adapter, id_ in zip(adapters, ids):
            ears.until_state(lambda s: s["connection"] == "ON" and number_of(s) == adapter.number, 3, inverter=id_)
        figures = program.descriptors(), program.memory()
        together.wait()
        return figures

    chosen = options("", broker.port)
    chosen["inverters"] = [{"name": id_, "address": str(adapter.link), "poll_interval": 0}
                           for id_, adapter in zip(ids, adapters)]
    with Program(tmp_path, chosen) as program:
        threads = [threading.Thread(target=replug, args=(adapter, random.Random(i))) for i, adapter in enumerate(adapters)]
        for thread in threads:
            thread.start()
        before, after = measured(program), measured(program)
        for thread in threads:
            thread.join()
        seen = 0
        for adapter, id_ in zip(adapters, ids):
            until(lambda: ears.payloads(f"aims2mqtt/{id_}/link")[-1] == "offline", 2)
            for at, _, payload, _ in ears.messages(f"aims2mqtt/{id_}/state"):
                state = json.loads(payload)
                if state["connection"] == "OFF":
                    assert state["battery_voltage"] is None
                    continue
                number = number_of(state)
                seen += 1
                # What is told was read from what is plugged in; only in the first moments it may be on its way from before.
                now = ([n for start, n in adapter.plugged if start <= at - 0.3][-1:] +
                       [n for start, n in adapter.plugged if at - 0.3 < start <= at])
                assert number in now, (id_, number, now)
        assert seen > 30
        assert after[0] - before[0] <= 1  # a file that is just being written
        assert after[1] - before[1] < (20_000 if SANITIZED else 300)
        matrix("seen", f"{seen} states, none stale or mixed; memory {after[1] - before[1]:+d} kB")
        assert len(program.lines("looking for it")) <= 4 * rounds


def named_cases(names, *cases):
    """Parameters whose ids are what they are called, be the rest what it may."""
    return pytest.mark.parametrize(names, [pytest.param(*case, id=case[0]) for case in cases])


@named_cases("what,answer,is_bad", *[
    ("silence", lambda n: None, True),
    ("binary rubbish", lambda n: bytes(random.randrange(128, 256) for _ in range(47)), True),
    ("half frames", lambda n: frame(n)[:25], True),
    ("frames without their head", lambda n: frame(n)[9:], True),
    ("NAK", lambda n: b"(NAK\r", True),
    ("another protocol's NAK", lambda n: b"(NAKss\r", True),
    ("echo alone", lambda n: b"Q1\r", True),
    ("all zeroes", lambda n: b"(000.0 000.0 000.0 000 00.0 00.0 00.0 00000000\r", True),
    ("noise before the frame", lambda n: b"\x00\xff(12\x1b" + frame(n), False),
    ("echo before the frame", lambda n: b"Q1\r" + frame(n), False),
    ("two frames at once", lambda n: frame((n + 50) % 100) + frame(n), False),
    ("frame without CR", lambda n: frame(n)[:-1], False),
])
def test_rubbish(tmp_path, broker, ears, matrix, what, answer, is_bad):
    """on the wire: {what}"""
    random.seed(4)
    number = [7]
    with ScriptedInverter(lambda request: frame(number[0])) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.2)) as program:
        ears.until_payload(LINK, "online")
        start = time.monotonic()
        inverter.answer = lambda request: answer(number[0])
        if is_bad:
            ears.until_payload(LINK, "offline", 5, since=start)
            matrix("offline after", time.monotonic() - start)
            time.sleep(0.5)
            assert ears.states()[-1]["battery_voltage"] is None
            number[0] = 8
            start = time.monotonic()
            inverter.answer = lambda request: frame(number[0])
            ears.until_payload(LINK, "online", 2, since=start)
            matrix("readings again after", time.monotonic() - start)
        else:
            time.sleep(1.5)
            assert ears.payloads(LINK)[-1] == "online"
            assert not program.lines("in a row")
            matrix("read", "as if nothing were there")
        for state in ears.states():
            assert state["load"] is None or number_of(state) in (7, 8)


def test_byte_by_byte(tmp_path, broker, ears, matrix):
    """on the wire: a frame byte by byte"""
    adapter = Adapter(tmp_path / "inverter")
    adapter.plug()
    with Program(tmp_path, options(adapter.link, broker.port)):
        assert number_of(ears.until_state(lambda s: s["connection"] == "ON", 3)) == 1
        matrix("read", "as if nothing were there")
    adapter.unplug()


def test_late(tmp_path, broker, ears, matrix):
    """on the wire: replies after the deadline"""
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=1.6)):
        ears.until_payload(LINK, "online")

        def late(request):
            time.sleep(1.3)
            return OUTAGE

        start = time.monotonic()
        inverter.answer = late
        ears.until_payload(LINK, "offline", 8, since=start)
        matrix("offline after", time.monotonic() - start)
        inverter.answer = lambda request: MAINS
        start = time.monotonic()
        ears.until_payload(LINK, "online", 4, since=start)
        matrix("readings again after", time.monotonic() - start)
        assert all(s["utility_power"] in ("ON", None) for s in ears.states())  # no late reply was believed


# ---- A serial-to-network bridge ----

def test_tcp_refuses(tmp_path, broker, ears, matrix):
    """TCP bridge: refuses"""
    port = free_port()
    with Program(tmp_path, options(f"tcp://127.0.0.1:{port}", broker.port)) as program:
        program.until_line("Connection refused")
        time.sleep(2)
        with ScriptedInverter(tcp=True, port=port):
            start = time.monotonic()
            ears.until_payload(LINK, "online", 3)
            matrix("readings after", time.monotonic() - start)
        assert len(program.lines("Connection refused")) == 1


def test_tcp_drops(tmp_path, broker, ears, matrix):
    """TCP bridge: drops the connection, again and again"""
    with ScriptedInverter(tcp=True) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.2)) as program:
        for _ in range(3):
            ears.until_payload(LINK, "online", 3, since=time.monotonic() - 0.3)
            start = time.monotonic()
            inverter.hang_up()
            ears.until_payload(LINK, "offline", 1, since=start)
            back = time.monotonic()
            ears.until_payload(LINK, "online", 3, since=back)
        matrix("readings again after", time.monotonic() - start)
        assert len(program.lines("looking for it")) == len(program.lines("answers again")) == 1  # a line that flaps is told once


def test_tcp_says_nothing(tmp_path, broker, ears, matrix):
    """TCP bridge: accepts and says nothing"""
    with ScriptedInverter(tcp=True) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port)) as program:
        ears.until_payload(LINK, "online")
        inverter.answer = lambda request: None
        start = time.monotonic()
        ears.until_payload(LINK, "offline", 4.5, since=start)
        matrix("offline after", time.monotonic() - start)
        connections = inverter.connections
        time.sleep(4)
        assert inverter.connections > connections  # it is not taken for alive for ever
        inverter.answer = lambda request: MAINS
        start = time.monotonic()
        ears.until_payload(LINK, "online", 3, since=start)
        matrix("readings again after", time.monotonic() - start)
        assert len(program.lines("in a row")) == 1


def test_tcp_half_open(tmp_path, matrix):
    """TCP bridge: half-open, its host was restarted while the cable was cut"""
    with Network() as network, Broker(tmp_path, namespace=network.here) as broker:
        inverter = ScriptedInverter(tcp=True, port=4000, host="0.0.0.0")
        network.there.run(inverter.__enter__)
        try:
            with network.here.run(lambda: Subscriber(broker.port)) as ears, \
                    Program(tmp_path, options(f"tcp://{network.there_address}:4000", broker.port),
                            namespace=network.here) as program:
                ears.until_payload(LINK, "online")
                network.cut()
                start = time.monotonic()
                ears.until_payload(LINK, "offline", 4.5, since=start)
                matrix("offline after", time.monotonic() - start)
                asked = len(inverter.requests)
                inverter.hang_up()  # its FIN goes nowhere
                time.sleep(3)
                network.mend()
                start = time.monotonic()
                ears.until_payload(LINK, "online", 6, since=start)
                matrix("readings again after", time.monotonic() - start)
                assert len(inverter.requests) > asked and len(program.lines("answers again")) == 1
        finally:
            inverter.__exit__()


def test_port_held(tmp_path, broker, ears, matrix):
    """somebody else holds the port"""
    with ScriptedInverter() as inverter:
        other = os.open(inverter.address, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(other, fcntl.LOCK_EX)
        with Program(tmp_path, options(inverter.address, broker.port)) as program:
            program.until_line(f"{inverter.address} is locked: another program uses it")
            time.sleep(2.5)
            assert inverter.requests == []
            os.close(other)
            start = time.monotonic()
            ears.until_payload(LINK, "online", 2.5, since=start)
            matrix("readings after", time.monotonic() - start)
            assert len(program.lines("is locked")) == 1
            with open(inverter.address, "rb", buffering=0) as another, pytest.raises(BlockingIOError):
                fcntl.flock(another, fcntl.LOCK_EX | fcntl.LOCK_NB)  # now it is ours


# ---- The broker ----

def in_between(inverter):
    """What happens while nobody can hear it; the events that must be told of it afterwards."""
    for answer in (OUTAGE, OUTAGE.replace(b"10001011", b"11001011"), MAINS, OUTAGE):
        inverter.answer = lambda request, answer=answer: answer
        time.sleep(0.7)
    return ["Power lost", "Battery low", "Power restored", "Battery OK", "Power lost"]


def check_return(ears, since, matrix, expected, limit=5.0):
    """Will, discovery, availability and the newest state within `limit`; then the events, in order, each with its time."""
    state = ears.until_state(lambda s: s["utility_power"] == "OFF", limit, since=since)
    assert state["connection"] == "ON" and state["battery_voltage"] == 12.1
    for topic, payload in ((LINK, "online"), (BRIDGE, "online")):
        ears.until_payload(topic, payload, 1, since=since)
    assert DISCOVERY in [t for _, t, _, _ in ears.messages(since=since)]
    took = time.monotonic() - since
    matrix("all is told again after", took)
    ears.publish(BIRTH, "online")
    until(lambda: len({e["id"] for e in ears.events()}) >= len(expected), 12, "the events")
    time.sleep(1)
    order = [t for _, t, _, _ in ears.messages(since=since)]
    assert order.index(DISCOVERY) < order.index(BRIDGE, order.index(DISCOVERY))
    seen = {}
    for event in ears.events():
        seen.setdefault(event["id"], event)
    assert [e["event_type"] for e in seen.values()] == expected
    times = [e["time"] for e in seen.values()]
    assert times == sorted(times) and len(set(times)) >= 3
    return list(seen.values())


@pytest.mark.slow
@pytest.mark.races
def test_no_broker_at_start(tmp_path, matrix):
    """no broker at start"""
    broker = Broker(tmp_path)
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.2)) as program:
        until(lambda: len(inverter.requests) > 5)
        expected = in_between(inverter)
        assert len(program.lines("no connection to the MQTT broker")) == 1  # though it tried again
        with broker:
            start = time.monotonic()
            with Subscriber(broker.port) as ears:
                check_return(ears, start, matrix, expected)


@pytest.mark.slow
@pytest.mark.races
def test_broker_restarted(tmp_path, broker, matrix):
    """broker restarted, with an outage in between"""
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.2)) as program:
        with Subscriber(broker.port) as ears:
            ears.until_payload(LINK, "online")
        broker.stop()
        asked = len(inverter.requests)
        expected = in_between(inverter)
        assert len(inverter.requests) - asked >= 10
        broker.start()
        start = time.monotonic()
        with Subscriber(broker.port) as ears:
            check_return(ears, start, matrix, expected)
            assert {topic for _, topic, _, _ in ears.messages()} == {LINK, DISCOVERY, BRIDGE, STATE, EVENT, BIRTH}
        assert len(program.lines("lost the MQTT broker")) == 1
        program.until_line("is steady again", 12)


@pytest.mark.slow
@pytest.mark.races
@pytest.mark.release
def test_broker_frozen(tmp_path, broker, matrix):
    """broker frozen (SIGSTOP) for {seconds} s"""
    matrix.names["seconds"] = seconds = 120 if LONG else 25
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1, mqtt={"report_interval": 1})) as program:
        with Subscriber(broker.port) as ears:
            ears.until_payload(LINK, "online")
            ears.publish(BIRTH, "online")
            time.sleep(4.5)
        broker.freeze()
        start = time.monotonic()
        memory = program.memory()
        expected = in_between(inverter)
        asked = len(inverter.requests)
        time.sleep(seconds - (time.monotonic() - start))
        assert len(inverter.requests) - asked > (seconds - 5) * 6  # polling went on
        grown = program.memory() - memory
        assert grown < (30_000 if SANITIZED else 2000)  # once: the diagnosis of the first failed attempt
        broker.thaw()
        start = time.monotonic()
        with Subscriber(broker.port) as ears:
            state = ears.until_state(lambda s: s["utility_power"] == "OFF" and s["connection"] == "ON", 5)
            assert state["battery_voltage"] == 12.1
            ears.until_payload(BRIDGE, "online", 5)
            matrix("all is told again after", time.monotonic() - start)
            matrix("memory", f"{grown:+d} kB")
            ears.publish(BIRTH, "online")
            time.sleep(6)
            heard = list(dict.fromkeys((e["id"], e["event_type"]) for e in ears.events()))
            assert [kind for _, kind in heard] == expected


@pytest.mark.slow
def test_network_cut(tmp_path, matrix):
    """network to the broker cut for {seconds} s"""
    matrix.names["seconds"] = seconds = 120 if LONG else 25
    with Network() as network, Broker(tmp_path, namespace=network.there) as broker, ScriptedInverter() as inverter:
        with Program(tmp_path, {**options(inverter.address, poll_interval=0.2),
                                "mqtt": {"host": network.there_address, "port": broker.port}},
                     namespace=network.here) as program:
            with network.there.run(lambda: Subscriber(broker.port)) as ears:
                ears.until_payload(LINK, "online")
                network.cut()
                start = time.monotonic()
                expected = in_between(inverter)
                ears.until_payload(BRIDGE, "offline", 20, since=start)  # the will
                matrix("the will is told after", time.monotonic() - start)
                time.sleep(max(0, seconds - (time.monotonic() - start)))
                network.mend()
                start = time.monotonic()
                check_return(ears, start, matrix, expected)
                assert len(program.lines("lost the MQTT broker")) == 1


@pytest.mark.races
def test_killed_with_events_untold(tmp_path, broker, matrix):
    """killed with events that nobody has heard"""
    with ScriptedInverter() as inverter:
        with Program(tmp_path, options(inverter.address, free_port(), poll_interval=0.2)) as program:
            until(lambda: len(inverter.requests) > 5)
            expected = in_between(inverter)
            program.process.kill()
        inverter.answer = lambda request: OUTAGE
        with Subscriber(broker.port) as ears, \
                Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.2)):
            start = time.monotonic()
            # The new run takes the outage up again, so it is no event of its own.
            events = check_return(ears, start, matrix, expected)
            assert len({e["id"] for e in events}) == len(events)
            assert len({e["id"].split("-")[0] for e in events} - {"aims_inverter"}) <= 1


@pytest.mark.races
def test_login_changes(tmp_path, matrix):
    """login refused, then the Supervisor knows a new one"""
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "addons", "new"], check=True)
    with Broker(tmp_path, f"allow_anonymous false\npassword_file {passwords}") as broker, ScriptedInverter() as inverter, \
            FakeSupervisor(FakeSupervisor.broker(broker.port, username="addons", password="old-secret")) as supervisor, \
            Program(tmp_path, options(inverter.address), {"SUPERVISOR_API": supervisor.url}) as program:
        program.until_line("refused the login")
        time.sleep(4)
        assert len(program.lines("refused the login")) == 1
        supervisor.reply = FakeSupervisor.broker(broker.port, username="addons", password="new")
        start = time.monotonic()
        program.until_line("connected to the MQTT broker", 5)
        matrix("connected after", time.monotonic() - start)
        assert not program.lines("secret")


# ---- The Supervisor ----

@named_cases("what,reply,words", *[
    ("answers 400", FakeSupervisor.NO_BROKER, "no MQTT broker is registered"),
    ("hangs", None, "does not answer in time"),
    ("cuts its answer off", b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{\"result\":\"ok\",\"da", "MQTT broker"),
    ("sends junk", b"\x00\xff\x80" * 1000, "MQTT broker"),
    ("sends without end", b"HTTP/1.1 200 OK\r\n\r\n" + b"{" * 3_000_000, "MQTT broker"),
])
@pytest.mark.slow
@pytest.mark.release
def test_supervisor(tmp_path, broker, ears, matrix, what, reply, words):
    """Supervisor {what} for {seconds} s"""
    matrix.names["seconds"] = seconds = (600 if LONG else 30) if "400" in what else 12
    with FakeSupervisor(reply) as supervisor, ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address),
                    {"SUPERVISOR_API": supervisor.url, "SUPERVISOR_TOKEN": "abc"}) as program:
        program.until_line("waiting for an MQTT broker", 8)
        memory = program.memory()
        time.sleep(seconds)
        lines = program.lines("waiting for an MQTT broker")
        assert len(lines) == 1 and words in lines[0]
        assert seconds / 9 < len(supervisor.requests) < seconds / 2.5 + 4
        assert {(path, login) for _, path, login in supervisor.requests} == {("/services/mqtt", "Bearer abc")}
        assert program.memory() - memory < (20_000 if SANITIZED else 500)
        supervisor.reply = FakeSupervisor.broker(broker.port)
        supervisor.done.set()
        start = time.monotonic()
        ears.until_payload(LINK, "online", 9)
        matrix("connected after", time.monotonic() - start)


# ---- /data ----

@contextmanager
def mounted(folder, size):
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode and ("permission denied" in done.stderr or "must be superuser" in done.stderr):
        not_here("the right to mount (CAP_SYS_ADMIN)")
    assert done.returncode == 0, done.stderr
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def outage(inverter, ears):
    """An outage that is heard, as an event too."""
    ears.publish(BIRTH, "online")
    for answer, event in ((OUTAGE, "Power lost"), (MAINS, "Power restored")):
        start = time.monotonic()
        inverter.answer = lambda request, answer=answer: answer
        until(lambda: event in [e["event_type"] for e in ears.events(since=start)], 6, event)


def fill(path):
    """Takes what room there is on a small disk."""
    with open(path, "wb") as file:
        try:
            file.write(b"x" * (1 << 20))
            file.flush()
        except OSError:
            pass


def test_data_full(tmp_path, broker, ears, matrix):
    """/data full"""
    with mounted(tmp_path / "data", "64k") as data, ScriptedInverter() as inverter:
        good = '{"version":1,"announced":[{"base_topic":"aims2mqtt","discovery_prefix":"homeassistant","id":"old"}]}'
        (data / "announced.json").write_text(good)
        filler = data / "filler"
        fill(filler)
        with Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1), data=data) as program:
            ears.until_payload(LINK, "online")
            outage(inverter, ears)
            outage(inverter, ears)
            assert len(program.lines("announced.json cannot be written: No space left")) == 1
            assert len(program.lines("events.json cannot be written: No space left")) == 1
            assert (data / "announced.json").read_text() == good
            assert len(program.lines("outages.json cannot be written: No space left")) == 1
            assert sorted(p.name for p in data.iterdir()) == ["announced.json", "filler"]
            filler.unlink()
            outage(inverter, ears)
            program.until_line("events.json can be written again")
            assert json.loads((data / "events.json").read_text())["version"] == 1
            matrix("said", "once for each file; all is told; the good file stands")


@named_cases("then", ("nothing more happens",), ("stopped at once",))
def test_data_full_when_an_outage_begins(tmp_path, broker, ears, matrix, then):
    """/data full when an outage begins, {then}"""
    # What failed was tried again only when something else had to be saved, and not at the end: the outage was gone.
    with mounted(tmp_path / "data", "64k") as data, ScriptedInverter() as inverter:
        filler = data / "filler"
        with Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1), data=data) as program:
            ears.until_payload(LINK, "online")
            fill(filler)
            inverter.answer = lambda request: OUTAGE
            ears.until_state(lambda s: s["utility_power"] == "OFF")
            program.until_line("outages.json cannot be written")
            filler.unlink()
            if then == "nothing more happens":
                program.until_line("outages.json can be written again", 8)
                program.process.kill()
            else:
                program.process.terminate()
                assert program.process.wait(3) == 0
        with Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1), data=data) as program:
            state = ears.until_state(lambda s: s["status"] == "On battery", since=program.started)
            assert state["outages"] == 1 and state["on_battery_since"]
            inverter.answer = lambda request: MAINS
            state = ears.until_state(lambda s: s["last_outage"], since=program.started)
            assert state["outages"] == 1 and state["last_outage_record"]["gaps"] == 1
            matrix("the outage", "saved")


def test_data_read_only(tmp_path, broker, ears, matrix):
    """/data read-only, and with bad files in it"""
    with mounted(tmp_path / "data", "64k") as data, ScriptedInverter() as inverter:
        (data / "events.json").write_text("{")
        subprocess.run(["mount", "-o", "remount,ro", data], check=True)
        with Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1), data=data) as program:
            ears.until_payload(LINK, "online")
            outage(inverter, ears)
            outage(inverter, ears)
            for name in ("events.json", "announced.json", "outages.json", "battery.json"):
                assert len(program.lines(name)) == 1, name
            assert (data / "events.json").read_text() == "{"
            matrix("said", "once for each file; all is told")


@named_cases("what,content", *[
    ("truncated", b'{"version":1,"events":[{"inverter":"aims_inver'),
    ("empty", b""),
    ("nested", b"[" * 200_000),
    ("binary", bytes(range(256)) * 10),
    ("a newer version's", b'{"version":2,"events":[],"inverters":{}}'),
    ("with other types", b'{"version":1,"events":[1,null,{"id":{}}],"announced":[{"id":"#"}]}'),
    ("huge", b" " * 3_000_000),
])
def test_data_bad(tmp_path, broker, ears, matrix, what, content):
    """/data holds files that are {what}"""
    files = ("events.json", "announced.json", "outages.json", "battery.json")
    for name in files:
        (tmp_path / name).write_bytes(content)
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1)) as program:
        ears.until_payload(LINK, "online")
        outage(inverter, ears)
        for name in files:
            assert len(program.lines(f"{name} is not used")) == 1
            assert (tmp_path / f"{name}.bad").read_bytes() == content
            assert json.loads((tmp_path / name).read_text())["version"] == 1
            assert oct((tmp_path / name).stat().st_mode & 0o777) == "0o600"
        matrix("set aside", "and said once")


# ---- The clock ----

@pytest.mark.skipif(not SANITIZED, reason="libfaketime cannot be loaded into the static release")
@pytest.mark.parametrize("what,offset", [("back an hour", "-3600"), ("forward a year", "+31536000")])
@pytest.mark.slow
def test_clock(tmp_path, broker, ears, matrix, what, offset):
    """the clock jumps {what}"""
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    clock = tmp_path / "clock"
    clock.write_text("+0")
    sanitizer = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
    environment = {"LD_PRELOAD": f"{Path(sanitizer).resolve()} {library}", "FAKETIME_TIMESTAMP_FILE": str(clock),
                   "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1",
                   "FAKETIME_FORCE_MONOTONIC_FIX": "0", "ASAN_OPTIONS": "detect_leaks=0"}
    try:
        subprocess.run([PROGRAM, "--version"], env={**os.environ, **environment}, capture_output=True, timeout=5, check=True)
    except subprocess.TimeoutExpired:
        pytest.skip("libfaketime and AddressSanitizer hang together on this Debian (13 does)")
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.2, mqtt={"report_interval": 1}),
                    environment) as program:
        ears.until_payload(LINK, "online")
        ears.publish(BIRTH, "online")
        inverter.answer = lambda request: OUTAGE
        ears.until_state(lambda s: s["utility_power"] == "OFF")
        inverter.answer = lambda request: MAINS
        before = ears.until_state(lambda s: s["last_outage"])
        time.sleep(5)
        start, asked = time.monotonic(), len(inverter.requests)
        clock.write_text(offset)
        # What this boot wrote by the wrong clock is corrected, and told again.
        after = ears.until_state(lambda s: s["last_outage"] != before["last_outage"], since=start)
        began = [datetime.datetime.fromisoformat(s["last_outage"]) for s in (before, after)]
        assert abs((began[1] - began[0]).total_seconds() - int(offset)) < 2
        assert after["last_outage_record"]["duration"] == before["last_outage_record"]["duration"]
        time.sleep(12)  # longer than the keep-alive
        assert 40 <= len(inverter.requests) - asked <= 80
        assert ears.payloads(LINK, since=start) == [] and ears.payloads(BRIDGE, since=start) == []
        start = time.monotonic()
        inverter.answer = lambda request: OUTAGE
        ears.until_state(lambda s: s["utility_power"] == "OFF", 1, since=start)
        event = until(lambda: ears.events(since=start), 2)[0]
        assert event["late"] is False
        said = calendar.timegm(time.strptime(event["time"][:19], "%Y-%m-%dT%H:%M:%S"))
        assert abs(said - time.time() - int(offset)) < 5  # the jump was there
        inverter.answer = lambda request: None
        ears.until_payload(LINK, "offline", 5, since=start)
        assert program.stop()[0] == 0
        matrix("noticed by", "nothing: polls, availability and events go on")


# ---- The end ----

@contextmanager
def accepting():
    """A host that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def refusing():
    """A host where nothing listens."""
    yield free_port()


def stop(program, matrix):
    code, took = program.stop()
    assert code == 0 and took < 1
    matrix("ended after", took)


@named_cases("what,makes_port", *[
    ("while it connects to the broker", accepting),
    ("while it waits to look for the broker again", refusing),
])
@pytest.mark.races
def test_sigterm_without_a_broker(tmp_path, matrix, what, makes_port):
    """SIGTERM {what}"""
    with makes_port() as port, ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, port)) as program:
        until(lambda: len(inverter.requests) >= 1)
        time.sleep(0.5)
        stop(program, matrix)


@pytest.mark.races
def test_sigterm_while_asking(tmp_path, broker, ears, matrix):
    """SIGTERM in the middle of an exchange"""
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port)) as program:
        ears.until_payload(LINK, "online")
        inverter.answer = lambda request: None
        asked = len(inverter.requests)
        until(lambda: len(inverter.requests) > asked)
        stop(program, matrix)
        ears.until_payload(BRIDGE, "offline", 1)


@pytest.mark.races
def test_sigterm_with_a_frozen_broker(tmp_path, broker, matrix):
    """SIGTERM with a frozen broker"""
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port)) as program:
        with Subscriber(broker.port) as ears:
            ears.until_payload(LINK, "online")
        broker.freeze()
        inverter.answer = lambda request: OUTAGE
        time.sleep(2)
        stop(program, matrix)
        broker.thaw()
        with Subscriber(broker.port) as ears:
            ears.until_payload(BRIDGE, "offline", 2)  # it was in the broker's input


@pytest.mark.races
def test_sigterm_while_the_supervisor_hangs(tmp_path, matrix):
    """SIGTERM while the Supervisor hangs"""
    with FakeSupervisor(None) as supervisor, \
            Program(tmp_path, options("/nowhere"), {"SUPERVISOR_API": supervisor.url}) as program:
        until(lambda: program.lines("looking for it"))
        stop(program, matrix)


@pytest.mark.races
def test_sigterm_while_a_bridge_is_connected_to(tmp_path, broker, ears, matrix):
    """SIGTERM while it connects to a TCP bridge that does not answer"""
    with Network() as network, Broker(tmp_path, namespace=network.here) as broker:
        network.cut()
        with Program(tmp_path, options(f"tcp://{network.there_address}:4000", broker.port),
                     namespace=network.here) as program:
            program.until_line("connected to the MQTT broker")
            time.sleep(1)
            stop(program, matrix)


# ---- Ghosts ----

def named(address, port, *names, **mqtt):
    chosen = options(address, port)
    chosen["inverters"] = [{"name": name, "address": "simulator://"} for name in names]
    chosen["mqtt"].update(mqtt)
    return chosen


def retained(port):
    with Subscriber(port) as ears:
        time.sleep(0.5)
        return {topic for _, topic, payload, _ in ears.messages() if payload}


def ours(name, base="aims2mqtt", prefix="homeassistant"):
    return {f"{base}/{name}/link", f"{base}/{name}/state", f"{prefix}/device/{base}_{name}/config"}


@pytest.mark.races
def test_renamed(tmp_path, broker, ears, matrix):
    """an inverter is renamed, one removed, in the options"""
    with Program(tmp_path, named("", broker.port, "One", "Two", "Three")) as program:
        for name in ("one", "two", "three"):
            ears.until_payload(f"aims2mqtt/{name}/link", "online", 4)
        program.process.kill()
    assert ours("one") | ours("two") | ours("three") <= retained(broker.port)
    # Once without a broker, and killed: it is not forgotten over that.
    with Program(tmp_path, named("", free_port(), "One", "Zwei")) as program:
        program.until_line("no connection to")
        program.process.kill()
    with Program(tmp_path, named("", broker.port, "One", "Zwei")) as program:
        start = time.monotonic()
        program.until_line("three was taken back")
        matrix("taken back after", time.monotonic() - start)
        ears.until_payload("aims2mqtt/zwei/link", "online", 4)
        assert retained(broker.port) == ours("one") | ours("zwei") | {"aims2mqtt/one/bridge"}
        assert len(program.lines("was taken back")) == 2
        program.stop()
    with Program(tmp_path, named("", broker.port, "One", "Zwei")) as program:
        program.until_line("connected to")
        time.sleep(1)
        assert not program.lines("taken back")


def test_other_topics(tmp_path, broker, ears, matrix):
    """another base topic and prefix in the options; then forty inverters fewer"""
    many = [f"N{i}" for i in range(40)]
    with Program(tmp_path, named("", broker.port, *many)):
        ears.until_payload("aims2mqtt/n39/link", "online", 10)
    with Program(tmp_path, named("", broker.port, "One", base_topic="other", discovery_prefix="ha")) as program:
        ears.until_payload("other/one/link", "online", 4)
        start = time.monotonic()
        until(lambda: len(program.lines("was taken back")) == 40, 10)
        matrix("taken back after", time.monotonic() - start)
        assert retained(broker.port) == ours("one", "other", "ha") | {"other/one/bridge"}


def test_other_prefix(tmp_path, broker, ears, matrix):
    """only the discovery prefix changes, with nine inverters"""
    names = [f"N{i}" for i in range(9)]
    with Program(tmp_path, named("", broker.port, *names)):
        ears.until_payload("aims2mqtt/n8/link", "online", 6)
    with Program(tmp_path, named("", broker.port, *names, discovery_prefix="ha")) as program:
        until(lambda: len(program.lines("was taken back")) == 9, 10)
        ears.until_payload("aims2mqtt/n8/link", "online", 6, since=program.started)
        time.sleep(1)
        expected = {"aims2mqtt/n0/bridge"}.union(*(ours(name.lower(), prefix="ha") for name in names))
        assert retained(broker.port) == expected
        assert "" not in [p for _, t, p, _ in ears.messages(since=program.started) if t.startswith("aims2mqtt/")]
        matrix("taken back", "and what is still in use stays")


# ---- Endurance ----

@pytest.mark.slow
@pytest.mark.release
def test_many_polls(tmp_path, broker, ears, matrix):
    """{polls} polls without a pause"""
    polls = 1_000_000 if LONG else 100_000
    if SANITIZED:
        polls //= 5
    matrix.names["polls"] = f"{polls:,}"
    count = [0]

    def answer(request):
        count[0] += 1
        return frame(count[0] // 1000 % 100)

    with ScriptedInverter(answer) as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0, mqtt={"report_interval": 1})) as program:
        inverter.keep_requests = False
        until(lambda: count[0] >= polls // 10, 600)
        before = program.descriptors(), program.memory()
        start, cpu = time.monotonic(), program.cpu()
        until(lambda: count[0] >= polls, 3600)
        took, used = time.monotonic() - start, program.cpu() - cpu
        after = program.descriptors(), program.memory()
        assert after[0] - before[0] <= 1  # a file that is just being written
        assert after[1] - before[1] < (300_000 if SANITIZED else 200)  # AddressSanitizer keeps what was freed, up to 256 MB
        assert not program.lines("in a row")
        matrix("in all", f"{polls} polls, {polls * 0.9 / took:.0f} a second, {used / polls / 0.9 * 1e6:.0f} µs of processor "
                         f"each; descriptors {before[0]} -> {after[0]}, memory {before[1]} -> {after[1]} kB")


# ---- Strangers on the broker ----

def test_contradicted(tmp_path, broker, ears, matrix):
    """an old connection's will, or a stranger, calls the app offline"""
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port)) as program:
        ears.until_payload(LINK, "online")
        start = time.monotonic()
        ears.publish(BRIDGE, "offline", retain=True)
        ears.until_payload(BRIDGE, "online", 3, since=start)
        matrix("online again after", time.monotonic() - start)
        assert program.stop()[0] == 0
    ears.until_payload(BRIDGE, "offline", 1, since=time.monotonic() - 0.5)


@pytest.mark.slow
def test_home_assistant_comes_back_late(tmp_path, broker, matrix):
    """Home Assistant finds the broker 15 s after we did"""
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.2)) as program:
        program.until_line("connected to the MQTT broker")
        inverter.answer = lambda request: OUTAGE
        time.sleep(13)
        with Subscriber(broker.port) as late:
            late.publish(BIRTH, "online")
            event = until(late.events, 6)[0]
            assert event["event_type"] == "Power lost" and event["late"] is False
            late.publish(BIRTH, "online")
            time.sleep(5)
            assert len(late.events()) == 1
            matrix("what it missed", "is told again, once")


@pytest.mark.races
@pytest.mark.release
def test_hostile_messages(tmp_path, broker, ears, matrix):
    """hostile MQTT: megabytes, bad UTF-8, retained commands, 1000 messages a second"""
    for topic in (STATE, "aims2mqtt/aims_inverter/command", BIRTH):
        ears.publish(topic, b"\xff\xfe\x00beeper_on", retain=True)
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1)) as program:
        ears.until_payload(LINK, "online")
        memory = program.memory()
        end = time.monotonic() + 4
        sent = 0
        while time.monotonic() < end:
            for topic in (STATE, "aims2mqtt/aims_inverter/command", BIRTH, DISCOVERY, LINK):
                for payload in (b"\xff\xfe\x80", b"beeper_on", b"shutdown_restore", b"{" * 4000):
                    ears.client.publish(topic, payload, qos=0)
                    sent += 1
            if sent % 500 == 0:
                ears.client.publish(BIRTH, b"x" * (1 << 20), qos=0)
            time.sleep(0.01)
        start = time.monotonic()
        asked = len(inverter.requests)
        inverter.answer = lambda request: OUTAGE
        until(lambda: any('"utility_power":"OFF"' in payload for payload in ears.payloads(STATE, since=start)), 3)
        time.sleep(1)
        assert len(inverter.requests) - asked >= 8
        assert {request for _, request in inverter.requests} == {b"Q1\r"}
        assert len(program.lines("ignored what was sent to us")) <= 1  # with MQTT 5 the megabytes do not arrive
        assert len(program.lines("another client said")) <= 2
        grown = program.memory() - memory
        assert grown < (60_000 if SANITIZED else 6000)
        matrix("ignored", f"{sent} messages in 4 s and said so once; memory {grown:+d} kB")
