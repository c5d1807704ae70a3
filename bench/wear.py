"""What is written to /data: of a quiet day, measured over some minutes."""

import re
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from peers import STATE, Broker, Program, Simulator, Subscriber, options

MINUTES = 7
BATTERY = {"battery": {"type": "agm", "nominal_voltage": 12, "capacity": 100}, "rated_power": 1200}


def measure(table):
    with ThreadPoolExecutor() as pool:
        quiet, known = pool.map(run, ({}, BATTERY))
    table.row("written to /data a day, at defaults", quiet, "kB", 100)
    table.row("written to /data a day, with a known battery and 276 W", known, "kB")


def run(inverter):
    """kB a day, from what the program writes into its files there once it has started."""
    folder = Path(tempfile.mkdtemp())
    try:
        with Broker(folder) as broker, Simulator(folder / "inverter") as simulator, Subscriber(broker.port, STATE) as ears, \
                Program(folder, options(simulator.link, broker.port, **inverter)) as program:
            ears.until_state(lambda s: s["connection"] == "ON")
            time.sleep(20)
            done = subprocess.run(["timeout", str(60 * MINUTES), "strace", "-f", "-y", "-ttt", "-e", "trace=write,pwrite64,writev",
                                   "-e", "signal=none", "-o", folder / "trace", "-p", str(program.process.pid)],
                                  capture_output=True)
            assert done.returncode == 124, done.stderr
            trace = (folder / "trace").read_text()
    finally:
        shutil.rmtree(folder)
    # "123 1763866800.123456 write(7</tmp/x/battery.json.new>, ..., 167) = 167"
    writes = [(float(at), int(size)) for at, size in re.findall(r"^\d+ +([\d.]+) \w+\(\d+<[^>]*\.json[^>]*>.* = (\d+)$", trace, re.M)]
    if not writes:
        return 0
    # From the first to the last, or what falls into the time would depend on where it begins.
    written, seconds = sum(size for _, size in writes[1:]), writes[-1][0] - writes[0][0]
    return written / seconds * 24 * 3600 / 1000
