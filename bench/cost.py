"""What a poll costs: processor, instructions, wake-ups, and memory after very many of them."""

import json
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from peers import MAINS, OUTAGE, PROGRAM, STATE, Broker, Program, ScriptedInverter, Simulator, Subscriber, options, until
from processes import memory, tasks

SECONDS = 60
POLLS_OF_AN_HOUR = 3600


def measure(table):
    folder = Path(tempfile.mkdtemp())
    try:
        with Broker(folder) as broker:
            at_defaults(table, folder, broker)
            instructions(table, folder, broker)
            an_hour(table, folder, broker)
    finally:
        shutil.rmtree(folder)


def at_defaults(table, folder, broker):
    with Simulator(folder / "inverter") as simulator, Subscriber(broker.port, STATE) as ears, \
            Program(folder, options(simulator.link, broker.port)) as program:
        ears.until_state(lambda s: s["connection"] == "ON")
        time.sleep(3)
        pid = program.process.pid
        before = tasks(pid)
        time.sleep(SECONDS)
        after = tasks(pid)
    used = {task: (after[task][1] - before[task][1], after[task][2] - before[task][2]) for task in before}
    all_of_it = sum(seconds for seconds, _ in used.values())
    table.row("processor, a poll", 1000 * used[pid][0] / SECONDS, "ms", 0.3)
    table.row("processor, an hour at defaults, Paho's threads too", 3600 * all_of_it / SECONDS, "s")
    table.row("wake-ups of our thread, a poll: the clock and the reply", used[pid][1] / SECONDS, "", 2.5)
    table.row("wake-ups of Paho's threads, a second", sum(n for task, (_, n) in used.items() if task != pid) / SECONDS, "")


def instructions(table, folder, broker):
    """By callgrind, user space: two runs, of which one is 200 polls longer."""
    counts = {}
    for polls in (50, 250):
        asked = []
        file = folder / "options.json"
        with ScriptedInverter(lambda request: asked.append(1) or MAINS) as inverter:
            file.write_text(json.dumps(options(inverter.address, broker.port, poll_interval=0.1)))
            process = subprocess.Popen(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out", PROGRAM,
                                        "--options", file, "--data", folder],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            until(lambda: len(asked) >= polls, 120, "the polls")
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=20)[0]
        counts[polls] = int(re.search(r"Collected : (\d+)", said).group(1)), len(asked)
    (fewer, asked_fewer), (more, asked_more) = counts[50], counts[250]
    table.row("instructions, a poll", (more - fewer) / (asked_more - asked_fewer), "", 250_000)


def an_hour(table, folder, broker):
    """As many polls as an hour has, with an outage every tenth of it, as fast as they go; and once more as many."""
    asked = [0]

    def answer(request):
        asked[0] += 1
        return OUTAGE if asked[0] // (POLLS_OF_AN_HOUR // 20) % 2 else MAINS

    with ScriptedInverter(answer) as inverter, Program(folder, options(inverter.address, broker.port, poll_interval=0)) as program:
        inverter.keep_requests = False
        pids = [program.process.pid]
        figures = []
        for hour in (1, 2):
            until(lambda: asked[0] >= hour * POLLS_OF_AN_HOUR, 120, "an hour of polls")
            figures.append((memory(pids, "Rss"), memory(pids, "Pss")))
    table.row("resident memory after an hour of polls, TLS linked", figures[0][0], "MB", 6)
    table.row("proportional memory after an hour of polls", figures[0][1], "MB", 6)
    table.row("what a second hour adds", figures[1][0] - figures[0][0], "MB", 0.1)
