"""NUT's own programs, as peers: Debian's upsd behind a driver of the test's, its upsmon, and a bare client."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

from peers import accepts, not_here, until

PROGRAMS = Path("/lib/nut")  # /usr/sbin has scripts that look at the machine's own configuration


class Client:
    """A connection: lines out, answers in."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=5)
        self.left = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def line(self, seconds=5.0):
        """One line without its end; empty: the other side closed."""
        end = time.monotonic() + seconds
        while b"\n" not in self.left:
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            got = self.socket.recv(65536)
            if not got:
                return ""
            self.left += got
        line, _, self.left = self.left.partition(b"\n")
        return line.decode("ascii")

    def ask(self, request, seconds=5.0):
        """The answer to one request; of a list all its lines."""
        self.send(request.encode("latin1") + b"\n")
        first = self.line(seconds)
        if not first.startswith("BEGIN LIST"):
            return first
        lines = [first]
        while not lines[-1].startswith("END LIST"):
            lines.append(self.line(seconds))
        return "\n".join(lines)

    def log_in(self, name, password, ups="aims_inverter"):
        assert self.ask(f"USERNAME {name}") == self.ask(f"PASSWORD {password}") == "OK"
        return self.ask(f"LOGIN {ups}")

    def is_closed(self, seconds=5.0):
        """True once the other side has closed."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        except socket.timeout:
            return False
        return True

    def status(self, ups="aims_inverter"):
        answer = self.ask(f"GET VAR {ups} ups.status")
        return answer.split('"')[1] if '"' in answer else answer


def any_certificate():
    """TLS as NUT's clients speak it: they check no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def starttls(client):
    """TLS from now on; the socket that speaks it."""
    assert client.ask("STARTTLS") == "OK STARTTLS"
    client.socket = any_certificate().wrap_socket(client.socket)
    return client.socket


def has_nut():
    if not (PROGRAMS / "upsd").exists() or not shutil.which("upsc"):
        not_here("NUT (nut-server, nut-client)")


class Driver:
    """What upsd takes for the driver of a UPS: its variables and commands, over the driver socket."""

    def __init__(self, path, variables, types, commands):
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        self.variables, self.types, self.commands = variables, types, commands
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        try:
            while True:
                peer, _ = self.server.accept()
                self.peer = peer
                with peer:
                    self._talk(peer, peer.makefile("r"))
        except OSError:
            pass  # the test ends

    def _talk(self, peer, lines):
        for line in lines:
            if line.startswith("PING"):
                peer.sendall(b"PONG\n")
            elif line.startswith("DUMPALL"):
                answer = []
                for name, value in self.variables.items():
                    answer.append(f'SETINFO {name} "{value}"')
                    kind = self.types[name]
                    if kind != "NUMBER":
                        answer += [f"SETFLAGS {name} STRING", f"SETAUX {name} {kind.removeprefix('STRING:')}"]
                answer += [f"ADDCMD {command}" for command in self.commands]
                peer.sendall("\n".join([*answer, "DATAOK", "DUMPDONE", ""]).encode())

    def say(self, line):
        self.peer.sendall(line.encode() + b"\n")

    def close(self):
        self.server.close()


class Upsd:
    """Debian's upsd with one UPS, which has the variables, types and commands of another server's."""

    def __init__(self, directory, port, users, like):
        self.directory = Path(directory)
        self.port = port
        with Client(like) as client:
            lines = client.ask("LIST VAR aims_inverter").splitlines()[1:-1]
            variables = dict(re.match(r'VAR \S+ (\S+) "(.*)"', line).groups() for line in lines)
            types = {name: client.ask(f"GET TYPE aims_inverter {name}").split(maxsplit=3)[3] for name in variables}
            commands = [line.split()[2] for line in client.ask("LIST CMD aims_inverter").splitlines()[1:-1]]
        self._write("ups.conf", '[aims_inverter]\ndriver = stub\nport = none\ndesc = "AIMS inverter"\n')
        self._write("upsd.conf", f"LISTEN 127.0.0.1 {port}\nMAXAGE 15\n")
        self._write("upsd.users", users)
        self.driver = Driver(self.directory / "stub-aims_inverter", variables, types, commands)

    def _write(self, name, text):
        (self.directory / name).write_text(text)
        (self.directory / name).chmod(0o600)

    def __enter__(self):
        where = {**os.environ, "NUT_CONFPATH": str(self.directory), "NUT_STATEPATH": str(self.directory),
                 "NUT_ALTPIDPATH": str(self.directory)}
        self.process = subprocess.Popen([PROGRAMS / "upsd", "-D", "-u", "root"], env=where, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        until(lambda: accepts(self.port), 10, "upsd's start")

        def answers():
            with Client(self.port) as client:
                return client.status().startswith("O")

        until(answers, 10, "upsd's driver")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(5)
        self.driver.close()


class Upsmon:
    """Debian's upsmon, which makes a file where another machine would shut down."""

    def __init__(self, directory, port, name, password, role="secondary", ups="aims_inverter"):
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
            not_here("the right to make mount namespaces (CAP_SYS_ADMIN)")
        self.directory = Path(directory) / f"upsmon-{role}"
        self.directory.mkdir()
        self.down = self.directory / "down"
        conf = self.directory / "upsmon.conf"
        conf.write_text(f'MONITOR {ups}@127.0.0.1:{port} 1 {name} {password} {role}\nMINSUPPLIES 1\nRUN_AS_USER root\n'
                        f'SHUTDOWNCMD "touch {self.down}"\nPOWERDOWNFLAG {self.directory}/killpower\n')
        conf.chmod(0o600)

    def __enter__(self):
        # Its pid file has a fixed place, so each has a /run of its own.
        command = f"mount -t tmpfs none /run && mkdir -p /run/nut && exec {PROGRAMS}/upsmon -D -p"
        self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", command], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env={**os.environ, "NUT_CONFPATH": str(self.directory)})
        self.log = []
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stdout))
        self.reader.start()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.reader.join()
        print("".join(self.log)[-3000:])

    def is_down(self):
        return self.down.exists()
