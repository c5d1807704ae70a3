"""How large the binary is, what takes the room in it, what the image adds to its base, and how long compiling takes."""

import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from peers import PROGRAM, ROOT

IMAGE = "aims-test/app"  # tests/e2e/images app
OWNERS = {"libcrypto.a": "OpenSSL's libcrypto", "libssl.a": "OpenSSL's libssl", "libpaho-mqtt3as.a": "Paho",
          "libstdc++.a": "libstdc++", "libc.a": "libc", "libm.a": "libc", "libpure.a": "ours, with fmt, Asio and RapidJSON",
          "libapp.a": "ours, with fmt, Asio and RapidJSON", "main.cpp.o": "ours, with fmt, Asio and RapidJSON"}
KEPT = (".text", ".rodata", ".data", ".eh_frame", ".gcc_except_table", ".init_array")


def measure(table):
    table.row("binary, as built on this Debian", PROGRAM.stat().st_size / 1e6, "MB")
    folder = Path(tempfile.mkdtemp())
    try:
        map_ = folder / "map"
        subprocess.run(["cmake", "-S", ROOT, "-B", folder / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=MinSizeRel",
                        "-DAIMS_STATIC=ON"], check=True, capture_output=True)
        start = time.monotonic()
        subprocess.run(["taskset", "-c", "0", "ninja", "-C", folder / "build", "-j1"], check=True, capture_output=True)
        seconds = time.monotonic() - start
        subprocess.run(["cmake", f"-DCMAKE_EXE_LINKER_FLAGS=-Wl,-Map={map_}", folder / "build"], check=True, capture_output=True)
        subprocess.run(["ninja", "-C", folder / "build", "aims-inverter-mqtt"], check=True, capture_output=True)
        for owner, size in by_owner(map_.read_text()).most_common():
            table.row(f"  of it {owner}", size / 1e6, "MB")
    finally:
        shutil.rmtree(folder)
    added = added_to_base()
    if added is None:
        table.note(f"what the image adds to its base: not measured, there is no image {IMAGE} (tests/e2e/images app)")
    else:
        table.row("what the image adds to its base", added / 1e6, "MB", 10.5)
    table.row("compiling the release, all files, one core", seconds, "s", 75)


def by_owner(map_):
    """Bytes by archive, from GNU ld's map: what the sections that are kept were made of."""
    sizes = Counter()
    body = map_[map_.index("Linker script and memory map"):]
    for section, size, source in re.findall(r"^ (\.\S+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$", body, re.M):
        if section.startswith(KEPT):
            name = Path(re.sub(r"\(.*", "", source)).name
            sizes[OWNERS.get(name, "the rest")] += int(size, 16)
    return sizes


def added_to_base():
    """Bytes of the layers that our Dockerfile copies in."""
    done = subprocess.run(["docker", "history", "--human=false", "--no-trunc", "--format", "{{.Size}} {{.CreatedBy}}", IMAGE],
                          capture_output=True, text=True)
    if done.returncode:
        return None
    return sum(int(line.split()[0]) for line in done.stdout.splitlines() if " COPY " in line or "#(nop) COPY" in line)
