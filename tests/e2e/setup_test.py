"""--setup, at a real terminal, with a real inverter's line and a real broker that wants a login."""

import json
import os
import re
import subprocess

import pytest
from peers import PROGRAM, Broker, ScriptedInverter, free_port, until
from terminal import Terminal, answer_broker, answer_nothing_more


@pytest.fixture
def guarded(tmp_path):
    """A broker that wants the login aims, secret."""
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "aims", "s3cret word"], check=True, capture_output=True)
    os.chmod(passwords, 0o644)
    with Broker(tmp_path, f"allow_anonymous false\npassword_file {passwords}") as broker:
        yield broker


@pytest.mark.release
def test_setup_asks_tries_and_writes(tmp_path, guarded):
    file = tmp_path / "new" / "options.json"
    with ScriptedInverter() as inverter, Terminal(PROGRAM, "--setup", file) as terminal:
        terminal.answer("Its name", "")
        terminal.answer("Where is the inverter?", inverter.address)
        terminal.expect("The inverter answers:")
        terminal.expect("13.5 V")
        answer_broker(terminal, guarded.port, "aims")
        terminal.expect("Password")
        until(lambda: not terminal.echoes())
        os.write(terminal.master, b"wrong\n")
        terminal.expect("No connection to 127.0.0.1")
        assert "it refused the login" in terminal.expect("\n")
        terminal.answer("again", "")
        answer_broker(terminal, guarded.port, "aims")
        terminal.answer("Password", "s3cret word")
        terminal.expect("The broker takes the login.")
        assert terminal.echoes()
        terminal.answer("Rated power", "many")
        terminal.expect("it takes")
        terminal.answer("Rated power", "1200")
        terminal.answer("type", "agm")
        terminal.answer("Nominal voltage", "13")
        terminal.expect("it takes 12, 24 or 48")
        terminal.answer("Nominal voltage", "12")
        terminal.answer("Capacity", "200")
        terminal.answer("Charge current", "")
        terminal.answer("every computer", "y")
        terminal.expect(f"The options are in {file}.")
        assert terminal.process.wait(5) == 0
        assert "s3cret" not in terminal.seen and "wrong" not in terminal.seen
    assert json.loads(file.read_text()) == {
        "inverters": [{"name": "AIMS inverter", "device": inverter.address, "rated_power": 1200}],
        "mqtt": {"host": "127.0.0.1", "port": guarded.port, "username": "aims", "password": "s3cret word"},
        "batteries": [{"type": "agm", "nominal_voltage": 12, "capacity": 200}],
        "web": {"address": "0.0.0.0"}}
    assert file.stat().st_mode & 0o777 == 0o640
    checked = subprocess.run([PROGRAM, "--check", file], capture_output=True, text=True)
    assert checked.returncode == 0 and "warning" not in checked.stdout


@pytest.mark.xdist_group("adapters")
def test_setup_lists_the_adapters_that_are_there(tmp_path, by_id, broker):
    with ScriptedInverter() as inverter, ScriptedInverter() as stick:
        adapter = by_id / "usb-aims-test-adapter-1"
        adapter.symlink_to(inverter.address)
        (by_id / "usb-aims-test-Sonoff_Zigbee-2").symlink_to(stick.address)
        with Terminal(PROGRAM, "--setup", tmp_path / "options.json") as terminal:
            terminal.answer("Its name", "")
            terminal.expect(f"1  {adapter}")
            terminal.answer("Where is the inverter?", "1")
            terminal.expect("The inverter answers:")
            assert "Zigbee" not in terminal.seen and not stick.requests
            answer_broker(terminal, broker.port)
            answer_nothing_more(terminal)
            assert terminal.process.wait(5) == 0
    assert json.loads((tmp_path / "options.json").read_text())["inverters"][0]["device"] == str(adapter)


def test_setup_keeps_what_does_not_answer_if_the_owner_says_so(tmp_path):
    file = tmp_path / "options.json"
    with ScriptedInverter(lambda request: None) as silent, Terminal(PROGRAM, "--setup", file) as terminal:
        terminal.answer("Its name", "Cellar")
        terminal.answer("Where is the inverter?", "ftp://x")
        terminal.expect("is not accepted")
        terminal.answer("Where is the inverter?", silent.address)
        terminal.answer("Keep it", "n")
        terminal.answer("Where is the inverter?", "tcp://127.0.0.1:1")
        terminal.expect("nothing listens")
        terminal.answer("Keep it", "y")
        answer_broker(terminal, free_port())
        terminal.expect("No connection to")
        assert "refused" in terminal.expect("\n").lower()
        terminal.answer("again", "n")
        answer_nothing_more(terminal)
        assert terminal.process.wait(5) == 0
    options = json.loads(file.read_text())
    assert options["inverters"] == [{"name": "Cellar", "address": "tcp://127.0.0.1:1"}] and "batteries" not in options


def test_setup_ended_by_the_owner_writes_nothing(tmp_path):
    file = tmp_path / "options.json"
    file.write_text("mine")
    with Terminal(PROGRAM, "--setup", file) as terminal:
        terminal.answer("Replace them?", "")
        assert terminal.process.wait(5) == 1
    with Terminal(PROGRAM, "--setup", file) as terminal:
        terminal.answer("Replace them?", "y")
        terminal.expect("Its name")
        os.write(terminal.master, b"\x04")  # Ctrl+D
        terminal.expect("Nothing is written.")
        assert terminal.process.wait(5) == 1
    assert file.read_text() == "mine" and [path.name for path in tmp_path.iterdir()] == ["options.json"]


def test_ctrl_c_at_the_password_leaves_the_terminal_as_it_was(tmp_path, guarded):
    with Terminal(PROGRAM, "--setup", tmp_path / "options.json") as terminal:
        terminal.answer("Its name", "")
        terminal.answer("Where is the inverter?", "simulator://")
        answer_broker(terminal, guarded.port, "aims")
        terminal.expect("Password")
        until(lambda: not terminal.echoes())
        os.write(terminal.master, b"s3c\x03\n")
        terminal.expect("Nothing is written.")
        assert terminal.process.wait(5) == 1 and terminal.echoes()
    assert not (tmp_path / "options.json").exists()


def test_setup_keeps_a_copy_of_what_it_replaces(tmp_path, broker):
    file = tmp_path / "options.json"
    file.write_text("mine")
    with Terminal(PROGRAM, "--setup", file) as terminal:
        terminal.answer("Replace them?", "y")
        terminal.answer("Its name", "")
        terminal.answer("Where is the inverter?", "simulator://")
        answer_broker(terminal, broker.port)
        terminal.expect("The broker takes the login.")
        answer_nothing_more(terminal)
        assert terminal.process.wait(5) == 0
    assert (tmp_path / "options.json.old").read_text() == "mine"
    assert json.loads(file.read_text())["inverters"][0]["address"] == "simulator://"


def test_setup_needs_a_terminal_and_a_folder_that_it_may_write(tmp_path):
    done = subprocess.run([PROGRAM, "--setup", tmp_path / "options.json"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 1 and "terminal" in done.stdout
    with Terminal(PROGRAM, "--setup", "/proc/nowhere/options.json") as terminal:
        terminal.expect("Run it as root")
        assert terminal.process.wait(5) == 1


def test_setup_says_where_the_service_takes_its_options_from(tmp_path):
    said = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
    assert re.search(r"--setup .*/etc/aims-inverter-mqtt/options.json", said)
