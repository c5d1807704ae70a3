"""Measures the release and prints a table: what was measured, the figure, the goal. See scripts/bench."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from peers import MAINS, OUTAGE, PROGRAM, ROOT, Broker, Program, ScriptedInverter, Subscriber, options, until

rows = []


def row(what, figure, goal, unit):
    rows.append({"what": what, "figure": round(figure, 3), "goal": goal, "unit": unit})


def frames():
    done = subprocess.run([sys.argv[1], "--benchmark_format=json", "--benchmark_min_time=0.5"], capture_output=True,
                          text=True, check=True)
    times = {entry["name"]: entry["real_time"] for entry in json.loads(done.stdout)["benchmarks"]}
    row("parser, a frame", times["ParseReply"], 150, "ns")
    row("state document", times["StateDocument"], 2000, "ns")


def latency_and_memory(folder):
    """Every poll turns the utility over, so each is told at once. The clock runs from the reply's last byte to the
    subscriber; the fault voltage, counted on, tells which reading a state is of."""
    sent = {}

    def answer(request):
        frame = MAINS if len(sent) % 2 else OUTAGE
        count = len(sent) % 9000 + 100
        sent[count / 10] = time.monotonic()
        return frame[:7] + b"%05.1f" % (count / 10) + frame[12:]

    with Broker(folder) as broker, Subscriber(broker.port, "aims2mqtt/aims_inverter/state") as ears, \
            ScriptedInverter(answer) as inverter, \
            Program(folder, options(inverter.address, broker.port, poll_interval=0.05)) as program:
        until(lambda: len(ears.messages()) >= 500, 90, "500 readings")
        delays = sorted(1000 * (heard[0] - sent[json.loads(heard[2])["utility_fault_voltage"]])
                        for heard in ears.messages()[10:])
        status = Path(f"/proc/{program.process.pid}/status").read_text()
        row("last reply byte to subscriber, median", statistics.median(delays), 1, "ms")
        row("last reply byte to subscriber, p99", delays[int(len(delays) * 0.99) - 1], None, "ms")
        row("resident memory, TLS linked", int(status.split("VmRSS:")[1].split()[0]) / 1000, 6, "MB")
        program.log.clear()


def size():
    row("binary and run.sh, as built on this Debian",
        (PROGRAM.stat().st_size + (ROOT / "run.sh").stat().st_size) / 1e6, 10.5, "MB")


def compile_time(folder):
    subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=MinSizeRel",
                    "-DAIMS_STATIC=ON"], check=True, capture_output=True)
    start = time.monotonic()
    subprocess.run(["taskset", "-c", "0", "ninja", "-C", folder, "-j1"], check=True, capture_output=True)
    row("compiling the release, all files, one core", time.monotonic() - start, 60, "s")


def main():
    folder = tempfile.mkdtemp()
    try:
        frames()
        latency_and_memory(folder)
        size()
        compile_time(os.path.join(folder, "compiled"))
    finally:
        shutil.rmtree(folder)
    print()
    for r in rows:
        goal = "" if r["goal"] is None else f"goal {r['goal']:g}"
        print(f"{r['what']:<62}{r['figure']:>10.3f} {r['unit']:<4}{goal}")
    Path(ROOT / "build-bench" / "bench.json").write_text(json.dumps(rows, indent=2) + "\n")


main()
