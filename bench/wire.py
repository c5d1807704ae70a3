"""From the reply's last byte to a subscriber, and from exec to the first state."""

import json
import shutil
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path

from peers import MAINS, OUTAGE, STATE, Broker, Program, ScriptedInverter, options, until

READINGS = 500
STARTS = 20
THINKS = 0.05  # s, before it answers, so that it is known when the reply began


class Ear:
    """A subscriber as bare as one can be, so that little of the time is its own: MQTT 3.1.1 on a blocking socket."""

    def __init__(self, port, topic):
        self.heard = []  # (time, topic, payload)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x00\x00\x03ear")
        filter_ = len(topic).to_bytes(2, "big") + topic.encode() + b"\x00"
        self.socket.sendall(bytes([0x82, len(filter_) + 2, 0, 1]) + filter_)
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, topic, payload):
        """Publishes, with QoS 0; `payload` makes the packet 128 to 16383 bytes."""
        body = len(topic).to_bytes(2, "big") + topic.encode() + payload
        self.socket.sendall(bytes([0x30, len(body) & 0x7F | 0x80, len(body) >> 7]) + body)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)

    def _listen(self):
        kept = b""
        while True:
            try:
                got = self.socket.recv(65536)
            except ConnectionResetError:
                return
            at = time.monotonic()
            if not got:
                return
            kept += got
            while (packet := self._first(kept)) is not None:
                head, size = packet
                if len(kept) < head + size:
                    break
                body, kind, kept = kept[head:head + size], kept[0] >> 4, kept[head + size:]
                if kind == 3:
                    name = 2 + int.from_bytes(body[:2], "big")
                    self.heard.append((at, body[2:name].decode(), body[name:]))

    @staticmethod
    def _first(data):
        """(bytes of the head, bytes that follow it) of the first packet."""
        size = 0
        for i in range(1, min(len(data), 5)):
            size |= (data[i] & 0x7F) << 7 * (i - 1)
            if not data[i] & 0x80:
                return i + 1, size
        return None


def percentile(sorted_, share):
    return sorted_[max(0, int(len(sorted_) * share) - 1)]


def measure(table):
    folder = Path(tempfile.mkdtemp())
    try:
        with Broker(folder) as broker:
            latency(table, folder, broker)
            way_of_a_message(table, broker)
            start(table, folder, broker)
    finally:
        shutil.rmtree(folder)


def latency(table, folder, broker):
    """Every poll turns the utility over, so each is told at once; the fault voltage, counted on, says which it is."""
    sent = {}

    def answer(request):
        frame = MAINS if len(sent) % 2 else OUTAGE
        count = len(sent) % 9000 + 100
        sent[count / 10] = time.monotonic()
        return frame[:7] + b"%05.1f" % (count / 10) + frame[12:]

    ear = Ear(broker.port, STATE)
    with ScriptedInverter(answer) as inverter, \
            Program(folder, options(inverter.address, broker.port, poll_interval=0.05)) as program:
        until(lambda: len(ear.heard) >= READINGS + 10, 90, "the readings")
        delays = sorted(1000 * (at - sent[json.loads(payload)["utility_fault_voltage"]])
                        for at, _, payload in ear.heard[10:])
    ear.close()
    table.row("last reply byte to subscriber, median", statistics.median(delays), "ms", 0.5)
    table.row("last reply byte to subscriber, p99", percentile(delays, 0.99), "ms", 2)


def way_of_a_message(table, broker):
    """What of that is the broker's and the subscriber's: a message as large as a state, from the subscriber to itself."""
    ear = Ear(broker.port, "way")
    time.sleep(0.1)
    delays = []
    for count in range(1, 201):
        time.sleep(0.05)
        said = time.monotonic()
        ear.say("way", b"x" * 1000)
        until(lambda: len(ear.heard) == count, 5, "the message")
        delays.append(1000 * (ear.heard[-1][0] - said))
    ear.close()
    table.row("  of it through the broker to the subscriber, median", statistics.median(delays), "ms")


def start(table, folder, broker):
    """Of each start, less the time that the inverter thinks."""
    def answer(request):
        time.sleep(THINKS)
        return MAINS

    times = []
    with ScriptedInverter(answer) as inverter:
        for _ in range(STARTS):
            ear = Ear(broker.port, STATE)
            time.sleep(0.05)
            ear.heard.clear()  # what is retained
            with Program(folder, options(inverter.address, broker.port)) as program:
                until(lambda: any(b'"connection":"ON"' in payload for *_, payload in ear.heard), 5, "the first state")
                at = next(at for at, _, payload in ear.heard if b'"connection":"ON"' in payload)
                times.append(1000 * (at - program.started - THINKS))
                program.stop()
            ear.close()
    times.sort()
    table.row("exec to the first state, less the exchange, median", statistics.median(times), "ms", 150)
    table.row("exec to the first state, less the exchange, worst of 20", times[-1], "ms")
