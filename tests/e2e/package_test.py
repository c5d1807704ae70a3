"""The Debian packages: clean, and a service that runs, survives an upgrade and leaves nothing behind, under a real systemd."""

import json
import re
import subprocess
import time
from contextlib import contextmanager

import peers
import pytest
from peers import KEYS, ROOT, Broker, Subscriber, not_here, options, until
from terminal import Terminal, answer_broker, answer_nothing_more

SERVICE = "aims-inverter-mqtt"
OPTIONS = "/etc/aims-inverter-mqtt/options.json"
STATE = "/var/lib/private/aims-inverter-mqtt"


def run(*command, fails=False, **more):
    """What it printed, of both kinds."""
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    assert fails or done.returncode == 0, (command, done.stdout)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def package(docker_image, tmp_path_factory):
    """package("arm64") builds the package and returns its path."""
    folder = tmp_path_factory.mktemp("packages")

    def get(arch):
        if arch == run("dpkg", "--print-architecture"):
            return ROOT / run(ROOT / "scripts/package").splitlines()[-1]
        if arch == "armhf" and (missing := armel_is_missing(docker_image)):
            pytest.skip(missing)  # in CI too: it is no fault of ours, and passes
        container = run("docker", "create", docker_image(arch), "true")
        run("docker", "cp", f"{container}:/source/packages/.", folder / arch)
        run("docker", "rm", container)
        return next((folder / arch).glob(f"*_{arch}.deb"))

    return get


def armel_is_missing(docker_image):
    """Why armel cannot be linked with: mirrors list versions that they do not have. Empty: it can."""
    try:
        docker_image("armhf")
    except AssertionError as failure:
        found = re.search(r"(Failed to fetch \S*armel\S*|ADD failed: .*armel\S*|Packages\S* +File has unexpected size).*", str(failure))
        if not found:
            raise
        return f"the mirror's armel packages: {found[0][:200]}"
    return ""


ALL = pytest.mark.parametrize("arch", ["amd64", "arm64", "armhf"])


@ALL
def test_a_package_is_clean_and_needs_nothing(package, tmp_path, arch):
    deb = package(arch)
    run("lintian", "--allow-root", "--fail-on", "error,warning", deb)
    control = run("dpkg-deb", "--field", deb)
    assert f"Architecture: {arch}" in control and "Depends" not in control
    run("dpkg-deb", "--raw-extract", deb, tmp_path)
    assert not (tmp_path / "DEBIAN/conffiles").exists()
    kind = run("file", tmp_path / "usr/bin/aims-inverter-mqtt")
    expected = {"amd64": "x86-64.*static-pie linked", "arm64": "ARM aarch64.*static-pie linked",
                "armhf": "32-bit LSB executable, ARM, EABI5.*statically linked"}
    assert re.search(expected[arch], kind)
    example = tmp_path / "usr/share/doc/aims-inverter-mqtt/examples/options.json"
    assert run(peers.PROGRAM, "--check", example) == f"The options in {example} are right."


@pytest.mark.parametrize("arch, emulator", [("arm64", "qemu-aarch64-static"), ("armhf", "qemu-arm-static -cpu arm1176")])
def test_the_program_does_its_job_on_another_processor(package, tmp_path, monkeypatch, arch, emulator):
    """arm1176 is the processor of the Raspberry Pi 1 and Zero."""
    run("dpkg-deb", "--extract", package(arch), tmp_path)
    emulated = tmp_path / "emulated"  # as the kernel's binfmt would start it; qemu-user needs no privilege
    emulated.write_text(f'#!/bin/sh\nexec {emulator} {tmp_path}/usr/bin/aims-inverter-mqtt "$@"\n')
    emulated.chmod(0o755)
    monkeypatch.setattr(peers, "PROGRAM", emulated)
    with peers.ScriptedInverter(tcp=True) as inverter, Broker(tmp_path) as broker, Subscriber(broker.port) as ears, \
            peers.Program(tmp_path, options(inverter.address, broker.port)) as program:
        assert set(ears.until_state(lambda s: s["connection"] == "ON", 20)) == KEYS
        inverter.answer = lambda request: peers.OUTAGE
        ears.until_state(lambda s: s["utility_power"] == "OFF", 5)
        until(lambda: [event["event_type"] for event in ears.events()], 10)
        assert program.stop()[0] == 0
        ears.until_payload(peers.BRIDGE, "offline", 2)
        assert (program.data / "outages.json").exists()


# ---- The service ----

class Machine:
    """A container with systemd, a broker and an inverter."""

    def __init__(self, image):
        # On cgroup v1 and v2 alike: systemd gets the host's tree.
        self.id = run("docker", "run", "-d", "--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined", "--security-opt",
                      "seccomp=unconfined", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--cgroupns", "host", "--tmpfs", "/run",
                      "--tmpfs", "/run/lock", "--tmpfs", "/tmp", image)

    def run(self, command, fails=False, text=None):
        return run("docker", "exec", "-i", self.id, "sh", "-c", command, fails=fails, input=text)

    def write(self, path, text):
        self.run(f"mkdir -p $(dirname {path}) && cat > {path} && chmod 640 {path}", text=text)

    def install(self, deb):
        run("docker", "cp", deb, f"{self.id}:/root/new.deb")
        return self.run("dpkg -i /root/new.deb")

    def show(self, key):
        return self.run(f"systemctl show -P {key} {SERVICE}")

    def is_active(self):
        return self.show("ActiveState") == "active"

    def state(self):
        return json.loads(self.run("mosquitto_sub -t aims2mqtt/aims_inverter/state -C 1 -W 10"))

    def log(self, *arguments):
        return self.run(f"journalctl -u {SERVICE} -o cat {' '.join(arguments)}")


@pytest.fixture
def machine(docker_image):
    machine = Machine(docker_image("systemd"))
    try:
        states = ("running", "degraded")
        try:
            until(lambda: machine.run("systemctl is-system-running", fails=True) in states, 30)
        except AssertionError:
            not_here("systemd in a container: " + run("docker", "logs", machine.id)[-500:])
        yield machine
    finally:
        print(machine.run(f"journalctl -u {SERVICE} --no-pager | tail -60", fails=True))
        run("docker", "rm", "-f", machine.id)


def with_version(deb, version, folder):
    """The same package, as if it were another version."""
    run("dpkg-deb", "--raw-extract", deb, folder / version)
    control = folder / version / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
    return run("dpkg-deb", "--root-owner-group", "--build", folder / version, folder / f"{version}.deb") and folder / f"{version}.deb"


def simulate(machine):
    """An inverter at a serial port of the group dialout, as udev would have it; returns once it is there."""
    machine.run("mkfifo /root/orders; (tail -f /root/orders | aims-inverter-sim /root/inverter) > /dev/null 2>&1 &")
    until(lambda: machine.run("test -e /root/inverter && echo yes", fails=True) == "yes")
    port = machine.run("readlink -f /root/inverter")
    machine.run(f"chgrp dialout {port} && chmod 660 {port}")
    return port


def test_the_service_from_installation_to_purge(package, machine, tmp_path):
    deb = package("amd64")
    machine.install(deb)
    assert machine.run(f"systemctl is-enabled {SERVICE}", fails=True) == "disabled" and not machine.is_active()
    machine.run(f"systemctl start {SERVICE}")
    assert not machine.is_active()  # there are no options
    assert "ConditionPathExists" in machine.run(f"journalctl -u {SERVICE}")
    complaints = machine.run(f"systemd-analyze verify {SERVICE}.service", fails=True)
    assert not [line for line in complaints.splitlines() if "man " not in line], complaints  # no man in this container
    exposure = machine.run(f"systemd-analyze security --no-pager {SERVICE}").splitlines()[-1]
    assert float(re.search(r": ([\d.]+)", exposure)[1]) <= 2.0
    print(exposure)

    # The unit's limits, but for the pseudo-terminal that stands for a serial port, and a shorter watchdog.
    machine.write(f"/etc/systemd/system/{SERVICE}.service.d/test.conf",
                  "[Service]\nDeviceAllow=char-136 rw\nWatchdogSec=3\nRestartSec=1\n")
    port = simulate(machine)
    machine.run("systemctl daemon-reload; systemctl start mosquitto")
    with Terminal("docker", "exec", "-it", machine.id, SERVICE, "--setup") as terminal:
        terminal.answer("Its name", "")
        terminal.answer("Where is the inverter?", port)
        terminal.expect("The inverter answers:")
        answer_broker(terminal, 1883)
        terminal.expect("The broker takes the login.")
        answer_nothing_more(terminal)
        terminal.expect(f"systemctl enable --now {SERVICE}")
        assert terminal.process.wait(5) == 0
    assert machine.run(f"stat -c '%a %U' {OPTIONS}") == "640 root"
    chosen = json.loads(machine.run(f"cat {OPTIONS}"))
    machine.run("systemctl stop mosquitto")
    began = time.monotonic()
    machine.run(f"systemctl enable --now {SERVICE}")  # returns once it is ready: no broker runs yet
    assert time.monotonic() - began < 5 and machine.is_active()
    machine.run("systemctl start mosquitto")
    assert until(lambda: machine.state()["connection"] == "ON" and machine.state(), 15)["battery_voltage"] == 13.5
    machine.run("echo utility off > /root/orders")
    until(lambda: machine.state()["utility_power"] == "OFF", 5)
    machine.run("echo utility on > /root/orders")
    until(lambda: machine.state()["utility_power"] == "ON", 5)

    process = machine.show("MainPID")
    status = machine.run(f"cat /proc/{process}/status")
    assert not re.search(r"Uid:\s+0\b", status) and re.search(r"CapBnd:\s+0+\n", status) and "Seccomp:\t2" in status
    assert "utility power failed" in machine.log("-p", "warning")  # the journal knows how serious a line is
    assert re.search(r"(?m)^AIMS inverter: the inverter answers", machine.log())  # and has the time itself
    page = machine.run("bash -c 'exec 3<>/dev/tcp/127.0.0.1/8099; printf \"GET /health HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n\" >&3; "
                       "cat <&3'")
    assert "200 OK" in page

    # A loop that hangs.
    restarts = int(machine.show("NRestarts"))
    machine.run(f"kill -STOP {process}")
    until(lambda: machine.is_active() and int(machine.show("NRestarts")) == restarts + 1, 30)
    assert "watchdog" in machine.run(f"journalctl -u {SERVICE} -n 50").lower()

    # An upgrade restarts what runs, and keeps what there is.
    until(lambda: machine.run(f"cat {STATE}/outages.json", fails=True).startswith("{"), 10)
    outages, process = machine.run(f"cat {STATE}/outages.json"), machine.show("MainPID")
    machine.install(with_version(deb, "9.0.0", tmp_path))
    until(lambda: machine.is_active() and machine.show("MainPID") != process, 10)
    assert json.loads(machine.run(f"cat {OPTIONS}")) == chosen
    total = [json.loads(text)["inverters"]["aims_inverter"]["total"] for text in (outages, machine.run(f"cat {STATE}/outages.json"))]
    assert total[0] == total[1] >= 1
    assert until(lambda: machine.state()["connection"] == "ON" and machine.state(), 10)["outages"] == total[0]

    # A mistake in the options ends it with a line, and is not tried again and again.
    machine.write(OPTIONS, '{"inverters": []}')
    machine.run(f"systemctl restart {SERVICE}", fails=True)
    until(lambda: machine.show("ActiveState") == "failed")
    assert machine.show("ExecMainStatus") == "2" and "inverters" in machine.log("-p", "err", "-n", "5")
    time.sleep(3)
    assert machine.show("ActiveState") == "failed"

    # What does not run is not started by an upgrade.
    machine.write(OPTIONS, json.dumps(chosen))
    machine.run(f"systemctl reset-failed {SERVICE}")
    machine.install(with_version(deb, "9.0.1", tmp_path))
    assert not machine.is_active()

    machine.run(f"systemctl start {SERVICE}")
    machine.run(f"dpkg --remove {SERVICE}")
    assert machine.run("cat /proc/[0-9]*/comm").splitlines().count("aims-inverter-m") == 0
    assert machine.run(f"ls {OPTIONS} {STATE}/outages.json")
    machine.run(f"dpkg --purge {SERVICE}")
    left = machine.run("find / -xdev -name 'aims-inverter*' -not -path '/proc/*' -not -path '/var/lib/dpkg/*'")
    assert left.splitlines() in ([], ["/etc/systemd/system/aims-inverter-mqtt.service.d"]), left
