"""1, 4, 16 and 64 inverters in one process, on a quiet line; then all of them fail, or are back, with each poll, at the same
time. And 16 of which one is dead and one never stops talking."""

import json
import os
import pty
import select
import shutil
import tempfile
import threading
import time
import tty
from pathlib import Path

from peers import MAINS, OUTAGE, Broker, Program, until
from processes import memory, processor
from wire import Ear, percentile

SECONDS = 20
RUBBISH = bytes(range(1, 12)) * 4  # what the babbling one says every 20 ms: some 2200 bytes a second


class Inverters:
    """Very many of them in one thread: each answers with a whole frame; while `turning`, each time with another state."""

    def __init__(self, names, dead=(), babbling=()):
        self.dead, self.babbling = set(dead), set(babbling)
        self.turning = False
        self.sent = {}
        self.lines = {}
        for name in names:
            master, slave = pty.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self.lines[master] = name, slave
        self.count = 0

    def addresses(self):
        return {name: os.ttyname(slave) for name, slave in self.lines.values()}

    def __enter__(self):
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        for master, (_, slave) in self.lines.items():
            os.close(master)
            os.close(slave)

    def _serve(self):
        poll = select.epoll()
        for master in self.lines:
            poll.register(master, select.EPOLLIN)
        next_rubbish = 0.0
        while not self.done.is_set():
            for master, _ in poll.poll(0.02):
                os.read(master, 64)
                name = self.lines[master][0]
                if name not in self.dead and name not in self.babbling:
                    self._answer(master, name)
            if self.babbling and time.monotonic() >= next_rubbish:
                next_rubbish = time.monotonic() + 0.02
                for master, (name, _) in self.lines.items():
                    if name in self.babbling:
                        self._say(master, RUBBISH)
        poll.close()

    def _answer(self, master, name):
        frame = MAINS
        if self.turning:
            self.count += 1
            key = (self.count % 9000 + 100) / 10
            frame = (OUTAGE if self.sent.get(name) else MAINS)[:7] + b"%05.1f" % key + MAINS[12:]
            frame = frame[:-9] + (OUTAGE if self.sent.get(name) else MAINS)[-9:]
            self.sent[name] = not self.sent.get(name)
            self.sent[name, key] = time.monotonic()
        self._say(master, frame)

    @staticmethod
    def _say(master, data):
        try:
            os.write(master, data)
        except BlockingIOError:
            pass  # nobody reads it


def measure(table):
    p99s = {}
    for count in (1, 4, 16, 64):
        used, resident, p99s[count] = run(count)
        goals = (3, 12) if count == 64 else (None, None)
        table.row(f"{count:>2} at 1 Hz: processor, of a core", 100 * used, "%", goals[0])
        table.row(f"{count:>2} at 1 Hz: resident memory", resident, "MB", goals[1])
        table.row(f"{count:>2} at 1 Hz, all failing each second: last byte to subscriber, p99", p99s[count], "ms")
    _, _, beside = run(16, dead=["i14"], babbling=["i15"])
    table.row("14 of them, beside a dead and a babbling one: the same", beside, "ms", 1.5 * p99s[16])


def run(count, dead=(), babbling=()):
    """(share of a core, MB, ms)."""
    folder = Path(tempfile.mkdtemp())
    names = [f"i{i}" for i in range(count)]
    try:
        with Broker(folder) as broker, Inverters(names, dead, babbling) as inverters:
            ear = Ear(broker.port, "aims2mqtt/+/state")
            text = {"mqtt": {"host": "127.0.0.1", "port": broker.port}, "web": {"enabled": False},
                    "inverters": [{"name": name, "address": address} for name, address in inverters.addresses().items()]}
            well = [name for name in names if name not in dead and name not in babbling]
            with Program(folder, text) as program:
                until(lambda: len({topic for _, topic, payload in ear.heard if b'"connection":"ON"' in payload}) == len(well), 30,
                      "every inverter's state")
                time.sleep(3)
                pids = [program.process.pid]
                used = -processor(pids)
                time.sleep(SECONDS)
                used += processor(pids)
                resident = memory(pids, "Rss")
                ear.heard.clear()
                inverters.turning = True
                time.sleep(SECONDS)
                delays = []
                for at, topic, payload in list(ear.heard):
                    name = topic.split("/")[1]
                    key = json.loads(payload)["utility_fault_voltage"]
                    if (name, key) in inverters.sent:
                        delays.append(1000 * (at - inverters.sent[name, key]))
            ear.close()
        return used / SECONDS, resident, percentile(sorted(delays), 0.99)
    finally:
        shutil.rmtree(folder)
