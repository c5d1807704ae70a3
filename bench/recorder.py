"""What a quiet hour costs Home Assistant: messages, and rows in a real Core's recorder, beside telling every poll. The line is
the simulator's, whose voltages move as ordinary ones do."""

import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from core import Core
from peers import Broker, Program, Simulator, Subscriber, free_port, until

MINUTES = 5
OURS, EVERY_POLL = "ours", "every_poll"
ROWS = "SELECT count(*) FROM states JOIN states_meta USING (metadata_id) WHERE states_meta.entity_id LIKE ?"


def measure(table):
    folder = Path(tempfile.mkdtemp())
    for name in ("core", OURS, EVERY_POLL):
        (folder / name).mkdir()
    try:
        with Broker(folder) as broker, Simulator(folder / "one") as one, Simulator(folder / "two") as two, \
                Program(folder / OURS, chosen(OURS, one.link, broker.port)), \
                Program(folder / EVERY_POLL, chosen(EVERY_POLL, two.link, broker.port, report_interval=1)), \
                Core(folder / "core", free_port(), more="recorder:\n  commit_interval: 1\n") as core:
            core.onboard()
            core.connect(broker.port)
            until(lambda: state(core, OURS) == state(core, EVERY_POLL) == "on", 90, "both in Home Assistant")
            time.sleep(15)
            before = {name: rows(folder, name) for name in (OURS, EVERY_POLL)}
            with Subscriber(broker.port, "aims2mqtt/+/state") as ears:
                start = time.monotonic()
                time.sleep(60 * MINUTES)
                messages = {name: len(ears.messages(f"aims2mqtt/{name}/state", start)) for name in before}
            an_hour = 60 / MINUTES
            added = {name: rows(folder, name) - before[name] for name in before}
            one.do("utility off")
            began = time.monotonic()
            until(lambda: state(core, OURS) == "off", 10, "the outage in Home Assistant")
            told = time.monotonic() - began
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for what, counts in (("messages", messages), ("rows in the recorder", added)):
        table.row(f"{what} an hour, at defaults", counts[OURS] * an_hour, "")
        table.row(f"{what} an hour, every poll told", counts[EVERY_POLL] * an_hour, "", to=counts[OURS] * an_hour)
    table.row("an outage to Home Assistant's state, meanwhile", told, "s", 1.5)


def chosen(name, link, port, **mqtt):
    return {"inverters": [{"name": name, "address": str(link), "rated_power": 1200}],
            "mqtt": {"host": "127.0.0.1", "port": port, **mqtt}, "web": {"enabled": False}}


def state(core, name):
    return core.states().get(f"binary_sensor.{name}_utility_power", {}).get("state")


def rows(folder, name):
    with closing(sqlite3.connect(f"file:{folder}/core/home-assistant_v2.db?mode=ro", uri=True)) as database:
        return database.execute(ROWS, (f"%.{name}_%",)).fetchone()[0]
