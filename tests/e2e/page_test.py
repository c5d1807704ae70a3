"""The web page: its addresses, its history over restarts, hostile clients, and what a real browser shows of it."""

import http.client
import json
import os
import re
import signal
import socket
import struct
import time

import pytest
from nut import Client
from page import Ingress, ask, ask_json, browser, columns, look, press, text, windows
from peers import DISCOVERY, MAINS, OUTAGE, FakeSupervisor, Program, ScriptedInverter, Simulator, free_port, options, until

BATTERY = {"type": "agm", "nominal_voltage": 12, "capacity": 200}


@pytest.fixture
def port():
    return free_port()


def page_is_up(port, status=200):
    try:
        return ask(port, "/health")[0] == status
    except OSError:
        return False


@pytest.fixture
def served(tmp_path, broker, port):
    """A program with a page, and an inverter that answers."""
    with ScriptedInverter() as inverter, Program(tmp_path, options(inverter.address, broker.port, web=port)) as program:
        until(lambda: page_is_up(port))
        until(lambda: ask_json(port, "/api/live")["inverters"][0]["state"]["connection"] == "ON")
        yield program, inverter


# ---- Addresses ----

def test_each_address_answers_with_its_type_and_length(served, port):
    for target, kind in [("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css"),
                         ("/plots.js", "text/javascript"), ("/words.js", "text/javascript"), ("/dygraph.js", "text/javascript"),
                         ("/icon.svg", "image/svg+xml"), ("/api/live", "application/json"),
                         ("/api/history?inverter=aims_inverter&range=24h", "application/json"),
                         ("/api/outages", "application/json"), ("/outages.csv", "text/csv"),
                         ("/api/diagnostics", "application/json"), ("/health", "application/json"), ("/metrics", "text/plain")]:
        status, headers, body = ask(port, target)
        assert status == 200 and headers["Content-Type"].startswith(kind), target
        assert int(headers["Content-Length"]) == len(body) > 0
        assert headers["Content-Security-Policy"] == "default-src 'self'"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in headers and "Transfer-Encoding" not in headers
        assert headers["Cache-Control"] == ("no-cache" if kind.split("/")[1] in ("html", "javascript", "css", "svg+xml")
                                            else "no-store")
        status, headers, nothing = ask(port, target, "HEAD")
        assert (status, nothing) == (200, b"") and int(headers["Content-Length"]) > 0


def test_what_is_wrong_is_refused_with_a_json_text(served, port):
    for target, code in [("/nothing", 404), ("/../etc/passwd", 404), ("/%2e%2e/options.json", 404), ("/api/live?after=x", 400),
                         ("/api/history?inverter=other&range=24h", 404), ("/%zz", 400),
                         ("/api/history?inverter=aims_inverter&range=1y", 400)]:
        status, headers, body = ask(port, target)
        assert status == code and headers["Content-Type"] == "application/json" and json.loads(body)["error"], target
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        status, headers, body = ask(port, "/", method, body=b"x", headers={"Content-Length": "1"})
        assert status == 405 and headers["Allow"] == "GET, HEAD" and json.loads(body)["error"], method


def test_other_names_are_refused_which_a_browser_may_have_been_sent_with(served, port):
    own = socket.gethostname().split(".")[0]
    for host in (f"127.0.0.1:{port}", "localhost", "[::1]", own, f"{own}.local", f"{own}.LAN:80"):
        assert ask(port, "/api/live", host=host)[0] == 200, host
    for host in ("evil.example", f"{own}.evil.example", "127.0.0.1.evil.example"):
        assert ask(port, "/api/live", host=host)[0] == 403, host
    with socket.create_connection(("127.0.0.1", port)) as bare:
        bare.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert bare.recv(100).startswith(b"HTTP/1.1 403 ")


def test_who_waits_hears_the_next_reading(tmp_path, broker, port):
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, web=port, poll_interval=3)):
        until(lambda: page_is_up(port))
        seq = until(lambda: ask_json(port, "/api/live")["seq"] > 1 and ask_json(port, "/api/live"))["seq"]
        asked = len(inverter.requests)
        live = ask_json(port, f"/api/live?after={seq}")
        assert live["seq"] == seq + 1 and len(inverter.requests) == asked + 1
        start = time.monotonic()
        for after in ("0", str(live["seq"] - 1), str(live["seq"] + 1000), "9" * 30):
            assert ask_json(port, f"/api/live?after={after}")["seq"] >= live["seq"]
        assert time.monotonic() - start < 1


def test_who_hears_nothing_for_25_s_gets_what_is_known(tmp_path, broker, port):
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, web=port, poll_interval=60)):
        until(lambda: page_is_up(port))
        seq = until(lambda: ask_json(port, "/api/live")["seq"] > 1 and ask_json(port, "/api/live"))["seq"]
        start = time.monotonic()
        assert ask_json(port, f"/api/live?after={seq}")["seq"] == seq
        assert 24 < time.monotonic() - start < 27


def test_prometheus_reads_the_metrics(served, port):
    from prometheus_client.parser import text_string_to_metric_families

    status, headers, body = ask(port, "/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(body.decode())}
    state = ask_json(port, "/api/live")["inverters"][0]["state"]
    value = lambda name: families[name].samples[0].value
    assert value("aims_battery_voltage_volts") == state["battery_voltage"] == 13.5
    assert value("aims_utility_power") == 1 and value("aims_battery_low") == 0
    assert families["aims_battery_voltage_volts"].samples[0].labels == {"inverter": "aims_inverter"}
    assert value("aims_polls") >= 1 and families["aims_polls"].type == "counter"
    assert {sample.labels["kind"] for sample in families["aims_misses"].samples} == {"no answer", "bad reply", "link lost"}
    assert "aims_battery_charge_ratio" not in families  # it is not known
    assert all(family.documentation for family in families.values())


def test_diagnostics_tell_everything_but_passwords(tmp_path, broker, port):
    chosen = options("simulator://", broker.port, web=port, mqtt={"username": "u", "password": "geheim1"})
    chosen["nut"] = {"users": [{"name": "pve", "password": "geheim2"}]}
    with Program(tmp_path, chosen) as program:
        until(lambda: page_is_up(port))
        until(lambda: ask_json(port, "/api/live")["inverters"][0]["state"]["connection"] == "ON")
        report = ask_json(port, "/api/diagnostics")
        assert "geheim" not in json.dumps(report)
        assert report["options"]["mqtt"]["username"] == "u" and report["options"]["web"]["port"] == port
        assert report["inverters"][0]["wire"]["replies"][0]["bytes"].startswith("(")
        assert report["log"] == program.log[:len(report["log"])] != []


def test_where_the_page_can_be_reached_is_the_devices_link(tmp_path, broker, ears, port):
    with Program(tmp_path, options("simulator://", broker.port, web=port)):
        until(lambda: ears.payloads(DISCOVERY))
        assert "cu" not in json.loads(ears.payloads(DISCOVERY)[-1])["dev"]
    chosen = options("simulator://", broker.port, web=port)
    chosen["web"]["address"] = "0.0.0.0"
    since = time.monotonic()
    with Program(tmp_path, chosen):
        until(lambda: ears.payloads(DISCOVERY, since))
        device = json.loads(ears.payloads(DISCOVERY, since)[-1])["dev"]
        assert device["cu"] == f"http://{socket.gethostname().split('.')[0]}.local:{port}/"


def test_a_taken_port_is_said_once_and_tried_again(tmp_path, broker, port):
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with Program(tmp_path, options("simulator://", broker.port, web=port)) as program:
            program.until_line("Does another program use it? Trying again every 10 s")
            other.close()
            program.until_line(f"web page: listening at 127.0.0.1:{port}", 12)
            assert len(program.lines("web page: cannot listen")) == 1
            assert page_is_up(port)


def test_in_home_assistant_the_supervisor_alone_is_answered(tmp_path, broker, port):
    with FakeSupervisor(FakeSupervisor.broker(broker.port)) as supervisor:
        chosen = options("simulator://") | {"web": {"enabled": False, "address": "127.0.0.9"}}
        environment = {"SUPERVISOR_TOKEN": "abc", "SUPERVISOR_API": supervisor.url, "INGRESS_PORT": str(port)}
        with Program(tmp_path, chosen, environment):
            until(lambda: page_is_up(port, status=403))  # 127.0.0.1 is not 172.30.32.2
        with Program(tmp_path, chosen, environment | {"INGRESS_PEER": "127.0.0.1"}):
            until(lambda: page_is_up(port))
            assert ask(port, "/", host="home.example:8123", headers={"Content-Length": "0"})[0] == 200
            for target in ("/", "/metrics", "/health", "/api/live", "/nothing"):
                status, _, body = ask(port, target, source="127.0.0.2")
                assert status == 403 and json.loads(body)["error"], target


# ---- History ----

def times(port, period="90d"):
    return ask_json(port, f"/api/history?inverter=aims_inverter&range={period}")["time"]


def test_history_outlives_a_restart_and_a_damaged_file_is_set_aside(tmp_path, broker, port):
    chosen = options("simulator://", broker.port, web=port)
    file = tmp_path / "history-aims_inverter-1.bin"
    seen = 0
    for run in range(3):
        with Program(tmp_path, chosen) as program:
            until(lambda: page_is_up(port))
            until(lambda: len(times(port)) == run + 1)
            assert len(times(port, "15m")) <= 3
            program.stop()
        assert file.stat().st_size == 32 * (run + 1)
    bytes_ = bytearray(file.read_bytes())
    bytes_[40] ^= 1
    file.write_bytes(bytes_)
    with Program(tmp_path, chosen) as program:
        program.until_line("is damaged (1 of 3 rows)")
        until(lambda: page_is_up(port))
        until(lambda: len(times(port)) == 3)
        assert file.with_suffix(".bin.bad").exists()


# ---- Hostile clients ----

def test_a_hundred_slow_connections_hold_up_nothing_else(served, ears, port):
    program, inverter = served
    descriptors = program.descriptors()
    slow = []
    for _ in range(100):
        slow.append(socket.create_connection(("127.0.0.1", port)))
        slow[-1].sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
    start = time.monotonic()
    assert ask(port, "/health")[0] == 503
    assert time.monotonic() - start < 1
    inverter.answer = lambda request: OUTAGE
    ears.until_state(lambda state: state["utility_power"] == "OFF", 2)
    for one in slow:  # each is closed 10 s after it came
        one.settimeout(14)
        assert one.recv(1) == b""
        one.close()
    assert page_is_up(port)
    until(lambda: program.descriptors() <= descriptors)


def test_large_heads_bodies_and_rubbish_are_turned_away(served, port):
    program, _ = served
    head = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    for request in (head + b"X: " + b"a" * 9000 + b"\r\n\r\n",
                    head + b"".join(b"X%d: y\r\n" % i for i in range(100)) + b"\r\n",
                    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n" + b"a" * 5000,
                    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(400),
                    b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 50 + b"x\r\n\r\n", b"LIST VAR aims\n\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=12) as one:
            try:
                one.sendall(request)
                heard = one.recv(1000)
            except ConnectionError:
                heard = b""
            assert not heard.startswith(b"HTTP/1.1 200"), request[:60]
    assert page_is_up(port)
    assert program.lines("error") == []


def test_one_connection_serves_many_requests(served, port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for _ in range(200):
        connection.request("GET", "/health")
        answer = connection.getresponse()
        assert answer.status == 200 and json.loads(answer.read())["status"] == "ok"
    connection.close()


def test_a_client_that_does_not_read_is_dropped(served, port):
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        deaf.sendall(b"GET /dygraph.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(23)
        deaf.settimeout(5)
        heard = 0
        try:
            while part := deaf.recv(1 << 20):  # what the kernel still had, and then the end
                heard += len(part)
        except ConnectionError:
            pass
        assert 0 < heard < 131_000
    assert page_is_up(port)


def reset(connection):
    """Ends it at once, with an RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_clients_that_leave_in_the_middle_of_an_answer_are_forgotten_once(served, port):
    """Each was counted as closed twice, for its read and its write, until all were too many."""
    for _ in range(20):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that most of the answer is still to be sent
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /dygraph.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(0.05)
        reset(connection)
    time.sleep(0.5)
    assert page_is_up(port)


def test_clients_that_leave_before_they_are_accepted_take_no_room(served, port):
    """Each took a place for ever: after 128 nobody was accepted."""
    program, _ = served
    program.process.send_signal(signal.SIGSTOP)
    for _ in range(300):
        reset(socket.create_connection(("127.0.0.1", port)))
    program.process.send_signal(signal.SIGCONT)
    until(lambda: page_is_up(port), 10)


# ---- In a browser ----

def complaints(chromium):
    """What the browser's console has, but for a remark on getImageData, which columns() calls, and one that dygraphs, as Debian 13
    builds it, makes on each zoom: it keeps points beside the window, and counts them."""
    remarks = ("getImageData", "points out of X bounds")
    return [entry["message"] for entry in chromium.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING") and not any(remark in entry["message"] for remark in remarks)]


@pytest.mark.slow
def test_the_page_in_a_browser_behind_home_assistant(tmp_path, broker, port):
    with FakeSupervisor(FakeSupervisor.broker(broker.port)) as supervisor, Simulator(tmp_path / "inverter") as simulator, \
            Ingress(port) as ingress:
        chosen = options(tmp_path / "inverter", battery=BATTERY, rated_power=1200)
        environment = {"SUPERVISOR_TOKEN": "abc", "SUPERVISOR_API": supervisor.url, "INGRESS_PORT": str(port),
                       "INGRESS_PEER": "127.0.0.1"}
        program = Program(tmp_path, chosen, environment)
        with browser() as chromium:
            with program:
                until(lambda: page_is_up(port))
                chromium.get(ingress.url)
                until(lambda: text(chromium, "status") == "Online", 5, "the status on the page")
                assert text(chromium, "name") == "AIMS inverter"
                until(lambda: re.fullmatch(r"1(19|20)\.\d V", text(chromium, "utility")))
                assert text(chromium, "load-more") == "276 W"
                assert "On utility power." in text(chromium, "next")
                until(lambda: columns(chromium, "voltage-plot", "blue") > 0, 5, "the plots")
                assert columns(chromium, "voltage-plot", "shade") == 0
                simulator.do("load 40")
                start = time.monotonic()
                until(lambda: text(chromium, "load") == "40 %", 5, "the new load")
                assert time.monotonic() - start < 1.5 + 1.0  # the poll, and a slow machine
                simulator.do("utility off")
                until(lambda: text(chromium, "status") == "On battery", 4, "the outage")
                assert text(chromium, "next").startswith("On battery since ")
                time.sleep(3)
                simulator.do("utility on")
                until(lambda: text(chromium, "status") == "Online", 4)
                until(lambda: columns(chromium, "voltage-plot", "shade") >= 2, 5, "the shade of the outage")
                assert "no mains" in text(chromium, "outages")
                for width, dark in ((1280, False), (1280, True), (360, False), (360, True)):
                    look(chromium, width, 1600, dark)
                    until(lambda: columns(chromium, "voltage-plot", "shade") >= 2, 5, "the shade in the other colors")
                    assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
                assert complaints(chromium) == []
                program.process.kill()
            until(lambda: "The app does not answer" in text(chromium, "notice"), 5, "that the app is gone")
            assert chromium.execute_script("return document.body.classList.contains('old')")
            with Program(tmp_path, chosen, environment):
                until(lambda: text(chromium, "notice") == "", 8, "that it is back")
                until(lambda: text(chromium, "status") == "Online", 4)
                assert not any("TypeError" in line or "Uncaught" in line for line in complaints(chromium))


@pytest.mark.slow
def test_who_is_logged_in_to_the_nut_server_is_on_the_page(tmp_path, broker, port):
    nut = free_port()
    with ScriptedInverter() as inverter:
        chosen = options(inverter.address, broker.port, web=port)
        chosen["nut"] = {"enabled": True, "port": nut, "users": [{"name": "pve", "password": "p"}]}
        with Program(tmp_path, chosen), browser() as chromium:
            until(lambda: page_is_up(port))
            chromium.get(f"http://127.0.0.1:{port}/")
            until(lambda: "NUT clientsnone" in text(chromium, "connections"), 5, "that none is logged in")
            with Client(nut) as client:
                assert client.log_in("pve", "p") == "OK"
                until(lambda: re.search(r"NUT clientspve at 127\.0\.0\.1 since \d", text(chromium, "connections")), 5)
            until(lambda: "NUT clientsnone" in text(chromium, "connections"), 5, "that it is gone")
            assert complaints(chromium) == []


@pytest.mark.slow
def test_two_inverters_periods_and_zoom_in_a_browser(tmp_path, broker, port):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By

    with ScriptedInverter() as one, ScriptedInverter(lambda request: OUTAGE) as two:
        chosen = options(one.address, broker.port, web=port)
        chosen["inverters"].append({"name": "Attic <b>", "address": two.address})
        with Program(tmp_path, chosen), browser() as chromium:
            until(lambda: page_is_up(port))
            chromium.get(f"http://127.0.0.1:{port}/")
            until(lambda: text(chromium, "status") == "Online", 5)
            assert "missing: inverters[].rated_power" in text(chromium, "next")
            attic = chromium.find_element(By.CSS_SELECTOR, "[data-id=attic_b]")
            assert attic.text == "Attic <b>"
            attic.click()
            until(lambda: text(chromium, "status") == "On battery", 5)
            assert attic.get_attribute("aria-pressed") == "true"
            until(lambda: "goes on" in text(chromium, "outages"), 5)
            for period, span in (("24h", 86_400), ("90d", 90 * 86_400), ("15m", 900)):
                chromium.find_element(By.CSS_SELECTOR, f"[data-range='{period}']").click()
                until(lambda: [round(until_ - from_) for from_, until_ in windows(chromium)] == 3 * [span], 5, f"the plots of {period}")
                until(lambda: text(chromium, "plots-note") == "", 5)
            plot = chromium.find_element(By.ID, "load-plot")
            drag = lambda x, y: ActionChains(chromium).move_to_element_with_offset(plot, 100, 0).click_and_hold() \
                .move_by_offset(x, y).release().perform()
            drag(120, 0)
            until(lambda: (shown := windows(chromium))[0][1] - shown[0][0] < 600 and shown[0] == shown[1] == shown[2], 5, "the zoom")
            ActionChains(chromium).move_to_element(plot).double_click().perform()
            until(lambda: (shown := windows(chromium))[0][1] - shown[0][0] == 900, 5, "that a double click shows all")
            assert not chromium.find_element(By.ID, "whole").is_displayed()
            drag(0, 60)  # it would have zoomed in where nothing zooms out
            assert windows(chromium)[0][1] - windows(chromium)[0][0] == 900
            drag(120, 0)
            until(lambda: chromium.find_element(By.ID, "whole").is_displayed(), 5)
            chromium.find_element(By.ID, "whole").click()
            until(lambda: (shown := windows(chromium))[0][1] - shown[0][0] == 900, 5)
            one.answer = lambda request: None
            chromium.find_element(By.CSS_SELECTOR, "[data-id=aims_inverter]").click()
            until(lambda: text(chromium, "status") == "The inverter does not answer", 8)
            assert text(chromium, "battery") == "–"
            assert complaints(chromium) == []


@pytest.fixture
def opened(served, port):
    """A browser with the page, behind what Home Assistant puts between them."""
    program, inverter = served
    with Ingress(port) as ingress, browser() as chromium:
        # Core hands the browser's own Host on; here it is 127.0.0.1.
        chromium.get(ingress.url)
        until(lambda: text(chromium, "status") == "Online", 5, "the status on the page")
        until(lambda: text(chromium, "plots-note") == "", 5, "the plots")
        yield program, inverter, ingress, chromium
        assert not any("Uncaught" in line for line in complaints(chromium))


@pytest.mark.slow
def test_a_history_that_fails_leaves_no_other_plot_behind_and_is_tried_again(opened):
    from selenium.webdriver.common.by import By

    _, _, ingress, chromium = opened
    assert columns(chromium, "voltage-plot", "blue") > 0
    ingress.refuse = {"/api/history": 502}
    chromium.find_element(By.CSS_SELECTOR, "[data-range='24h']").click()
    until(lambda: "cannot be read" in text(chromium, "plots-note"), 5)
    assert columns(chromium, "voltage-plot", "blue") == 0
    assert text(chromium, "load-values") == "Load 0 %"  # that of now
    ingress.refuse = {}
    until(lambda: text(chromium, "plots-note") == "", 10)
    until(lambda: windows(chromium)[0][1] - windows(chromium)[0][0] == 86_400, 5)


@pytest.mark.slow
def test_an_ended_session_is_told_from_an_app_that_is_away(opened):
    _, _, ingress, chromium = opened
    ingress.refuse = {"/api/": 401}
    until(lambda: "Home Assistant does not let this page ask" in text(chromium, "notice"), 5)
    ingress.refuse = {"/api/": 502}
    until(lambda: "The app does not answer" in text(chromium, "notice"), 8)
    ingress.refuse = {}
    until(lambda: text(chromium, "notice") == "", 12)


@pytest.mark.slow
def test_after_sleep_old_values_are_called_old_at_once_and_new_ones_are_asked_for(opened):
    program, _, ingress, chromium = opened
    asked = lambda: sum("/api/history" in path for path in ingress.requests)
    before = asked()
    program.process.send_signal(signal.SIGSTOP)
    try:
        chromium.execute_script("""const now = Date.now; Date.now = () => now() + 60000;
            document.dispatchEvent(new Event('visibilitychange'))""")
        assert "The app does not answer" in text(chromium, "notice")
    finally:
        program.process.send_signal(signal.SIGCONT)
    until(lambda: text(chromium, "notice") == "", 2)
    until(lambda: asked() > before, 2, "the history of the time between")


@pytest.mark.slow
def test_without_a_mouse_the_plots_have_a_cursor_and_a_zoom(opened):
    _, inverter, _, chromium = opened
    time.sleep(2)
    spoken = lambda: chromium.execute_script("return document.getElementById('voltage-plot').getAttribute('aria-valuetext')")
    assert spoken() == "Utility 111.0 V, Output 112.0 V"
    press(chromium, "voltage-plot")
    inverter.answer = lambda request: OUTAGE
    until(lambda: text(chromium, "status") == "On battery", 4)
    assert spoken() == "Utility 111.0 V, Output 112.0 V"  # while it has the focus, not each reading is read aloud
    inverter.answer = lambda request: MAINS
    until(lambda: text(chromium, "status") == "Online", 4)
    press(chromium, "voltage-plot", "Home")
    first = spoken()
    assert re.search(r"^Utility 111\.0 V, Output 112\.0 V, .*\d", first)
    assert re.search(r"Load 0 %.*\d", text(chromium, "load-values"))
    press(chromium, "voltage-plot", "ArrowRight")
    second = spoken()
    assert second != first
    press(chromium, "voltage-plot", "ArrowLeft", "+", "+")
    assert spoken() == first
    until(lambda: 200 < windows(chromium)[0][1] - windows(chromium)[0][0] < 240, 2)
    press(chromium, "voltage-plot", "0", "Escape")
    until(lambda: windows(chromium)[0][1] - windows(chromium)[0][0] == 900, 2)
    assert spoken() == "Utility 111.0 V, Output 112.0 V"


@pytest.mark.slow
def test_two_fingers_zoom_and_one_scrolls(opened):
    _, _, _, chromium = opened
    look(chromium, 360, 640)
    chromium.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 2})
    width = lambda: windows(chromium)[0][1] - windows(chromium)[0][0]

    def center():
        """Of the plot, once the page stands still."""
        seen = [None]

        def stands_still():
            time.sleep(0.3)
            seen.append(chromium.execute_script("""const plot = document.getElementById('voltage-plot');
                plot.scrollIntoView({block: 'center', behavior: 'instant'});
                const {x, y, width, height} = plot.getBoundingClientRect(); return [x + width / 2, y + height / 2]"""))
            return seen[-1] == seen[-2] and seen[-1]
        return until(stands_still, 10)

    def touch(kind, *points):
        chromium.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [
            {"x": box[0] + x, "y": box[1] + y, "id": i} for i, (x, y) in enumerate(points)]})

    box = center()
    touch("touchStart", (-20, 0), (20, 0))
    for apart in (30, 45, 60, 61, 62):  # a browser may leave moves out
        touch("touchMove", (-apart, 0), (apart, 0))
    touch("touchEnd")
    until(lambda: width() < 500, 2, "that less is shown")
    shown = windows(chromium)
    assert shown[0] == shown[1] == shown[2]
    touch("touchStart", (0, 0))
    for away in (-10, -30, -60):
        touch("touchMove", (away, away))
    touch("touchEnd")
    box = center()
    assert windows(chromium) == shown
    touch("touchStart", (-60, 0), (60, 0))
    for apart in (40, 20, 4, 5, 4):
        touch("touchMove", (-apart, 0), (apart, 0))
    touch("touchEnd")
    until(lambda: width() == 900, 2, "all of it")


@pytest.mark.slow
def test_what_is_selected_stays_selected_while_readings_come(opened):
    _, inverter, _, chromium = opened
    chromium.execute_script("getSelection().selectAllChildren(document.querySelector('#connections code'))")
    selected = chromium.execute_script("return getSelection().toString()")
    assert selected.startswith("(")
    asked = len(inverter.requests)
    until(lambda: len(inverter.requests) > asked + 2)
    assert chromium.execute_script("return getSelection().toString()") == selected


@pytest.mark.slow
def test_while_the_inverter_is_silent_in_an_outage_no_time_goes_on(opened):
    _, inverter, _, chromium = opened
    inverter.answer = lambda request: OUTAGE
    until(lambda: re.search(r"for \d+ s", text(chromium, "since")), 4)
    inverter.answer = lambda request: None
    until(lambda: text(chromium, "status") == "The inverter does not answer", 8)
    assert text(chromium, "since") == ""
    assert re.search("does not answer. When it last did, it was on battery since [0-9]", text(chromium, "next"))
    assert text(chromium, "voltage-values") == "Utility –Output –"


@pytest.mark.slow
def test_slow_polls_are_drawn_as_a_line_and_old_outages_with_their_year(tmp_path, broker, port):
    with ScriptedInverter() as inverter, \
            Program(tmp_path, options(inverter.address, broker.port, web=port, poll_interval=6)), browser() as chromium:
        until(lambda: page_is_up(port))
        chromium.get(f"http://127.0.0.1:{port}/")
        until(lambda: len(inverter.requests) >= 4, 25)
        time.sleep(1)
        press(chromium, "voltage-plot", "End", "+", "+", "+", "+")
        assert 50 < windows(chromium)[2][1] - windows(chromium)[2][0] < 60
        # 18 s of it: a third of the plot, where lone readings are dots.
        until(lambda: columns(chromium, "voltage-plot", "blue") > 150, 5, "a line")
        clock = chromium.execute_async_script("""const done = arguments[0];
            import('./words.js').then(({clock}) => done(clock('2024-03-05T12:00:00Z')))""")
        assert "2024" in clock
        clock = chromium.execute_async_script("""const [done] = arguments; const late = new Date('2026-11-26T23:00:00');
            import('./words.js').then(({clock}) => done(clock('2026-11-27T04:00:00', late)))""")
        assert clock == "4:00 AM"  # of the night that comes
        assert complaints(chromium) == []
