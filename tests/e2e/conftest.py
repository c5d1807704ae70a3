"""Container tests need Docker. Without it they are skipped, with a line that says so; in CI that is a failure."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SKIPPED = 77  # what ctest takes for "skipped"


def docker_works():
    return shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def docker_image():
    """make("app") builds the image and returns its name."""
    if not docker_works():
        message = "Docker is not here: the container tests are skipped"
        if os.environ.get("CI"):
            pytest.fail(message + ", which CI does not allow")
        pytest.skip(message)

    def make(name):
        done = subprocess.run([HERE / "images", name], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
        return f"aims-test/{name}"

    return make


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    ran = sum(len(reporter.stats.get(outcome, [])) for outcome in ("passed", "failed", "error"))
    if reporter.stats.get("skipped") and not ran:
        session.exitstatus = SKIPPED
