"""The real peers of the end-to-end tests: a broker, a simulated inverter, a scripted one, a Supervisor, a subscriber.

Everything is on loopback, on free ports, and ends with the test.
"""

import ctypes
import json
import os
import pty
import queue
import random
import select
import signal
import socket
import subprocess
import threading
import time
import tty
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import paho.mqtt.client as paho

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("AIMS_BUILD", ROOT / "build"))
PROGRAM = BUILD / "aims-inverter-mqtt"
SIMULATOR = BUILD / "aims-inverter-sim"

MAINS = b"(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r"
OUTAGE = b"(000.0 110.0 120.0 023 60.0 12.1 00.0 10001011\r"

# The topics of the inverter that options() makes.
BRIDGE = "aims2mqtt/aims_inverter/bridge"
LINK = "aims2mqtt/aims_inverter/link"
STATE = "aims2mqtt/aims_inverter/state"
DISCOVERY = "homeassistant/device/aims2mqtt_aims_inverter/config"

WIRE = {
    "utility_voltage", "utility_fault_voltage", "output_voltage", "load", "output_frequency", "battery_voltage",
    "temperature", "utility_power", "battery_low", "avr_active", "ups_failed", "line_interactive", "self_test",
    "shutdown_flag", "beeper",
}
KEYS = WIRE | {
    "connection", "status", "battery_charge", "battery_runtime", "battery_health", "battery_problem", "load_power",
    "energy_on_battery", "energy_total", "on_battery_since", "last_outage", "last_outage_duration", "outages",
    "shutdown_advised", "safe_to_start", "shutdown_reasons", "last_outage_record", "battery_charge_range",
    "battery_runtime_range", "running_outage",
}


def free_port():
    """A port at which nothing listens, below those that the kernel gives to connections: one of them might take it first."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_768)  # a test may have seeded the others
        with suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port


def accepts(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def until(condition, seconds=5.0, what="it"):
    """Waits until condition() is true, and returns what it returned."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def not_here(what):
    """Skips the test that needs `what`, and says so; in CI that is a failure."""
    import pytest  # which the benchmarks, that use these peers as well, do without
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not here, and CI must have it")
    pytest.skip(f"{what} is not here")


@contextmanager
def running(command, **arguments):
    """A child process, ended by its id when the block ends."""
    process = subprocess.Popen([str(part) for part in command], **arguments)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Namespace:
    """A network namespace of the test's own."""

    def __init__(self, name):
        self.name = name
        self.prefix = ("ip", "netns", "exec", name)

    def run(self, function):
        """Calls function() inside; sockets and threads that it makes stay there."""
        done = queue.Queue()

        def enter():
            with open(f"/run/netns/{self.name}") as file:
                assert ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0) == 0
            try:
                done.put((function(), None))
            except BaseException as failure:
                done.put((None, failure))

        threading.Thread(target=enter).start()
        result, failure = done.get()
        if failure:
            raise failure
        return result


class Network:
    """Two namespaces with a cable between them: `here`, and `there` at 10.203.0.2."""

    there_address = "10.203.0.2"

    def __enter__(self):
        names = [f"aims-{os.getpid()}-{side}" for side in ("here", "there")]
        self.here, self.there = map(Namespace, names)
        try:
            self._build(names)
        except subprocess.CalledProcessError as failure:
            self.__exit__()
            if b"not permitted" not in failure.stderr:
                raise
            not_here("the right to make network namespaces (CAP_NET_ADMIN, CAP_SYS_ADMIN)")
        return self

    def _build(self, names):
        for name in names:
            self._ip("netns", "add", name)
            self._ip("-n", name, "link", "set", "lo", "up")
        self._ip("-n", names[0], "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", names[1])
        for name, address in zip(names, ("10.203.0.1/24", "10.203.0.2/24")):
            self._ip("-n", name, "address", "add", address, "dev", "cable")
            self._ip("-n", name, "link", "set", "cable", "up")

    def __exit__(self, *_):
        for side in (self.here, self.there):
            subprocess.run(["ip", "netns", "delete", side.name], capture_output=True)

    def cut(self):
        self._ip("-n", self.there.name, "link", "set", "cable", "down")

    def mend(self):
        self._ip("-n", self.there.name, "link", "set", "cable", "up")

    @staticmethod
    def _ip(*arguments):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Broker:
    """A real mosquitto, on loopback or in a namespace."""

    def __init__(self, directory, settings="allow_anonymous true", port=None, namespace=None):
        self.port = port or free_port()
        self.namespace = namespace
        self.conf = Path(directory) / f"mosquitto-{self.port}.conf"
        address = "0.0.0.0" if namespace else "127.0.0.1"
        self.conf.write_text(f"user root\nlistener {self.port} {address}\n{settings}\n")
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        prefix = self.namespace.prefix if self.namespace else ()
        self.process = subprocess.Popen([*prefix, "mosquitto", "-c", self.conf], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        ready = (lambda: self.namespace.run(lambda: accepts(self.port))) if prefix else (lambda: accepts(self.port))
        until(ready, 5, "mosquitto's start")
        assert self.process.poll() is None, "another broker listens at its port"

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class Authority:
    """A certificate authority of the test's own, made with openssl."""

    def __init__(self, directory, name="ca"):
        self.directory = Path(directory)
        self.name = name
        self.file = self.directory / f"{name}.crt"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN=Test {name}",
                      "-keyout", f"{name}.key", "-out", f"{name}.crt")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

    def listener(self, names="DNS:localhost,IP:127.0.0.1", expired=False):
        """The settings of a mosquitto listener with a certificate for `names`."""
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", "broker.key",
                      "-out", "broker.csr")
        (self.directory / "index.txt").write_text("")
        (self.directory / "serial").write_text("01\n")
        (self.directory / "names.ext").write_text(f"subjectAltName={names}")
        (self.directory / "ca.cnf").write_text("[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n"
                                               "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")
        begin, end = ("20200101000000Z", "20200102000000Z") if expired else ("20200101000000Z", "20450101000000Z")
        self._openssl("ca", "-batch", "-config", "ca.cnf", "-cert", f"{self.name}.crt", "-keyfile", f"{self.name}.key",
                      "-in", "broker.csr", "-out", "broker.crt", "-extfile", "names.ext", "-notext",
                      "-startdate", begin, "-enddate", end)
        return (f"allow_anonymous true\ncafile {self.file}\ncertfile {self.directory}/broker.crt\n"
                f"keyfile {self.directory}/broker.key")


class Subscriber:
    """Hears everything on the broker, in order, with the time of arrival."""

    def __init__(self, port, topic="#"):
        self.heard = []
        self.lock = threading.Lock()
        if hasattr(paho, "CallbackAPIVersion"):
            self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        else:
            self.client = paho.Client()
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.loop_start()
        self.client.subscribe(topic, qos=1)
        assert subscribed.wait(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()

    def _on_message(self, client, userdata, message):
        with self.lock:
            self.heard.append((time.monotonic(), message.topic, message.payload.decode(errors="replace"), bool(message.retain)))

    def publish(self, topic, payload, retain=False):
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish()

    def messages(self, topic=None, since=0.0):
        with self.lock:
            return [(at, t, payload, retained) for at, t, payload, retained in self.heard
                    if at >= since and (topic is None or t == topic)]

    def events(self, inverter="aims_inverter", since=0.0):
        return [json.loads(payload) for payload in self.payloads(f"aims2mqtt/{inverter}/event", since)]

    def payloads(self, topic, since=0.0):
        return [payload for _, _, payload, _ in self.messages(topic, since)]

    def states(self, inverter="aims_inverter", since=0.0):
        return [json.loads(payload) for payload in self.payloads(f"aims2mqtt/{inverter}/state", since) if payload]

    def until_state(self, predicate, seconds=5.0, inverter="aims_inverter", since=0.0):
        return until(lambda: next((s for s in reversed(self.states(inverter, since)) if predicate(s)), None), seconds,
                     "the state")

    def until_payload(self, topic, payload, seconds=5.0, since=0.0):
        until(lambda: payload in self.payloads(topic, since), seconds, f"{topic} = {payload}")


class Simulator:
    """aims-inverter-sim at a link."""

    def __init__(self, link):
        self.link = Path(link)

    def __enter__(self):
        self.process = subprocess.Popen([SIMULATOR, self.link], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                        text=True, bufsize=1)
        until(self.link.is_symlink, 5, "the simulator's link")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(5)

    def do(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()


class ScriptedInverter:
    """A pseudo-terminal or a TCP bridge that answers each request with what `answer` returns: bytes, or None."""

    def __init__(self, answer=lambda request: MAINS, tcp=False, port=0, host="127.0.0.1"):
        self.answer = answer
        self.requests = []
        self.keep_requests = True
        self.connections = 0
        self.tcp = tcp
        self.where = host, port
        self.peer = None

    def __enter__(self):
        self.done = threading.Event()
        if self.tcp:
            self.server = socket.create_server(self.where)
            self.server.settimeout(0.05)
            self.address = f"tcp://127.0.0.1:{self.server.getsockname()[1]}"
        else:
            self.master, self.slave = pty.openpty()
            tty.setraw(self.slave)
            self.address = os.ttyname(self.slave)
        self.thread = threading.Thread(target=self._serve_tcp if self.tcp else lambda: self._serve(self.master))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        if self.tcp:
            self.server.close()
        else:
            os.close(self.master)
            os.close(self.slave)

    def hang_up(self):
        """Ends the connection of TCP that stands."""
        self.peer.shutdown(socket.SHUT_RDWR)

    def _serve_tcp(self):
        while not self.done.is_set():
            try:
                self.peer, _ = self.server.accept()
            except socket.timeout:
                continue
            self.connections += 1
            with self.peer:
                try:
                    self._serve(self.peer.fileno())
                except OSError:
                    pass  # it was hung up

    def _serve(self, fd):
        asked = b""
        while not self.done.is_set():
            if not select.select([fd], [], [], 0.05)[0]:
                continue
            got = os.read(fd, 64)
            if not got:
                return
            asked += got
            while asked and (b"\r" in asked or b"\n" in asked):
                end = min(i for i in (asked.find(b"\r"), asked.find(b"\n")) if i >= 0) + 1
                request, asked = asked[:end], asked[end:]
                if self.keep_requests:
                    self.requests.append((time.monotonic(), request))
                reply = self.answer(request)
                if reply:
                    os.write(fd, reply)


class FakeSupervisor:
    """GET /services/mqtt: `reply` is (status, object), or bytes that are sent as they are, or None: it hangs."""

    NO_BROKER = 400, {"result": "error", "message": "Service not enabled"}

    def __init__(self, reply=NO_BROKER, address="127.0.0.1"):
        outer = self
        self.reply = reply
        self.requests = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((time.monotonic(), self.path, self.headers.get("Authorization")))
                if outer.reply is None:
                    outer.done.wait()
                    return
                if isinstance(outer.reply, bytes):
                    self.wfile.write(outer.reply)
                    return
                status, body = outer.reply
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.done = threading.Event()
        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.url = f"http://{address}:{self.server.server_port}"

    @staticmethod
    def broker(port, host="127.0.0.1", **more):
        return 200, {"result": "ok", "data": {"addon": "core_mosquitto", "host": host, "port": port, "ssl": False,
                                              "protocol": "3.1.1", **more}}

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Program:
    """aims-inverter-mqtt with options of the test's, its log line by line."""

    shows_log = True  # at the end

    def __init__(self, directory, options, environment=None, arguments=(), data=None, namespace=None):
        self.directory = Path(directory)
        self.data = data or directory
        self.prefix = namespace.prefix if namespace else ()
        self.file = self.directory / "options.json"
        self.file.write_text(options if isinstance(options, str) else json.dumps(options))
        self.environment = {"PATH": os.environ["PATH"], "TZ": "UTC", "INGRESS_PORT": str(free_port()), **(environment or {})}
        if "TSAN_OPTIONS" in os.environ:
            self.environment["TSAN_OPTIONS"] = os.environ["TSAN_OPTIONS"]
        self.arguments = arguments
        self.log = []

    def __enter__(self):
        self.started = time.monotonic()
        self.process = subprocess.Popen([*self.prefix, PROGRAM, "--options", self.file, "--data", self.data,
                                         *self.arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env=self.environment)
        self.reader = threading.Thread(target=lambda: [self.log.append(line.rstrip("\n"))
                                                       for line in self.process.stdout])
        self.reader.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        if self.shows_log:
            print("\n".join(self.log))

    def stop(self, number=signal.SIGTERM):
        """Ends it; (exit code, seconds that took)."""
        start = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(5)
        return code, time.monotonic() - start

    def lines(self, part):
        return [line for line in self.log if part in line]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self, kind="VmRSS"):
        """Resident, in kB: all of it, or "RssAnon", which is without the pages of its own file that it has used."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith(kind + ":")).split()[1])

    def cpu(self):
        """Seconds of processor time, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def until_line(self, part, seconds=5.0):
        until(lambda: self.lines(part), seconds, f"the log line {part!r}")


def options(address, port=None, battery=None, shutdown=None, control=None, mqtt=None, web=None, **inverter):
    """Options for one inverter and its battery, and for the broker at `port` (None: the Supervisor's). `web`: the page's port."""
    broker = {"host": "127.0.0.1", "port": port} if port else {}
    return {"inverters": [{"name": "AIMS inverter", "address": str(address), **inverter}],
            "batteries": [battery] if battery else [], "shutdown": shutdown or {}, "control": control or {},
            "mqtt": {**broker, **(mqtt or {})}, "web": {"port": web} if web else {"enabled": False}}
