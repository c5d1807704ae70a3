"""A person at a terminal, and the answers to --setup."""

import os
import pty
import select
import subprocess
import termios
import time


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, *command):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(list(map(str, command)), stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True)
        self.slave = slave
        self.seen = ""  # all of it
        self.unread = ""

    def expect(self, part, seconds=10):
        """What it says up to `part`, from where the last expectation ended."""
        end = time.monotonic() + seconds
        while part not in self.unread:
            assert time.monotonic() < end, f"{part!r} is not in {self.unread!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                text = os.read(self.master, 4096).decode()
                self.seen += text
                self.unread += text
        before, _, self.unread = self.unread.partition(part)
        return before

    def answer(self, question, line):
        self.expect(question)
        self.expect(": ")
        os.write(self.master, line.encode() + b"\n")

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def answer_broker(terminal, port, user=""):
    terminal.answer("Host", "127.0.0.1")
    terminal.answer("TLS", "")
    terminal.answer("Port", str(port))
    terminal.answer("User name", user)


def answer_nothing_more(terminal):
    """After the broker."""
    for question in ("Rated power", "type", "Nominal voltage", "Capacity", "Charge current", "every computer"):
        terminal.answer(question, "")
