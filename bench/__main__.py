"""Measures the release and whom it stands beside, and prints one table. See scripts/bench."""

import importlib
import sys

from peers import Program
from table import Table

PARTS = {
    "frames": "what runs once a frame, by itself",
    "wire": "from the wire to a subscriber",
    "cost": "what a poll costs, beside an inverter at 2400 baud",
    "size": "how large it is",
    "scale": "many inverters in one process",
    "beside": "beside what a user would otherwise run",
    "clients": "the NUT server, beside Debian's upsd",
    "pages": "the web page",
    "wear": "what is written to /data",
    "recorder": "what Home Assistant's recorder keeps",
}


def main():
    parts = sys.argv[1:] or list(PARTS)
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        sys.exit(f"{unknown[0]} is none of: {', '.join(PARTS)}")
    Program.shows_log = False
    table = Table()
    for part in parts:
        table.begin(f"{part}: {PARTS[part]}")
        importlib.import_module(part).measure(table)
    table.end()


main()
