"""A real Home Assistant Core in a container: started, onboarded, connected to a broker, and asked over its own API.

As a program it keeps one running to log in to:  core.py PORT BROKER_PORT
"""

import datetime
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import websocket

HERE = Path(__file__).resolve().parent
USER, PASSWORD = "demo", "demo-demo"


class Core:
    def __init__(self, directory, port, image="aims-test/home-assistant", more=""):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.directory = Path(directory)
        self.image = image
        self.container = None
        self.tokens = None
        text = (HERE / "home_assistant" / "configuration.yaml").read_text()
        text = text.replace("8123", str(port)).replace("automation:", "automation: !include automations.yaml")
        (self.directory / "configuration.yaml").write_text(text + more)
        (self.directory / "automations.yaml").write_text("[]")

    def __enter__(self):
        done = subprocess.run(["docker", "run", "-d", "--network", "host", "-v", f"{self.directory}:/config", self.image,
                               "hass", "-c", "/config"], capture_output=True, text=True, check=True)
        self.container = done.stdout.strip()
        self.wait()
        return self

    def __exit__(self, failure, *_):
        if failure:
            print(self.log()[-5000:])
        # The files in the directory are root's; so they go by the hand that made them.
        subprocess.run(["docker", "exec", self.container, "sh", "-c", "rm -rf /config/.[a-z]* /config/*"],
                       capture_output=True)
        subprocess.run(["docker", "rm", "-f", self.container], capture_output=True)

    def restart(self):
        subprocess.run(["docker", "restart", self.container], check=True, capture_output=True)
        self.wait()

    @contextmanager
    def stopped(self):
        subprocess.run(["docker", "stop", self.container], check=True, capture_output=True)
        yield
        subprocess.run(["docker", "start", self.container], check=True, capture_output=True)
        self.wait()

    def wait(self, seconds=180):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(self.url + "/manifest.json", timeout=2).read()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        raise AssertionError(f"Home Assistant did not start: {self.log()[-3000:]}")

    def log(self):
        done = subprocess.run(["docker", "logs", self.container], capture_output=True, text=True)
        return done.stdout + done.stderr

    def call(self, method, path, body=None, form=None):
        headers = {}
        if self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens['access_token']}"
        data = None
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
        elif body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def ask(self, **command):
        """One command of the websocket API; its result."""
        peer = websocket.create_connection(f"ws://127.0.0.1:{self.port}/api/websocket", timeout=30)
        try:
            peer.recv()
            peer.send(json.dumps({"type": "auth", "access_token": self.tokens["access_token"]}))
            assert json.loads(peer.recv())["type"] == "auth_ok"
            peer.send(json.dumps({"id": 1, **command}))
            answer = json.loads(peer.recv())
            assert answer["success"], answer
            return answer["result"]
        finally:
            peer.close()

    def onboard(self):
        client = self.url + "/"
        code = self.call("POST", "/api/onboarding/users", {
            "client_id": client, "name": "Demo", "username": USER, "password": PASSWORD, "language": "en"})["auth_code"]
        self.tokens = self.call("POST", "/auth/token", form={
            "grant_type": "authorization_code", "code": code, "client_id": client})
        self.call("POST", "/api/onboarding/core_config", {})
        self.call("POST", "/api/onboarding/analytics", {})
        self.call("POST", "/api/onboarding/integration", {"client_id": client, "redirect_uri": client})
        try:
            self.ask(type="http/config/promote")  # since 2026.11 a port other than 8123 must be confirmed
        except AssertionError:
            pass

    def act(self, action, **data):
        """One action, as "switch.turn_off"."""
        self.call("POST", "/api/services/" + action.replace(".", "/"), data)

    def connect(self, broker_port):
        """Adds the MQTT integration, as a person would."""
        flow = self.call("POST", "/api/config/config_entries/flow", {"handler": "mqtt"})
        fields = {"broker": "127.0.0.1", "port": broker_port}
        wanted = {field["name"] for field in flow["data_schema"]}
        if "other_settings" in wanted:
            fields["other_settings"] = {"set_client_cert": False, "set_ca_cert": "off"}
        done = self.call("POST", f"/api/config/config_entries/flow/{flow['flow_id']}", fields)
        assert done["type"] == "create_entry", done

    def states(self):
        return {state["entity_id"]: state for state in self.call("GET", "/api/states")}

    def activity(self, device, since):
        """The lines that the device's Activity shows, oldest first: what changed, and to what."""
        stamp = datetime.datetime.fromtimestamp(since, datetime.timezone.utc).isoformat()
        lines = self.ask(type="logbook/get_events", start_time=stamp,
                         entity_ids=[entity["entity_id"] for entity in self.entities(device).values()],
                         device_ids=[device["id"]])
        return [(line.get("entity_id") or line.get("name"), line.get("state") or line.get("message"), line.get("attributes")) for line in lines]

    def device(self, identifier):
        return next((device for device in self.ask(type="config/device_registry/list")
                     if ["mqtt", identifier] in device["identifiers"]), None)

    def entities(self, device):
        return {entity["unique_id"]: entity for entity in self.ask(type="config/entity_registry/list")
                if entity["device_id"] == device["id"]}


def main():
    port, broker_port = map(int, sys.argv[1:3])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    directory = tempfile.mkdtemp()
    try:
        with Core(directory, port) as core:
            core.onboard()
            core.connect(broker_port)
            print(f"Home Assistant: {core.url} (user {USER}, password {PASSWORD})", flush=True)
            signal.pause()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
