"""The NUT server, as other computers meet it: Debian's own clients, what clients of all kinds send, and what none may do."""

import json
import os
import re
import select
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from nut import Client, Upsd, Upsmon, any_certificate, has_nut, starttls
from peers import (MAINS, OUTAGE, ROOT, Broker, Program, ScriptedInverter, Simulator, free_port, options, running,
                   until)

USERS = [{"name": "reader", "password": "r", "role": "read"}, {"name": "pve", "password": "p"},
         {"name": "nas", "password": "n", "role": "primary"},
         {"name": "boss", "password": "b", "role": "primary", "commands": True}]
# The same for upsd.
UPSD_USERS = """[reader]\n password = r\n[pve]\n password = p\n upsmon secondary\n[nas]\n password = n\n upsmon primary\n
[boss]\n password = b\n upsmon primary\n actions = SET\n instcmds = ALL\n"""
LOW = OUTAGE.replace(b"10001011", b"11001011")
BATTERY = {"type": "agm", "nominal_voltage": 12, "capacity": 200}


def with_nut(address, broker_port=None, nut=None, **more):
    """Options with a NUT server, and its port."""
    port = free_port()
    return {**options(address, broker_port or 1, **more), "nut": {"enabled": True, "port": port, "users": USERS, **(nut or {})}}, port


@pytest.fixture
def served(tmp_path):
    """serve(…): a program whose inverter answers with `inverter.frame` (None: not at all), and the port of its NUT server."""
    stack = ExitStack()

    def serve(frame=MAINS, **more):
        inverter = stack.enter_context(ScriptedInverter(lambda request: inverter.frame))
        inverter.frame = frame
        opts, port = with_nut(inverter.address, **more)
        program = stack.enter_context(Program(tmp_path, opts))
        program.until_line("NUT server: listening")
        if frame:
            program.until_line("the inverter answers")
        return program, inverter, port

    with stack:
        yield serve


# ---- What clients see ----

@pytest.mark.release
def test_an_outage_is_told_with_the_next_poll_and_so_is_its_end(served):
    _, inverter, port = served()
    with Client(port) as client:
        assert client.status() == "OL"
        inverter.frame = OUTAGE
        until(lambda: client.status() == "OB DISCHRG", 2, "the outage")
        inverter.frame = MAINS
        until(lambda: client.status() == "OL", 2, "its end")


@pytest.mark.release
def test_debians_tools_read_and_command(tmp_path):
    has_nut()
    with Simulator(tmp_path / "inverter") as simulator:
        opts, port = with_nut(simulator.link, control={"beeper": True}, battery=BATTERY, rated_power=1200)
        with Program(tmp_path, opts) as program:
            program.until_line("the inverter answers")
            program.until_line("NUT server: listening")

            def run(*command):
                done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=20)
                return done.returncode, done.stdout + "".join(line for line in done.stderr.splitlines(True) if "SSL" not in line)

            code, listed = run("upsc", "-l", f"127.0.0.1:{port}")
            assert (code, listed) == (0, "aims_inverter\n")
            code, listed = run("upsc", f"ups@127.0.0.1:{port}")
            values = dict(line.split(": ", 1) for line in listed.splitlines())
            assert code == 0 and values["ups.status"] == "OL" and values["device.serial"] == "aims_inverter"
            assert list(values) == sorted(values)
            code, listed = run("upscmd", "-l", f"ups@127.0.0.1:{port}")
            assert code == 0 and "beeper.toggle - Turn the beeper off if it is on" in listed
            code, said = run("upscmd", "-w", "-u", "boss", "-p", "b", f"ups@127.0.0.1:{port}", "beeper.disable")
            assert (code, said.strip()) == (0, "SUCCESS")
            program.until_line("command beeper_off: sent Q\\r, confirmed by the next reading")
            assert run("upscmd", "-u", "pve", "-p", "p", f"ups@127.0.0.1:{port}", "beeper.enable")[0] != 0
            log = tmp_path / "upslog"
            with running(["upslog", "-s", f"ups@127.0.0.1:{port}", "-l", log, "-i", "1", "-F"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL):
                until(lambda: log.exists() and log.read_text().count("[OL") >= 2, 10, "upslog's lines")
            script = ("import PyNUT, sys; c = PyNUT.PyNUTClient(host='127.0.0.1', port=int(sys.argv[1]), login='pve', password='p');"
                      "print(c.GetUPSList(), c.GetUPSVars('aims_inverter')[b'ups.status'])")
            code, said = run("/usr/bin/python3", "-c", script, port)
            assert code == 0 and "OL" in said, said


def test_home_assistants_library_reads_all_and_logs_in(served, tmp_path):
    venv = ROOT / "build-test" / "aionut"
    if not (venv / "bin" / "pip").exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin" / "pip", "install", "-q", "aionut==4.3.4"], check=True)
    _, _, port = served(control={"beeper": True}, battery=BATTERY, rated_power=1200)
    script = """
import asyncio, sys, aionut
async def main():
    client = aionut.AIONUTClient(host="127.0.0.1", port=int(sys.argv[1]), username="boss", password="b", persistent=False)
    print(await client.list_ups())
    print((await client.list_vars("aims_inverter"))["ups.status"])
    print(sorted(await client.list_commands("aims_inverter")))
    print(await client.description("aims_inverter"))
    print(await client.run_command("aims_inverter", "beeper.disable"))
asyncio.run(main())
"""
    done = subprocess.run([venv / "bin" / "python", "-c", script, str(port)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["{'aims_inverter': 'AIMS inverter'}", "OL", "['beeper.disable', 'beeper.enable', 'beeper.toggle']",
                                        "AIMS inverter", "OK"]


# ---- Beside Debian's upsd: the same requests to both, and the same answers ----

CONVERSATIONS = [
    # Without a login
    ["VER", "VER x", "NETVER", "NETVER x", "PROTVER", "HELP x", "help x", "", "   ", "\t", "NONSENSE", "# comment", "GETVAR"],
    ["LIST UPS", "LIST UPS more words", "list ups", "LIST", "LIST NONSENSE", "LIST VAR", "LIST VAR nonsense", "LIST CLIENTS"],
    ["LIST VAR aims_inverter", "LIST VAR AIMS_Inverter", "LIST RW aims_inverter", "LIST CMD aims_inverter"],
    ["LIST CLIENT aims_inverter", "LIST CLIENT nonsense", "LIST ENUM aims_inverter ups.status", "LIST ENUM aims_inverter",
     "LIST RANGE aims_inverter ups.status", "LIST RANGE aims_inverter nonsense", "LIST ENUM nonsense ups.status"],
    ["GET", "GET VAR", "GET VAR aims_inverter", "GET NONSENSE a b", "GET VAR nonsense ups.status", "GET VAR aims_inverter nonsense"],
    ["GET VAR aims_inverter ups.status", "GET VAR aims_inverter UPS.Status", "get var AIMS_inverter ups.status more words",
     'GET VAR "aims_inverter" "ups.status"', "GET VAR aims_inverter battery.voltage", "GET VAR aims_inverter device.model"],
    ["GET TYPE aims_inverter ups.status", "GET TYPE aims_inverter ups.load", "GET TYPE aims_inverter nonsense",
     "GET TYPE nonsense ups.status", "GET TYPE aims_inverter BATTERY.voltage", "GET DESC aims_inverter ups.status",
     "GET DESC aims_inverter device.mfr", "GET CMDDESC aims_inverter beeper.enable", "STARTTLS"],
    ["GET DESC aims_inverter nonsense", "GET DESC nonsense ups.status", "GET CMDDESC aims_inverter nonsense",
     "GET CMDDESC nonsense nonsense", "GET UPSDESC aims_inverter", "GET UPSDESC nonsense", "GET UPSDESC"],
    ["GET NUMLOGINS aims_inverter", "GET NUMLOGINS nonsense", "GET NUMLOGINS"],
    ["GET TRACKING", "GET TRACKING x"],
    ["GET VAR nonsense server.nonsense", "GET VAR nonsense server.version x"],
    ["LOGIN aims_inverter", "PRIMARY aims_inverter", "MASTER aims_inverter", "FSD aims_inverter", "SET VAR a b c",
     "INSTCMD aims_inverter beeper.toggle", "SET", "LOGIN"],
    ["USERNAME", "USERNAME a b", "USERNAME pve", "USERNAME pve", "LOGIN aims_inverter", "PASSWORD", "PASSWORD a b", "PASSWORD p",
     "PASSWORD p", "LOGIN", "LOGIN a b", "LOGIN nonsense", "LOGIN aims_inverter", "LOGIN aims_inverter", "LOGIN nonsense",
     "GET NUMLOGINS aims_inverter", "LIST CLIENT AIMS_INVERTER", "PRIMARY aims_inverter", "MASTER aims_inverter",
     "FSD aims_inverter", "SET VAR aims_inverter ups.status x", "SET VAR aims_inverter nonsense x",
     "INSTCMD aims_inverter beeper.disable", "INSTCMD aims_inverter nonsense", "LOGOUT x", "LOGOUT"],
    ["USERNAME reader", "PASSWORD r", "LOGIN aims_inverter", "PRIMARY aims_inverter", "GET VAR aims_inverter ups.status"],
    ["USERNAME nobody", "PASSWORD x", "LOGIN aims_inverter", "GET VAR aims_inverter ups.status", "LIST UPS"],
    ["USERNAME PVE", "PASSWORD p", "LOGIN aims_inverter"],
    ["USERNAME nas", "PASSWORD n", "LOGIN AIMS_INVERTER", "PRIMARY aims_inverter", "PRIMARY", "PRIMARY nonsense", "MASTER AIMS_inverter",
     "SET VAR aims_inverter ups.status x", "INSTCMD aims_inverter beeper.enable", "FSD nonsense", "FSD", "FSD a b"],
    ["USERNAME boss", "PASSWORD b", "SET VAR aims_inverter ups.status x", "SET VAR aims_inverter nonsense x", "SET VAR nonsense ups.status x",
     "SET VAR aims_inverter ups.status", "SET NONSENSE a b", "SET TRACKING", "SET TRACKING x", "SET TRACKING ON", "GET TRACKING",
     "GET TRACKING nonsense", "SET TRACKING OFF", "GET TRACKING", "INSTCMD", "INSTCMD aims_inverter", "INSTCMD nonsense beeper.enable",
     "INSTCMD aims_inverter nonsense", "INSTCMD aims_inverter beeper.enable", "INSTCMD aims_inverter BEEPER.enable", "SET TRACKING ON",
     "INSTCMD aims_inverter beeper.enable"],
    # Words
    [r'USERNAME "a b"', r"PASSWORD a\ b", "LOGIN aims_inverter"],
    [r'USERNAME "p\v\e"', 'PASSWORD "p"', "LOGIN aims_inverter"],
    ["GET VAR aims_inverter ups.status # why", "GET  VAR\taims_inverter\x0bups.status\r", "GET VAR aims_inverter = ups.status",
     "GET VAR aims_inverter=ups.status", "GET \xff VAR aims_inverter ups.status", "GET VA\xfcR aims_inverter ups.status",
     "GET VAR aims_inverter ups.\x01status", "GET V\\AR aims_inverter ups.status", '""', '"" GET VAR', "GET VAR aims_inverter \"ups.status",
     '"', "GET DESC aims_inverter " + "x" * 300, "=", "GET VAR " + "w " * 40],
    # The last one, because upsd keeps it
    ["USERNAME nas", "PASSWORD n", "FSD aims_inverter", "GET VAR aims_inverter ups.status after FSD"],
]

# While the data are stale: the inverter is silent with the utility present.
STALE = [
    ["LIST UPS", "GET UPSDESC aims_inverter", "LIST CLIENT aims_inverter", "LIST VAR aims_inverter", "LIST RW aims_inverter",
     "LIST CMD aims_inverter", "LIST ENUM aims_inverter ups.status", "GET VAR aims_inverter ups.status", "GET TYPE aims_inverter ups.status",
     "GET DESC aims_inverter ups.status", "GET CMDDESC aims_inverter beeper.enable", "GET NUMLOGINS aims_inverter"],
    ["USERNAME boss", "PASSWORD b", "LOGIN aims_inverter", "PRIMARY aims_inverter", "SET VAR aims_inverter ups.status x",
     "INSTCMD aims_inverter beeper.enable", "INSTCMD aims_inverter nonsense", "LOGOUT"],
]

# Where ours differs from upsd 2.8 on purpose: the request, and why. Asked elsewhere: lines behind LOGOUT (ours closes at once), a
# request of more than 4 KiB (ours closes), a client that does not read (ours serves the others).
DIFFERENT = {
    r"^VER$": "it is another program, in the same form",
    r"^PROTVER$": "2.8.1 and later know it, and their clients ask",
    r"^HELP$": "the list has PROTVER, as of NUT's development version",
    r"^GET DESC aims_inverter (ups.status|device.mfr)$": "our own words; and 2.8.0 has none for device.mfr",
    r"^GET CMDDESC aims_inverter beeper.enable$": "our own words",
    r"^GET VAR aims_inverter ups.status after FSD$": "with the utility present FSD is no order; upsd keeps it until it is restarted",
    r"^GET VAR nonsense server.version": "a later upsd tells its own",
    r"^STARTTLS$": "this upsd has no certificate, and says so in a word of its own",
}


UUID = r"[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}"


def compared(conversations, our_port, their_port):
    """How many requests, and (request, our answer, theirs) of each that differs without being listed."""
    asked, differences = 0, []
    for conversation in conversations:
        with Client(our_port) as ours, Client(their_port) as theirs:
            for request in conversation:
                asked += 1
                answers = []
                for client in (ours, theirs):
                    try:
                        answers.append(re.sub(UUID, "(an id)", client.ask(request, 1.0)))
                    except socket.timeout:
                        answers.append("(nothing)")
                is_listed = any(re.match(known, request) for known in DIFFERENT)
                if (answers[0] != answers[1]) and not is_listed:
                    differences.append((request, *answers))
    return asked, differences


@pytest.mark.release
def test_the_same_requests_get_the_same_answers_from_debians_upsd(served, tmp_path):
    has_nut()
    _, inverter, port = served(control={"beeper": True, "megatec": True}, battery=BATTERY, rated_power=1200, model="PICOGLF12W12V120AL")
    (tmp_path / "upsd").mkdir()
    with Upsd(tmp_path / "upsd", free_port(), UPSD_USERS, like=port) as upsd:
        asked, differences = compared(CONVERSATIONS, port, upsd.port)
        assert differences == []
        inverter.frame = None
        upsd.driver.say("DATASTALE")
        for where in (port, upsd.port):
            with Client(where) as client:
                until(lambda: client.ask("GET VAR aims_inverter ups.status") == "ERR DATA-STALE", 8, "stale data")
        more, differences = compared(STALE, port, upsd.port)
        assert differences == []
        assert asked + more >= 150
        print(f"{asked + more} requests")


# ---- Debian's upsmon: who shuts down, when, and who must not ----

ADVISED = {"after": 2, "delay": 0}


@pytest.mark.slow
@pytest.mark.parametrize("role", ["secondary", "primary"])
def test_upsmon_shuts_down_within_12_s_of_the_advice(served, tmp_path, role):
    has_nut()
    program, inverter, port = served(shutdown=ADVISED)
    name, password = ("pve", "p") if role == "secondary" else ("nas", "n")
    with Upsmon(tmp_path, port, name, password, role) as upsmon:
        program.until_line(f"NUT server: {name} at 127.0.0.1 logged in to aims_inverter", 15)
        inverter.frame = OUTAGE
        program.until_line("shutdown advised", 6)
        start = time.monotonic()
        until(upsmon.is_down, 12, "upsmon's shutdown")
        print(f"{role}: shut down {time.monotonic() - start:.1f} s after the advice")


# What must not shut a computer down: what happens on battery, where nothing is advised.

def wire_dead(stack, program, inverter, broker):
    inverter.frame = None
    program.until_line("requests in a row", 8)


def app_restarted(stack, program, inverter, broker):
    program.process.kill()
    program.process.wait()
    time.sleep(6)
    again = stack.enter_context(Program(program.directory, program.file.read_text(), data=program.data))
    again.until_line("NUT server: listening", 2)


def app_restarted_and_the_wire_dead(stack, program, inverter, broker):
    inverter.frame = None
    app_restarted(stack, program, inverter, broker)


def broker_gone(stack, program, inverter, broker):
    broker.stop()


def utility_back(stack, program, inverter, broker):
    inverter.frame = MAINS


def low_for_4_s(stack, program, inverter, broker):
    inverter.frame = LOW
    time.sleep(4)
    inverter.frame = OUTAGE


@pytest.mark.slow
@pytest.mark.parametrize("happens", [wire_dead, app_restarted, app_restarted_and_the_wire_dead, broker_gone, utility_back, low_for_4_s])
def test_upsmon_stays_up_in_an_outage(served, tmp_path, happens):
    has_nut()
    with Broker(tmp_path) as broker, ExitStack() as stack:
        program, inverter, port = served(broker_port=broker.port)
        with Upsmon(tmp_path, port, "nas", "n", "primary") as upsmon:
            program.until_line("NUT server: nas at 127.0.0.1 logged in to aims_inverter", 15)
            inverter.frame = OUTAGE
            program.until_line("utility power failed", 5)
            until(lambda: "on battery" in "".join(upsmon.log), 10, "upsmon's notice")
            happens(stack, program, inverter, broker)
            # It takes 15 s of silence, or of stale data, for an order, looks every 5 s, and then waits 5 s more.
            time.sleep(32)
            assert not upsmon.is_down()
            assert upsmon.process.poll() is None


@pytest.mark.slow
def test_a_primary_has_all_others_shut_down(served, tmp_path):
    has_nut()
    program, inverter, port = served()
    with Upsmon(tmp_path, port, "pve", "p") as upsmon, Client(port) as primary:
        program.until_line("NUT server: pve at 127.0.0.1 logged in to aims_inverter", 15)
        assert primary.log_in("nas", "n") == "OK"
        assert primary.ask("FSD aims_inverter") == "OK FSD-SET"
        assert primary.status() == "OL"
        program.until_line("Ignored: utility power is present")
        inverter.frame = OUTAGE
        until(lambda: primary.status() == "OB DISCHRG", 2)
        assert primary.ask("FSD aims_inverter") == "OK FSD-SET"
        assert primary.status() == "FSD OB LB DISCHRG"
        program.until_line("shutdown advised: requested by a NUT primary")
        until(upsmon.is_down, 12, "upsmon's shutdown")
        until(lambda: primary.ask("GET NUMLOGINS aims_inverter") == "NUMLOGINS aims_inverter 1", 5, "its end")
        inverter.frame = MAINS
        until(lambda: primary.status() == "OL", 2, "the end of the order")


# ---- After a restart ----

@pytest.mark.release
def test_after_a_restart_in_an_outage_the_first_answer_comes_within_a_second_and_is_on_battery(served):
    program, inverter, port = served(shutdown={"after": 1, "delay": 0})
    inverter.frame = OUTAGE
    program.until_line("shutdown advised", 6)
    with Client(port) as client:
        assert client.status() == "FSD OB LB DISCHRG"
    inverter.frame = None
    code, _ = program.stop()
    assert code == 0
    with Program(program.directory, program.file.read_text(), data=program.data) as again:
        def answers():
            try:
                with Client(port) as client:
                    return client.status()
            except ConnectionRefusedError:
                return None

        first = until(answers, 5, "an answer")
        took = time.monotonic() - again.started
        assert first == "OB DISCHRG"
        assert took < (1 if "AIMS_BUILD" not in os.environ else 3), took
        inverter.frame = MAINS
        with Client(port) as client:
            until(lambda: client.status() == "OL", 5, "the utility")


def test_stopping_in_an_outage_with_clients_is_warned_of(served):
    program, inverter, port = served()
    with Client(port) as client:
        assert client.log_in("pve", "p") == "OK"
        inverter.frame = OUTAGE
        until(lambda: client.status() == "OB DISCHRG", 3)
        program.stop()
        program.until_line("NUT server: stopping while aims_inverter is on battery. Computers that use it (1 are logged in) shut down")


# ---- What no client can do ----

@pytest.mark.release
def test_a_client_that_does_not_read_holds_up_no_other(served):
    program, _, port = served()
    # Of what it keeps: on a busy machine more of the program's own file comes into memory meanwhile than it may keep.
    before = program.memory("RssAnon")
    with Client(port) as deaf, Client(port) as other:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.socket.setblocking(False)
        sent = 0
        try:
            while sent < 1 << 22:
                sent += deaf.socket.send(b"LIST VAR aims_inverter\n" * 1000)
        except BlockingIOError:
            pass
        for _ in range(20):
            start = time.monotonic()
            assert other.status() == "OL"
            assert time.monotonic() - start < 0.5
        if "AIMS_BUILD" not in os.environ:  # sanitizers keep what was freed
            assert program.memory("RssAnon") - before < 500
        ended = select.poll()
        ended.register(deaf.socket, 0)  # its end, and no more
        assert ended.poll(30_000)


def test_of_33_connections_the_oldest_without_a_login_goes(served):
    program, _, port = served()
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(port)) for _ in range(32)]
        assert clients[0].log_in("pve", "p") == "OK"
        assert all(client.status() == "OL" for client in clients)
        newest = stack.enter_context(Client(port))
        assert newest.status() == "OL"
        assert clients[1].is_closed()
        assert clients[0].status() == clients[2].status() == "OL"
        for client in [*clients[2:], newest]:
            assert client.log_in("pve", "p") == "OK"
        with Client(port) as late:
            assert late.is_closed()
        program.until_line("NUT server: refused 127.0.0.1: 32 computers are logged in, and there is no room for more")
        assert clients[0].ask("GET NUMLOGINS aims_inverter") == "NUMLOGINS aims_inverter 32"


def test_a_request_of_more_than_4_kib_ends_the_connection(served):
    program, _, port = served()
    with Client(port) as client, Client(port) as other:
        client.send(b"V" * 100_000)
        assert client.is_closed()
        assert other.status() == "OL"
    with Client(port, "::1") as client:  # and by IPv6
        assert client.log_in("pve", "p") == "OK"
        client.send(b"V" * 5000)
        assert client.is_closed()
    program.until_line("NUT server: lost pve at ::1: a request was too long")


def test_requests_in_pieces_and_at_once_are_each_answered_in_order(served):
    _, _, port = served()
    with Client(port) as client:
        for byte in b"GET VAR aims_inverter ups.status\r\n":
            client.send(bytes([byte]))
        assert client.line() == 'VAR aims_inverter ups.status "OL"'
        client.send(b"GET VAR aims_inverter ups.status\n" * 1000 + b"LOGOUT\nVER\n")
        for _ in range(1000):
            assert client.line() == 'VAR aims_inverter ups.status "OL"'
        assert client.line() == "OK Goodbye"
        assert client.line() == ""


@pytest.mark.skipif("AIMS_LONG" not in os.environ, reason="it takes five minutes")
def test_a_client_that_says_nothing_for_five_minutes_is_closed(served):
    program, _, port = served()
    with Client(port) as mute, Client(port) as other:
        assert mute.log_in("pve", "p") == "OK"
        for _ in range(5):
            assert not mute.is_closed(58)
            assert other.status() == "OL"
        assert mute.is_closed(20)
        assert other.status() == "OL"
    program.until_line("NUT server: lost pve at 127.0.0.1: it said nothing for 5 min")


def test_a_client_that_logs_in_and_out_in_a_loop_is_told_once_a_second(served, broker, ears):
    program, _, port = served(broker_port=broker.port)
    ears.until_state(lambda s: s["nut_clients"] == 0)
    start = time.monotonic()
    for _ in range(200):
        with Client(port) as client:
            assert client.log_in("pve", "p") == "OK"
    took = time.monotonic() - start
    ears.until_state(lambda s: s["nut_clients"] == 0, 3, since=time.monotonic())
    assert len(ears.states(since=start)) <= took + 4
    assert len(program.lines("logged in to")) <= 30


def outage_saved(program):
    """The running outage in /data, where it comes after it was told."""
    file = program.data / "outages.json"
    return file.exists() and json.loads(file.read_text())["inverters"]["aims_inverter"]["running"]


def test_without_a_reading_the_clients_and_the_advice_of_this_run_are_told(served, broker, ears):
    """The app restarts in an outage, and the wire is dead."""
    program, inverter, port = served(broker_port=broker.port, shutdown={"after": 70, "delay": 0})
    inverter.frame = OUTAGE
    ears.until_state(lambda s: s["status"] == "On battery")
    until(lambda: outage_saved(program))
    inverter.frame = None
    program.process.kill()
    program.process.wait()
    restarted = time.monotonic()
    with Program(program.directory, program.file.read_text(), data=program.data) as again:
        again.until_line("NUT server: listening")
        with Client(port) as client:
            assert client.log_in("pve", "p") == "OK"
            assert client.status() == "OB DISCHRG"
            ears.until_state(lambda s: s["nut_clients"] == 1 and s["connection"] == "OFF" and s["battery_voltage"] is None, 5, since=restarted)
            ears.until_state(lambda s: s["shutdown_advised"] == "ON", 90, since=restarted)
            assert client.status() == "FSD OB LB DISCHRG"
        assert ears.payloads("aims2mqtt/aims_inverter/link", since=restarted)[-1] == "offline"


def test_ten_wrong_passwords_block_an_address_and_keep_who_is_logged_in(served):
    program, _, port = served()
    with Client(port) as logged_in:
        assert logged_in.log_in("nas", "n") == "OK"
        for _ in range(10):
            with Client(port) as client:
                assert client.log_in("nas", "x1y2z3") == "ERR ACCESS-DENIED"
        program.until_line("No login from there counts for 5 min")
        with Client(port) as client:
            assert client.log_in("nas", "n") == "ERR ACCESS-DENIED"
            assert client.status() == "OL"
        assert logged_in.ask("GET NUMLOGINS aims_inverter") == "NUMLOGINS aims_inverter 1"
    assert not program.lines("x1y2z3")


def test_a_port_that_is_taken_is_said_once_and_tried_again(tmp_path):
    with ScriptedInverter() as inverter, socket.create_server(("0.0.0.0", 0)) as taken:
        opts, port = with_nut(inverter.address, nut={"port": taken.getsockname()[1]})
        with Program(tmp_path, opts) as program:
            program.until_line("NUT server: cannot listen at port")
            program.until_line("the inverter answers")
            taken.close()
            program.until_line("NUT server: listening", 15)
            assert len(program.lines("cannot listen")) == 1


def test_with_a_supervisor_the_port_is_nuts_own(tmp_path):
    with ScriptedInverter() as inverter:
        opts, port = with_nut(inverter.address)
        with Program(tmp_path, opts, environment={"SUPERVISOR_TOKEN": "x", "SUPERVISOR_API": "http://127.0.0.1:1"}) as program:
            until(lambda: program.lines("port 3493"), 5, "the port")


# ---- TLS ----

@pytest.mark.release
def test_starttls_with_a_certificate_of_its_own_that_lasts(served):
    program, _, port = served(nut={"tls": True})
    file = Path(program.data) / "nut.pem"
    until(file.exists, 5, "the certificate")
    assert file.stat().st_mode & 0o777 == 0o600
    with Client(port) as client:
        tls = starttls(client)
        first = tls.getpeercert(binary_form=True)
        assert tls.version() == "TLSv1.3"
        assert client.log_in("pve", "p") == "OK"
        assert client.ask("STARTTLS") == "ERR ALREADY-SSL-MODE"
        assert client.ask("LIST VAR aims_inverter").endswith("END LIST VAR aims_inverter")
        assert client.ask("LOGOUT") == "OK Goodbye"
    # What came in the clear behind STARTTLS is not taken for what came in TLS.
    with Client(port) as client:
        client.send(b"STARTTLS\nUSERNAME evil\n")
        assert client.line() == "OK STARTTLS"
        client.left = b""
        client.socket = any_certificate().wrap_socket(client.socket)
        assert client.ask("USERNAME pve") == "OK"
    with Client(port) as old:
        assert old.ask("STARTTLS") == "OK STARTTLS"
        context = any_certificate()
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(old.socket)
    with Client(port) as rubbish:
        assert rubbish.ask("STARTTLS") == "OK STARTTLS"
        rubbish.send(b"no TLS at all\n" * 100)
        assert rubbish.is_closed()
    program.stop()
    with Program(program.directory, program.file.read_text(), data=program.data) as again:
        again.until_line("NUT server: listening")
        with Client(port) as client:
            assert starttls(client).getpeercert(binary_form=True) == first
    file.write_text("rubbish")
    with Program(program.directory, program.file.read_text(), data=program.data) as again:
        again.until_line("NUT server: listening")
        with Client(port) as client:
            assert starttls(client).getpeercert(binary_form=True) != first
        again.until_line("nut.pem")


def test_starttls_with_the_owners_certificate_or_without_one_that_can_be_read(served, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=owner", "-keyout",
                    tmp_path / "key.pem", "-out", tmp_path / "cert.pem"], check=True, capture_output=True)
    files = {"tls": True, "cert_file": str(tmp_path / "cert.pem"), "key_file": str(tmp_path / "key.pem")}
    program, _, port = served(nut=files)
    with Client(port) as client:
        assert b"owner" in starttls(client).getpeercert(binary_form=True)
    program.stop()
    missing = json.loads(program.file.read_text())
    missing["nut"]["key_file"] = str(tmp_path / "nowhere.pem")
    with Program(program.directory, missing, data=program.data) as again:
        again.until_line(f"NUT server: nut.key_file: {tmp_path}/nowhere.pem cannot be used: ")
        again.until_line("NUT server: listening")
        with Client(port) as client:
            assert client.ask("STARTTLS") == "ERR FEATURE-NOT-CONFIGURED"
            assert client.status() == "OL"


# ---- In Home Assistant ----

def test_who_is_logged_in_is_told_over_mqtt_at_once(served, broker, ears):
    program, _, port = served(broker_port=broker.port)
    ears.until_state(lambda s: s["nut_clients"] == 0)
    discovery = "homeassistant/device/aims2mqtt_aims_inverter/config"
    component = json.loads(ears.payloads(discovery)[-1])["cmps"]["nut_clients"]
    assert component["name"] == "NUT clients" and component["entity_category"] == "diagnostic"
    assert component["availability"] == [{"topic": "aims2mqtt/aims_inverter/bridge"}]
    with Client(port) as client:
        assert client.log_in("pve", "p") == "OK"
        state = ears.until_state(lambda s: s["nut_clients"] == 1, 1)
        (told,) = state["nut_client_list"]["clients"]
        assert told["name"] == "pve" and told["address"] == "127.0.0.1" and told["since"].endswith("+00:00")
    ears.until_state(lambda s: s["nut_clients"] == 0, 1, since=time.monotonic() - 0.5)
    program.until_line("NUT server: lost pve at 127.0.0.1: the connection ended")
    # Without a NUT server there is no such entity, and the one that was is taken back.
    program.stop()
    off = json.loads(program.file.read_text())
    del off["nut"]
    with Program(program.directory, off, data=program.data):
        until(lambda: "nut_clients" not in json.loads(ears.payloads(discovery)[-1])["cmps"], 5, "the new announcement")
        removal = [json.loads(payload)["cmps"].get("nut_clients") for payload in ears.payloads(discovery)]
        assert {"p": "sensor"} in removal
        assert "nut_clients" not in ears.until_state(lambda s: s["connection"] == "ON")
