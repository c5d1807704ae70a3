"""What is written to /data: of a quiet day, measured over some minutes."""

import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from peers import STATE, Broker, Program, Simulator, Subscriber, options

MINUTES = 5
BATTERY = {"battery_type": "agm", "nominal_voltage": 12, "battery_capacity": 100, "rated_power": 1200}


def measure(table):
    with ThreadPoolExecutor() as pool:
        quiet, known = pool.map(run, ({}, BATTERY))
    table.row("written to /data a day, at defaults", quiet, "kB", 100)
    table.row("written to /data a day, with a known battery and 276 W", known, "kB", 100)


def run(inverter):
    """kB a day, from what the program writes into its files there once it has started."""
    folder = Path(tempfile.mkdtemp())
    try:
        with Broker(folder) as broker, Simulator(folder / "inverter") as simulator, Subscriber(broker.port, STATE) as ears, \
                Program(folder, options(simulator.link, broker.port, **inverter)) as program:
            ears.until_state(lambda s: s["connection"] == "ON")
            time.sleep(20)
            done = subprocess.run(["timeout", str(60 * MINUTES), "strace", "-f", "-y", "-e", "trace=write,pwrite64,writev",
                                   "-e", "signal=none", "-o", folder / "trace", "-p", str(program.process.pid)],
                                  capture_output=True)
            assert done.returncode == 124, done.stderr
            lines = (folder / "trace").read_text().splitlines()
        written = sum(int(line.rsplit("= ", 1)[1]) for line in lines if f"<{folder}/" in line and ".json" in line)
        return written / 1000 * 24 * 60 / MINUTES
    finally:
        shutil.rmtree(folder)
