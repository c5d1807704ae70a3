"""What several end-to-end tests stand on: a broker, ears, the table of faults, images; and which builds a test speaks to.

All tests speak to the program with sanitizers, several at once. With the release run those that look for what sanitizers
cannot show, and with TSan those in which Paho's threads and ours meet; each kind has a marker.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from peers import Broker, Subscriber, not_here

HERE = Path(__file__).resolve().parent
SKIPPED = 77  # what ctest takes for "skipped"


def pytest_configure(config):
    for marker in ("release: with the release too: figures, the static libraries (names, TLS), what a user types",
                   "release_alone: about the release and nothing else",
                   "races: with TSan too: Paho's threads and ours meet here",
                   "slow: takes long, so it begins first"):
        config.addinivalue_line("markers", marker)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def docker_works():
    return shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def docker_image():
    """make("app") builds the image and returns its name."""
    if not docker_works():
        not_here("Docker")

    def make(name):
        done = subprocess.run([HERE / "images", name], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
        return f"aims-test/{name}"

    return make


@pytest.fixture
def by_id():
    """The folder where udev puts the adapters' links, without those of tests that were killed. Theirs begin with usb-aims-test."""
    folder = Path("/dev/serial/by-id")
    made = [path for path in (folder, folder.parent) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)

    def clear():
        for link in folder.glob("usb-aims-test*"):
            link.unlink()

    clear()
    yield folder
    clear()
    for path in made:
        path.rmdir()


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path) as broker:
        yield broker


@pytest.fixture
def ears(broker):
    with Subscriber(broker.port) as ears:
        yield ears


class Matrix:
    """matrix(what, figure) adds to the row of a test in the table that ends the run; a float is seconds. The row is called
    as the test's docstring says, which may hold names: parameters, and what is put into `names`."""

    def __init__(self, request, record_property):
        self.docstring = request.function.__doc__
        self.names = dict(getattr(getattr(request.node, "callspec", None), "params", {}))
        self.record_property = record_property

    def __call__(self, what, figure):
        shown = f"{figure:.2f} s" if isinstance(figure, float) else str(figure)
        self.record_property("fault", (self.docstring.format_map(self.names), f"{what} {shown}"))


@pytest.fixture
def matrix(request, record_property):
    return Matrix(request, record_property)


def pytest_terminal_summary(terminalreporter):
    rows = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", []):
            if name == "fault" and report.when == "call":
                rows.setdefault((report.nodeid, value[0]), []).append(value[1])
    if rows:
        terminalreporter.section("what breaks, and how it is got over")
        width = max(len(fault) for _, fault in rows)
        for (_, fault), figures in rows.items():
            terminalreporter.write_line(f"{fault:<{width}}  {'; '.join(figures)}")
    if "AIMS_REPORT" in os.environ:
        write_report(Path(os.environ["AIMS_REPORT"]), terminalreporter.stats)


def write_report(path, stats):
    """For the end of scripts/test, which ctest keeps from saying it: how long each test took, and what was skipped, and why."""
    name = path.name
    took = [f"{report.duration:.2f} {name} {report.nodeid}" for outcome in ("passed", "failed")
            for report in stats.get(outcome, []) if report.when == "call"]
    skipped = [f"skipped {name} {report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}"
               for report in stats.get("skipped", [])]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(took + skipped) + "\n")


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    ran = sum(len(reporter.stats.get(outcome, [])) for outcome in ("passed", "failed", "error"))
    if reporter.stats.get("skipped") and not ran:
        session.exitstatus = SKIPPED
