"""What the page costs, what a browser waits for, and that browsers hold nothing else up."""

import http.client
import json
import multiprocessing
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from page import ask, browser, text
from peers import MAINS, OUTAGE, ROOT, STATE, Broker, Program, ScriptedInverter, free_port, options, until
from processes import memory
from wire import Ear, percentile

READINGS = 300
BROWSERS = 30
FILES = ("/", "/page.js", "/plots.js", "/words.js", "/page.css", "/icon.svg", "/dygraph.js")


def measure(table):
    folder = Path(tempfile.mkdtemp())
    try:
        with Broker(folder) as broker:
            history(table)
            first_look(table, folder, broker)
            at_rest(table, folder, broker)
            crowded(table, folder, broker)
    finally:
        shutil.rmtree(folder)


def history(table):
    figures = json.loads(subprocess.check_output([ROOT / "build-bench/bench/history_bench"]))
    table.row("memory of a day's history", figures["memory_kb"] / 1000, "MB", 1.5)
    table.row("writing a day of history, median", figures["day_ms"], "ms", 50)
    table.row("that day, as JSON", figures["day_kb"], "kB")


def first_look(table, folder, broker):
    """In a headless Chromium."""
    port = free_port()
    with ScriptedInverter() as inverter, Program(folder, options(inverter.address, broker.port, web=port)) as program:
        program.until_line("the inverter answers")
        table.row("all files of the page", sum(len(ask(port, file)[2]) for file in FILES) / 1000, "kB", 200)
        took = []
        with browser() as chromium:
            for _ in range(10):
                chromium.get(f"http://127.0.0.1:{port}/")
                until(lambda: text(chromium, "status") == "Online", 5)
                took.append(chromium.execute_script(
                    "return performance.getEntriesByType('resource').find(e => e.name.includes('live')).responseEnd"))
        table.row("from opening the page to the first live values, median", statistics.median(took), "ms", 300)


def at_rest(table, folder, broker):
    used = []
    for web in (None, free_port()):
        with ScriptedInverter() as inverter, Program(folder, options(inverter.address, broker.port, web=web)) as program:
            program.until_line("the inverter answers")
            time.sleep(3)
            used.append(memory([program.process.pid], "Rss"))
    table.row("resident memory without a page", used[0], "MB")
    table.row("what a page that nobody looks at adds", used[1] - used[0], "MB")


class Crowd:
    """Browsers that ask for news, and for a quarter of an hour of history, without a pause. A process of their own: as threads of
    this one they would hold up who listens to the broker."""

    def __init__(self, port):
        self.done = multiprocessing.Event()
        self.asked = multiprocessing.Value("q", 0)
        self.process = multiprocessing.Process(target=self.run, args=(port,), daemon=True)
        self.process.start()

    def run(self, port):
        threads = [threading.Thread(target=self.browse, args=(port, i)) for i in range(BROWSERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def browse(self, port, number):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        seq = 0
        while not self.done.is_set():
            news = f"/api/live?after={seq}" if number % 3 else "/api/history?inverter=aims_inverter&range=15m"
            connection.request("GET", news)
            answer = json.loads(connection.getresponse().read())
            seq = answer.get("seq", 0)
            with self.asked.get_lock():
                self.asked.value += 1

    @property
    def answers(self):
        return self.asked.value

    def end(self):
        self.done.set()
        self.process.join()


def crowded(table, folder, broker):
    """Every poll turns the utility over, while browsers ask as fast as they can."""
    sent = {}

    def answer(request):
        frame = MAINS if len(sent) % 2 else OUTAGE
        voltage = (len(sent) % 900 + 1000) / 10
        sent[voltage] = time.monotonic()
        return frame[:7] + b"%05.1f" % voltage + frame[12:]

    port = free_port()
    with ScriptedInverter(answer) as inverter:
        ear = Ear(broker.port, STATE)
        with Program(folder, options(inverter.address, broker.port, web=port, poll_interval=0.05)) as program:
            program.until_line("web page: listening")
            crowd = Crowd(port)
            until(lambda: len(sent) > READINGS, 120, "the readings")
            crowd.end()
        heard = {}
        for at, _, payload in ear.heard:
            voltage = json.loads(payload)["utility_fault_voltage"]
            if voltage is not None:
                heard.setdefault(voltage, at)
        ear.close()
    took = sorted(1000 * (heard[voltage] - at) for voltage, at in sent.items() if voltage in heard and heard[voltage] > at)
    assert len(took) > 0.9 * len(sent), "states were lost"
    table.row("MQTT, while 30 browsers ask as fast as they can: median", statistics.median(took), "ms")
    table.row("MQTT, while 30 browsers ask as fast as they can: p99", percentile(took, 0.99), "ms", 20)
    table.row("how many answers they got meanwhile", crowd.answers, "")
