"""The image, run as the Supervisor runs it: options in /data, its API, the host's /dev, a read-only root, no capability."""

import ipaddress
import json
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from nut import Client, starttls
from page import ask
from peers import KEYS, LINK, ROOT, Broker, FakeSupervisor, Simulator, Subscriber, accepts, free_port, not_here, until

BY_ID = Path("/dev/serial/by-id/usb-aims-test-adapter-if00-port0")


def docker(*arguments):
    return subprocess.run(["docker", *map(str, arguments)], capture_output=True, text=True)


@contextmanager
def app(image, data, supervisor, *more):
    """The app's container; its id."""
    started = docker("run", "-d", "--init", "--network", "host", "--read-only", "--cap-drop", "ALL",
                     "--security-opt", "no-new-privileges", "-v", "/dev:/dev:ro", "--device-cgroup-rule", "c 136:* rwm",
                     "-v", f"{data}:/data", "-e", "TZ=Europe/Berlin", "-e", "SUPERVISOR_TOKEN=abc",
                     "-e", f"SUPERVISOR_API={supervisor.url}", *more, image)
    assert started.returncode == 0, started.stderr
    container = started.stdout.strip()
    try:
        yield container
    finally:
        print(docker("logs", container).stdout)
        docker("rm", "-f", container)


@pytest.fixture
def inverter(by_id):
    """An inverter behind the only adapter."""
    with Simulator(by_id / BY_ID.name) as simulator:
        yield simulator


@pytest.mark.parametrize("address", [str(BY_ID), ""], ids=["by its name", "found by itself"])
def test_the_app_as_the_supervisor_runs_it(docker_image, tmp_path, inverter, address):
    image = docker_image("app")
    data = tmp_path / "data"
    data.mkdir()
    with Broker(tmp_path) as broker, Subscriber(broker.port) as ears, \
            FakeSupervisor(FakeSupervisor.broker(broker.port)) as supervisor:
        (data / "options.json").write_text(json.dumps(
            {"inverters": [{"name": "AIMS inverter", "device" if address else "model": address}], "mqtt": {},
             "nut": {"enabled": True, "tls": True, "users": [{"name": "pve", "password": "p"}]}}))
        with app(image, data, supervisor) as container:
            state = ears.until_state(lambda s: s["connection"] == "ON", 10)
            assert set(state) == KEYS | {"nut_clients", "nut_client_list"} and state["battery_voltage"] == 13.5
            with Client(until(lambda: 3493 if accepts(3493) else None, 20, "the NUT server")) as client:
                starttls(client)
                assert client.log_in("pve", "p") == "OK" and client.status() == "OL"
            inverter.do("utility off")
            ears.until_state(lambda s: s["utility_power"] == "OFF", 3)

            assert docker("exec", container, "/usr/bin/aims-inverter-mqtt", "--healthcheck").returncode == 0
            hour = time.strftime("%H:", time.localtime())
            os.environ["TZ"] = "Europe/Berlin"
            time.tzset()
            local = time.strftime("%Y-%m-%d %H:", time.localtime())
            log = docker("logs", container).stdout
            assert log.startswith(local), (log, hour)

            start = time.monotonic()
            assert docker("stop", container).returncode == 0
            assert time.monotonic() - start < 3
            assert docker("inspect", "-f", "{{.State.ExitCode}}", container).stdout.strip() == "0"
        ears.until_payload("aims2mqtt/aims_inverter/bridge", "offline", 1)
        assert ("/services/mqtt", "Bearer abc") in {(path, login) for _, path, login in supervisor.requests}


@contextmanager
def composed(folder, compose):
    """The services of a compose file; the id of the one container."""
    command = next((words for words in (["docker", "compose"], ["docker-compose"])
                    if shutil.which(words[0]) and subprocess.run([*words, "version"], capture_output=True).returncode == 0), None)
    if not command:
        not_here("docker compose")
    (folder / "compose.yaml").write_text(yaml.safe_dump(compose))
    command += ["-f", folder / "compose.yaml", "-p", "aims-test"]
    try:
        started = subprocess.run([*command, "up", "-d"], capture_output=True, text=True)
        assert started.returncode == 0, started.stderr
        yield subprocess.run([*command, "ps", "-q"], capture_output=True, text=True).stdout.strip()
    finally:
        print(subprocess.run([*command, "logs"], capture_output=True, text=True).stdout)
        subprocess.run([*command, "down", "-t", "1"], capture_output=True)


def test_the_compose_file_of_the_documentation(docker_image, tmp_path, by_id):
    """Without a Supervisor: a broker elsewhere, the page and the NUT server at published ports, an adapter that is replugged."""
    section = (ROOT / "DOCS.md").read_text().partition("### Docker")[2]
    compose = yaml.safe_load(re.search(r"```yaml\n(.*?)```", section, re.S)[1])
    options = json.loads(re.search(r"```json\n(.*?)```", section, re.S)[1])
    service = compose["services"]["aims-inverter"]
    web, nut = free_port(), free_port()
    service["image"] = docker_image("app")
    service["device_cgroup_rules"].append("c 136:* rmw")  # the pseudo-terminal that stands for an adapter
    service["ports"] = [f"127.0.0.1:{ours}:{theirs.split(':')[1]}" for ours, theirs in zip((web, nut), service["ports"])]
    data = tmp_path / "data"
    data.mkdir()
    network = json.loads(docker("network", "inspect", "bridge").stdout)[0]["IPAM"]["Config"][0]["Subnet"]
    bridge = str(ipaddress.ip_network(network)[1])  # this machine, as containers see it
    port = free_port()
    with Broker(tmp_path, f"listener {port} {bridge}\nallow_anonymous true") as broker, Subscriber(broker.port) as ears:
        options["mqtt"] = {"host": bridge, "port": port}
        (data / "options.json").write_text(json.dumps(options))
        with Simulator(by_id / BY_ID.name) as first, composed(tmp_path, compose):
            ears.until_state(lambda s: s["connection"] == "ON", 20)
            for host, status in ((None, 200), ("aims-inverter.local", 200), ("aims-inverter", 200), ("evil.example", 403)):
                assert ask(web, "/health", host=host)[0] == status
            with Client(nut) as client:
                assert client.log_in("pve", "change-me-too") == "OK" and client.status() == "OL"
            first.do("unplug")
            ears.until_payload(LINK, "offline", 5)
            first.do("plug")
            ears.until_payload(LINK, "online", 10, since=time.monotonic())
            first.do("utility off")
            ears.until_state(lambda s: s["utility_power"] == "OFF", 5)


def test_the_image_is_labelled_and_small(docker_image):
    image = docker_image("app")
    config = json.loads(docker("inspect", image).stdout)[0]["Config"]
    assert config["Labels"]["io.hass.type"] == "app" and config["Labels"]["io.hass.arch"] == "amd64"
    assert re.fullmatch(r"\d+\.\d+\.\d+", config["Labels"]["io.hass.version"])
    assert config["Entrypoint"] == ["/run.sh"] and "--healthcheck" in config["Healthcheck"]["Test"]
    size = docker("run", "--rm", "--entrypoint", "/bin/sh", image, "-c",
                  "cat /run.sh /usr/bin/aims-inverter-mqtt | wc -c").stdout
    print(f"the image adds {int(size) / 1e6:.2f} MB to its base, CA bundle and zoneinfo aside")
    assert int(size) <= 10_500_000


def test_an_older_supervisors_base_will_do(docker_image, tmp_path):
    """It passes BUILD_FROM: Home Assistant's own base, of which only a shell is needed."""
    docker_image("app")
    assert docker("tag", "debian:trixie-slim", "ghcr.io/home-assistant/amd64-base:latest").returncode == 0
    root = Path(__file__).resolve().parents[2]
    built = docker("build", "-q", "--build-arg", "BUILD_FROM=ghcr.io/home-assistant/amd64-base:latest",
                   "--build-arg", "BUILD_ARCH=amd64", "--build-arg", "BUILD_VERSION=9.9.9", root)
    docker("rmi", "ghcr.io/home-assistant/amd64-base:latest")
    assert built.returncode == 0, built.stderr
    image = built.stdout.strip()
    assert docker("run", "--rm", image, "--version").returncode == 0
    assert "9.9.9" in docker("inspect", image).stdout
