"""What NUT's clients cost and feel: beside Debian's upsd with the same variables, on the clock of one run."""

import os
import select
import shutil
import socket
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from nut import Client, Upsd, starttls
from peers import MAINS, OUTAGE, STATE, Broker, Program, ScriptedInverter, free_port, options, until
from processes import memory, processor
from wire import Ear, percentile

REQUESTS = 2000
OUTAGES = 20
SECONDS = 30
READINGS = 300
USERS = [{"name": "pve", "password": "p"}]
DESCRIBED = {"rated_power": 1200, "model": "PICOGLF12W12V120AL", "battery": {"type": "agm", "nominal_voltage": 12, "capacity": 200}}


def measure(table):
    folder = Path(tempfile.mkdtemp())
    try:
        with Broker(folder) as broker:
            answers(table, folder, broker)
            outages(table, folder, broker)
            at_rest(table, folder, broker)
            flooded(table, folder, broker)
    finally:
        shutil.rmtree(folder)


def served(inverter, broker, **more):
    """Options with a NUT server, and its port."""
    port = free_port()
    nut = {"enabled": True, "port": port, "users": USERS, **more}
    return {**options(inverter.address, broker.port, **DESCRIBED), "nut": nut}, port


def share_a_core(*pids):
    """Both servers and their client: else the figure is where the kernel happens to put them. Undone by the caller."""
    core = {min(os.sched_getaffinity(0))}
    for pid in (0, *pids):
        tasks = [0] if pid == 0 else map(int, os.listdir(f"/proc/{pid}/task"))
        for task in tasks:
            os.sched_setaffinity(task, core)


def timed(client, request):
    start = time.perf_counter()
    client.ask(request)
    return 1000 * (time.perf_counter() - start)


def answers(table, folder, broker):
    (folder / "upsd").mkdir()
    with ScriptedInverter() as inverter:
        opts, port = served(inverter, broker)
        with Program(folder, opts) as program:
            program.until_line("the inverter answers")
            program.until_line("NUT server: listening")
            with Upsd(folder / "upsd", free_port(), "", like=port) as upsd, Client(port) as ours, Client(upsd.port) as theirs:
                cores = os.sched_getaffinity(0)
                share_a_core(program.process.pid, upsd.process.pid)
                for request, times, goal in (("GET VAR aims_inverter ups.status", REQUESTS, 1.5), ("LIST VAR aims_inverter", 100, 0.1)):
                    took = [(timed(ours, request), timed(theirs, request)) for _ in range(times)]
                    our, their = (statistics.median(one) for one in zip(*took))
                    what = " ".join(request.split()[:2])
                    table.row(f"{what}, median", our, "ms")
                    table.row(f"{what} of upsd, median", their, "ms", to=our)
                    table.row(f"{what}, ours to upsd's", our / their, "", goal)
                os.sched_setaffinity(0, cores)


def outages(table, folder, broker):
    """A client that asks every 20 ms."""
    with ScriptedInverter(lambda request: inverter.frame) as inverter:
        inverter.frame = MAINS
        opts, port = served(inverter, broker)
        took = []
        with Program(folder, opts) as program:
            program.until_line("NUT server: listening")
            with Client(port) as client:
                until(lambda: client.status() == "OL", 5, "the first reading")
                for i in range(OUTAGES):
                    time.sleep(0.13 * (i % 8))
                    start, inverter.frame = time.monotonic(), OUTAGE if i % 2 == 0 else MAINS
                    wanted = "OB" if i % 2 == 0 else "OL"
                    while not client.status().startswith(wanted):
                        time.sleep(0.02)
                    took.append(time.monotonic() - start)
    took.sort()
    table.row("an outage, or its end, to a client that asks, median", statistics.median(took), "s")
    table.row("the same, worst", took[-1], "s")


def at_rest(table, folder, broker):
    """Memory with and without, and the processor with 32 clients that ask every 5 s."""
    kinds = {"without a NUT server": {"enabled": False}, "with one": {}, "with one, and TLS": {"tls": True}}
    used = {}
    for kind, more in kinds.items():
        with ScriptedInverter() as inverter:
            opts, port = served(inverter, broker, **more)
            with Program(folder, opts) as program, ExitStack() as stack:
                program.until_line("the inverter answers")
                if "tls" in more:
                    with Client(port) as client:
                        starttls(client)
                        client.status()
                time.sleep(5)
                pids = [program.process.pid]
                used[kind] = memory(pids, "Rss")
                table.row(f"resident memory {kind}", used[kind], "MB")
                if kind == "with one, and TLS":
                    continue
                start, before = time.monotonic(), processor(pids)
                if kind == "with one":
                    clients = [stack.enter_context(Client(port)) for _ in range(32)]
                    for client in clients:
                        client.log_in("pve", "p")
                    start, before = time.monotonic(), processor(pids)
                    end = start + SECONDS
                    while time.monotonic() < end:
                        for client in clients:
                            client.status()
                            time.sleep(5 / len(clients))
                else:
                    time.sleep(SECONDS)
                used[kind + " processor"] = 100 * (processor(pids) - before) / (time.monotonic() - start)
    table.row("what a NUT server adds", used["with one"] - used["without a NUT server"], "MB", 0.3)
    table.row("what a NUT server with TLS adds", used["with one, and TLS"] - used["without a NUT server"], "MB", 3.5)
    table.row("32 clients that ask every 5 s: processor, of a core", used["with one processor"] - used["without a NUT server processor"],
              "%", 0.5)


class Flood(threading.Thread):
    """31 connections that ask without a pause, of which a third never reads, and one that logs in again and again."""

    ASKS = [b"LIST VAR aims_inverter\n" * 20, b"GET VAR aims_inverter ups.status\n" * 15, b"\n" * 400, b'"#\n' * 150]

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.done = threading.Event()
        self.answered = 0
        self.sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(31)]
        for one in self.sockets:
            one.setblocking(False)

    def run(self):
        poll = select.epoll()
        for i, one in enumerate(self.sockets):
            poll.register(one, select.EPOLLIN | select.EPOLLOUT if i % 3 else select.EPOLLOUT)
        by_number = {one.fileno(): one for one in self.sockets}
        while not self.done.is_set():
            for number, what in poll.poll(0.01):
                try:
                    if what & select.EPOLLIN:
                        self.answered += len(by_number[number].recv(1 << 16))
                    if what & select.EPOLLOUT:
                        by_number[number].send(self.ASKS[number % len(self.ASKS)])
                except OSError:
                    poll.unregister(number)
            with socket.create_connection(("127.0.0.1", self.port)) as short:
                short.sendall(b"USERNAME pve\nPASSWORD p\nLOGIN aims_inverter\n")


def flooded(table, folder, broker):
    """Every poll turns the utility over, while clients ask as fast as they can."""
    sent = {}

    def answer(request):
        frame = MAINS if len(sent) % 2 else OUTAGE
        voltage = (len(sent) % 900 + 1000) / 10
        sent[voltage] = time.monotonic()
        return frame[:7] + b"%05.1f" % voltage + frame[12:]

    with ScriptedInverter(answer) as inverter:
        opts, port = served(inverter, broker)
        opts["inverters"][0]["poll_interval"] = 0.05
        ear = Ear(broker.port, STATE)
        with Program(folder, opts) as program:
            program.until_line("NUT server: listening")
            flood = Flood(port)
            flood.start()
            until(lambda: len(sent) > READINGS, 120, "the readings")
            flood.done.set()
            flood.join()
        heard = {}
        for at, _, payload in ear.heard:
            text = payload.decode()
            mark = '"utility_fault_voltage":'
            if mark in text:
                voltage = text.split(mark)[1].split(",")[0]
                if voltage != "null":
                    heard.setdefault(float(voltage), at)
        ear.close()
    assert len(heard) > 0.97 * len(sent), "states were lost"
    took = sorted(1000 * (heard[voltage] - at) for voltage, at in sent.items() if voltage in heard and heard[voltage] > at)
    table.row("MQTT, while clients ask as fast as they can: median", statistics.median(took), "ms")
    table.row("MQTT, while clients ask as fast as they can: p99", percentile(took, 0.99), "ms", 20)
    table.row("what they were answered meanwhile", flood.answered / 1e6, "MB")
