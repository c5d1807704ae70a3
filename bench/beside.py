"""Ours beside what a user would otherwise run, each with a simulated inverter of its own at 2400 baud, all in one run: how
long an outage takes to an observer, and what that costs. See scripts/bench.

NUT's observer asks upsd twenty times a second, which nobody does: Home Assistant's integration asks once a minute.
"""

import os
import random
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from peers import ROOT, STATE, Broker, Program, Simulator, Subscriber, free_port, options, running, until
from processes import memory, processor

OUTAGES = 50
NUT = Path("/lib/nut")  # Debian's /sbin/upsd reads /etc/nut alone
EXCHANGE = 50 * 10 / 2400  # s: 3 bytes to the inverter, 46 and a CR back
FLOOR = 1.5 * EXCHANGE  # half a cycle of waiting, and one exchange
FIGURES = {"median": ("an outage to the observer, median", "s"), "p95": ("an outage to the observer, p95", "s"),
           "max": ("an outage to the observer, worst", "s"), "processor": ("processor an hour", "s"),
           "rss": ("resident memory", "MB"), "pss": ("proportional memory", "MB")}
GOALS = {"ours, at defaults": {"median": 0.75, "p95": 1.4},
         "ours, back to back": {"median": round(1.1 * FLOOR, 3), "max": round(2 * EXCHANGE, 3)}}


class Published:
    """Whoever tells over MQTT: the newest message says whether it is on battery."""

    def seen(self):
        messages = self.ears.messages()
        return (messages[-1][0], self.on_battery in messages[-1][2]) if messages else None


class Ours(Published):
    on_battery = '"utility_power":"OFF"'

    def __init__(self, folder, device, poll_interval):
        self.name = "ours, at defaults" if poll_interval else "ours, back to back"
        self.wait = 1.0 if poll_interval else EXCHANGE
        self.folder, self.device, self.poll_interval = folder, device, poll_interval

    @contextmanager
    def run(self):
        with Broker(self.folder) as broker, Subscriber(broker.port, STATE) as self.ears, \
                Program(self.folder, options(self.device, broker.port, poll_interval=self.poll_interval)) as program:
            self.pids = [program.process.pid]
            yield


class Poller(Published):
    name, wait = "a Python poller", 1.0
    on_battery = '"utility_fail": true'

    def __init__(self, folder, device):
        self.folder, self.device = folder, device

    @contextmanager
    def run(self):
        with Broker(self.folder) as broker, Subscriber(broker.port, "poller/state") as self.ears, \
                running([sys.executable, ROOT / "bench" / "poller.py", self.device, broker.port]) as process:
            self.pids = [process.pid]
            yield


class Nut:
    name, wait = "NUT (nutdrv_qx, upsd)", 2.0

    def __init__(self, folder, device):
        self.folder, self.device = folder, device

    @contextmanager
    def run(self):
        port = free_port()
        for name, text in {"ups.conf": f"[aims]\ndriver = nutdrv_qx\nport = {self.device}\nprotocol = q1\nnorating\nnovendor\n",
                           "upsd.conf": f"LISTEN 127.0.0.1 {port}\n", "upsd.users": "", "nut.conf": "MODE=standalone\n"}.items():
            file = Path(self.folder) / name
            file.write_text(text)
            file.chmod(0o640)
        there = {**os.environ, "NUT_CONFPATH": str(self.folder), "NUT_STATEPATH": str(self.folder),
                 "NUT_ALTPIDPATH": str(self.folder)}
        log = open(Path(self.folder) / "nut.log", "w")
        with running([NUT / "nutdrv_qx", "-a", "aims", "-u", "root", "-F"], env=there, stdout=log, stderr=log) as driver:
            until(lambda: (Path(self.folder) / "nutdrv_qx-aims").exists(), 60, "NUT's driver")
            with running([NUT / "upsd", "-u", "root", "-F"], env=there, stdout=log, stderr=log) as daemon:
                self.pids = [driver.pid, daemon.pid]
                self.peer = until(lambda: self._connected(port), 10, "upsd")
                self.answers = self.peer.makefile("rw", newline="\n")
                yield
                self.peer.close()

    @staticmethod
    def _connected(port):
        try:
            return socket.create_connection(("127.0.0.1", port), 1)
        except OSError:
            return None

    def seen(self):
        time.sleep(0.05)
        self.answers.write("GET VAR aims ups.status\n")
        self.answers.flush()
        answer = self.answers.readline()
        return (time.monotonic(), '"OB' in answer or " OB" in answer) if answer.startswith("VAR") else None


def until_seen(peer, on_battery, seconds=20):
    def is_so():
        seen = peer.seen()
        return seen if seen and seen[1] == on_battery else None
    return until(is_so, seconds, f"{peer.name}: on battery {on_battery}")[0]


def outages(make, results):
    """Outages whose phases are spread evenly over the poll interval, in an order that is no pattern."""
    folder = Path(tempfile.mkdtemp())
    try:
        with Simulator(folder / "inverter") as simulator:
            peer = make(folder, simulator.link)
            with peer.run():
                until_seen(peer, False, 90)
                phases = [i / OUTAGES for i in range(OUTAGES)]
                random.Random(1).shuffle(phases)
                delays = []
                start, used = time.monotonic(), processor(peer.pids)
                for phase in phases:
                    time.sleep(0.5 + phase * peer.wait)
                    began = time.monotonic()
                    simulator.do("utility off")
                    delays.append(until_seen(peer, True) - began)
                    simulator.do("utility on")
                    until_seen(peer, False)
                hours = (time.monotonic() - start) / 3600
                delays.sort()
                results.append({"who": peer.name, "median": statistics.median(delays), "p95": delays[int(OUTAGES * 0.95) - 1],
                                "max": delays[-1], "processor": (processor(peer.pids) - used) / hours,
                                "rss": memory(peer.pids, "Rss"), "pss": memory(peer.pids, "Pss")})
    except Exception as failure:
        results.append({"who": make.__name__, "failed": str(failure)})
    finally:
        shutil.rmtree(folder)


def at_defaults(folder, device):
    return Ours(folder, device, 1)


def back_to_back(folder, device):
    return Ours(folder, device, 0)


def measure(table):
    results = []
    threads = [threading.Thread(target=outages, args=(make, results)) for make in (at_defaults, back_to_back, Poller, Nut)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for r in results:
        if "failed" in r:
            table.note(f"{r['who']}: {r['failed']}")
    ours = next((r for r in results if r["who"] == "ours, at defaults"), {})
    for r in sorted((r for r in results if "failed" not in r), key=lambda r: r["median"]):
        goals = GOALS.get(r["who"], {})
        for key, (what, unit) in FIGURES.items():
            table.row(f"{r['who']}: {what}", r[key], unit, goals.get(key), to=ours.get(key))
