"""More rows of the fault matrix (faults_test.py): hosts, disks and other clients that do not mean well."""

import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

import pytest
from faults_test import BIRTH, EVENT, LONG, SANITIZED
from peers import (BRIDGE, LINK, MAINS, OUTAGE, PROGRAM, STATE, Broker, Network, Program, ScriptedInverter, Subscriber, accepts,
                   options, until)

COMMAND = "aims2mqtt/aims_inverter/command"


# ---- Names ----

def test_dead_names(tmp_path, matrix):
    """four bridges whose names nobody resolves"""
    with Network() as network:
        folder = f"/etc/netns/{network.here.name}"
        os.makedirs(folder)
        try:
            with open(f"{folder}/resolv.conf", "w") as file:
                file.write("nameserver 10.203.0.99\n")  # where nothing is
            with Broker(tmp_path, namespace=network.there) as broker:
                chosen = {"inverters": [{"name": f"N{i}", "address": f"tcp://dead{i}.example:23"} for i in range(4)],
                          "mqtt": {"host": Network.there_address, "port": broker.port}}
                with Program(tmp_path, chosen, namespace=network.here) as program:
                    program.until_line("connected to the MQTT broker", 3)
                    matrix("broker connected after", time.monotonic() - program.started)
                    until(lambda: len(program.lines("is not known")) == 4, 12)
                    assert program.stop()[1] < 1.2
        finally:
            os.remove(f"{folder}/resolv.conf")
            os.rmdir(folder)


# ---- Other clients ----

def test_strangers_on_our_topics(tmp_path, broker, ears, matrix):
    """a stranger calls the inverter offline, and makes up a state"""
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port)) as program:
        ears.until_payload(LINK, "online")
        for topic, lie in ((LINK, "offline"), (LINK, ""), (STATE, '{"connection":"OFF"}')):
            start = time.monotonic()
            ears.publish(topic, lie, retain=True)
            until(lambda: [p for p in ears.payloads(topic, since=start) if p != lie], 3)
        matrix("said again after", time.monotonic() - start)
        assert len(program.lines("another client said")) == 2  # once for each topic
        assert ears.payloads(LINK)[-1] == "online"
        assert json.loads(ears.payloads(STATE)[-1])["connection"] == "ON"


def test_two_apps(tmp_path, broker, ears, matrix):
    """two apps on one broker; one of them is killed"""
    with ScriptedInverter() as one, ScriptedInverter() as two:
        other = options(two.address, broker.port)
        other["inverters"][0]["name"] = "Second"
        (tmp_path / "other").mkdir()
        with Program(tmp_path, options(one.address, broker.port)) as first, Program(tmp_path / "other", other) as second:
            ears.until_payload(LINK, "online")
            ears.until_payload("aims2mqtt/second/link", "online")
            start = time.monotonic()
            second.process.kill()
            ears.until_payload("aims2mqtt/second/bridge", "offline", 3, since=start)
            time.sleep(2.5)
            assert ears.payloads("aims2mqtt/second/bridge")[-1] == "offline" and ears.payloads(BRIDGE)[-1] == "online"
            assert not first.lines("another client")
            matrix("the dead one", "stays offline, the other online")


def test_huge_messages(tmp_path, broker, ears, matrix):
    """megabytes on our topics, retained"""
    with ScriptedInverter() as inverter:
        for topic in (BIRTH, COMMAND, STATE, LINK, BRIDGE):
            ears.client.publish(topic, b"x" * (40 << 20), qos=1, retain=True).wait_for_publish()
        with Program(tmp_path, options(inverter.address, broker.port, control={"beeper": True})) as program:
            ears.until_payload(LINK, "online", 20)
            for _ in range(3):
                ears.client.publish(BIRTH, b"x" * (40 << 20), qos=1).wait_for_publish()
            time.sleep(1)
            assert program.memory() < (200_000 if SANITIZED else 8000)
            matrix("memory", f"{program.memory()} kB")


class DeafBroker:
    """Takes everything and answers pings, in MQTT 5, but acknowledges nothing."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            peer, _ = self.server.accept()
            self.connections += 1
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    @staticmethod
    def serve(peer):
        peer.recv(4096)
        peer.sendall(b"\x20\x03\x00\x00\x00")
        while heard := peer.recv(65536):
            if b"\xc0\x00" in heard:
                peer.sendall(b"\xd0\x00")


@pytest.mark.slow
def test_broker_that_acknowledges_nothing(tmp_path, matrix):
    """a broker that acknowledges nothing"""
    broker = DeafBroker()
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port)) as program:
        program.until_line("it has not acknowledged a message for 20 s", 24)
        until(lambda: broker.connections == 2, 6)
        matrix("left after 20 s, connected again after", time.monotonic() - program.started)


# ---- Disks and logs ----

def test_frozen_disk(tmp_path, broker, ears, matrix):
    """/data hangs"""
    data = tmp_path / "data"
    data.mkdir()
    os.mkfifo(data / "outages.json.new")  # whoever opens it for writing waits for a reader
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0.1), data=data) as program:
        ears.until_payload(LINK, "online")
        for answer, value in ((OUTAGE, "OFF"), (MAINS, "ON"), (OUTAGE, "OFF")):
            start = time.monotonic()
            inverter.answer = lambda request, answer=answer: answer
            ears.until_state(lambda s: s["utility_power"] == value, 2, since=start)
        assert subprocess.run([PROGRAM, "--healthcheck", "--data", data]).returncode == 0
        program.process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        ears.until_payload(BRIDGE, "offline", 1)
        assert program.process.wait(3) == 0
        took = time.monotonic() - start
        assert took < (2.5 if SANITIZED else 1.2)
        matrix("polled and told on; SIGTERM ended it after", took)


def test_blocked_log(tmp_path, broker, ears, matrix):
    """nobody reads the log"""
    file = tmp_path / "options.json"
    with ScriptedInverter() as inverter:
        file.write_text(json.dumps(options(inverter.address, broker.port, poll_interval=0)))
        process = subprocess.Popen([PROGRAM, "--options", file, "--data", tmp_path, "--log-level", "debug"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            ears.until_payload(LINK, "online")
            until(lambda: len(inverter.requests) > 1500, 20, "1500 polls")  # more lines than a pipe holds
            for answer, value in ((OUTAGE, "OFF"), (MAINS, "ON")):
                start = time.monotonic()
                inverter.answer = lambda request, answer=answer: answer
                ears.until_state(lambda s: s["utility_power"] == value, 2, since=start)
            read = b""
            os.set_blocking(process.stdout.fileno(), False)
            end = time.monotonic() + 3
            while b"lines are missing here" not in read and time.monotonic() < end:
                read += process.stdout.read(1 << 16) or b""
                time.sleep(0.01)
            assert b"lines are missing here: the log could not be written" in read
            until(lambda: len(inverter.requests) > 4000, 20, "more polls")
            start = time.monotonic()
            process.send_signal(signal.SIGTERM)
            ears.until_payload(BRIDGE, "offline", 1)
            assert process.wait(3) == 0
            assert time.monotonic() - start < (2.5 if SANITIZED else 1.2)
            matrix("polled and told on, and counted; SIGTERM ended it after", time.monotonic() - start)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def written(program):
    """Bytes that the process asked to have written to files and sockets."""
    with open(f"/proc/{program.process.pid}/io") as file:
        return int(next(line for line in file if line.startswith("write_bytes")).split()[1])


def test_chatter(tmp_path, broker, ears, matrix):
    """flags and mains that change with every poll, polled without a pause, and a storm of commands"""
    seconds = 60 if LONG else 8
    frames = [b"(%s 110.0 120.0 023 60.0 12.1 00.0 %s\r" % (volts, flags)
              for volts, flags in ((b"000.0", b"11111111"), (b"111.0", b"00001000"), (b"000.0", b"10101010"), (b"111.0", b"01010101"))]
    counter = iter(range(1 << 60))
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, poll_interval=0, control={"beeper": True})) as program:
        ears.until_payload(LINK, "online")
        ears.publish(BIRTH, "online")
        inverter.answer = lambda request: frames[next(counter) % len(frames)]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for word in ("beeper_on", "beeper_off"):
                ears.client.publish(COMMAND, word, qos=0)
            time.sleep(0.02)
        lines = len(program.log)
        assert lines <= 70  # and those of the start
        beeps = [at for at, request in inverter.requests if request == b"Q\r"]
        assert all(later - earlier >= 1.9 for earlier, later in zip(beeps, beeps[1:]))
        saved = written(program)
        assert saved < 50e6 / 24 / 60 * (seconds / 60 + 60)  # the first ones are at once: a budget for an hour
        matrix(f"{next(counter)} polls in {seconds} s:", f"{lines} lines, {saved // 1024} kB on the disk, {len(beeps)} commands")


# ---- Starts ----

def test_two_programs_on_one_folder(tmp_path, broker, ears, matrix):
    """two programs on one /data"""
    with ScriptedInverter() as inverter:
        (tmp_path / "two").mkdir()
        chosen = options(inverter.address, broker.port)
        with Program(tmp_path, chosen) as first:
            ears.until_payload(LINK, "online")
            with Program(tmp_path / "two", chosen, data=tmp_path) as second:
                assert second.process.wait(14) == 2
                assert 9.5 < time.monotonic() - second.started < 12
                until(lambda: second.lines("does this app run twice?"))
            with Program(tmp_path / "two", chosen, data=tmp_path) as second:
                second.until_line("waiting for it")
                first.stop()
                second.until_line("the inverter answers")
                matrix("the second one", "ends after 10 s with a line, or takes over")


def test_fifo_for_options(tmp_path, matrix):
    """a fifo in place of the options, or of a file in /data"""
    os.mkfifo(tmp_path / "options.json")
    done = subprocess.run([PROGRAM, "--options", tmp_path / "options.json", "--data", tmp_path], capture_output=True, text=True,
                          timeout=5)
    assert done.returncode == 2 and "no regular file" in done.stdout
    with ScriptedInverter() as inverter:
        os.remove(tmp_path / "options.json")
        os.mkfifo(tmp_path / "outages.json")
        with Program(tmp_path, options(inverter.address, 1)) as program:
            program.until_line("the inverter answers")
            assert (tmp_path / "outages.json.bad").exists()
    matrix("refused,", "or set aside")


def test_killed_at_random_moments(tmp_path, broker, matrix):
    """killed at random moments of outages"""
    outages = 100 if LONG else 10
    chance = random.Random(14)
    with ScriptedInverter() as inverter, Subscriber(broker.port) as ears:
        ears.publish(BIRTH, "online", retain=True)
        chosen = options(inverter.address, broker.port, poll_interval=0.02)
        inverter.answer = lambda request: MAINS
        with Program(tmp_path, chosen) as program:
            program.until_line("the inverter answers")

        def is_running():
            file = tmp_path / "outages.json"
            return file.exists() and json.loads(file.read_text())["inverters"].get("aims_inverter", {}).get("running") is not None
        for _ in range(outages):
            for answer in (OUTAGE, MAINS):
                with Program(tmp_path, chosen) as program:
                    program.until_line("the inverter answers")
                    # What the kill before cut off is made up for; what no run had the time to save, nobody can know.
                    until(lambda answer=answer: is_running() == (answer is MAINS), what="the record of the change before")
                    inverter.answer = lambda request, answer=answer: answer
                    time.sleep(chance.choice((chance.uniform(0, 0.1), chance.uniform(0, 2))))
                    program.process.kill()
                    program.process.wait()
        with Program(tmp_path, chosen) as program:
            state = ears.until_state(lambda s: s["connection"] == "ON" and s["utility_power"] == "ON", since=program.started)
            assert state["outages"] == outages

            def ids(kind):
                return {e["id"] for e in map(json.loads, ears.payloads(EVENT)) if e["event_type"] == kind}
            for kind in ("Power lost", "Power restored"):
                until(lambda: len(ids(kind)) >= outages, 30, f"{outages} times {kind}")
            time.sleep(0.5)
            for kind in ("Power lost", "Power restored"):
                assert ids(kind) == {f"aims_inverter-{i + 1}-{kind.lower().replace(' ', '_')}" for i in range(outages)}
            told = len(ears.payloads(EVENT))
        matrix(f"{2 * outages} kills:", f"{outages} outages, each told under one id; {told} events in all")
