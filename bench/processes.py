"""What the kernel counts of a process."""

from pathlib import Path


def tasks(pid):
    """(name, seconds of processor time, times that it went to sleep) of each thread, by its id."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        sleeps = next(line for line in (task / "status").read_text().splitlines() if line.startswith("voluntary"))
        seconds = int((task / "schedstat").read_text().split()[0]) / 1e9
        found[int(task.name)] = ((task / "comm").read_text().strip(), seconds, int(sleeps.split()[1]))
    return found


def processor(pids):
    """Seconds of processor time, of all threads."""
    return sum(seconds for pid in pids for _, seconds, _ in tasks(pid).values())


def memory(pids, what):
    """MB; `what`: Rss or Pss."""
    return sum(int(line.split()[1]) for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
               if line.startswith(what + ":")) * 1024 / 1e6
