"""Those who look at the web page: a browser, what stands between it and the app in Home Assistant, and bare requests."""

import http.client
import json
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/api/hassio_ingress/a-token/"


def ask(port, target="/", method="GET", host=None, headers=None, body=None, source="127.0.0.1", timeout=40):
    """(status, headers, body) of one request, sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout, source_address=(source, 0))
    try:
        connection.putrequest(method, target, skip_host=host is not None, skip_accept_encoding=True)
        if host:
            connection.putheader("Host", host)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def ask_json(port, target, **more):
    status, headers, body = ask(port, target, **more)
    assert status == 200 and headers["Content-Type"] == "application/json", (status, body)
    return json.loads(body)


class Ingress:
    """What Home Assistant and its Supervisor do to a request on its way to an app's page, as far as an app can notice.

    Seen in Core 2026.11 (components/hassio/ingress.py) and Supervisor 2026.08 (supervisor/api/ingress.py): the page is below a
    path; a GET comes with Content-Length: 0, without Accept-Encoding, and with headers of theirs; the answer loses the charset
    of its type, and is compressed where it is text; while the app is away it is a 502 of plain text.
    """

    def __init__(self, port):
        outer = self
        self.app_port = port
        self.requests = []
        self.refuse = {}  # the beginning of a target: the status with which it is refused

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests.append(self.path)
                if not self.path.startswith(PREFIX) or ".." in self.path:
                    return self.send(404 if ".." not in self.path else 400, "text/plain", b"no")
                headers = {name: value for name, value in self.headers.items() if name != "Accept-Encoding"}
                headers |= {"Content-Length": "0", "X-Ingress-Path": PREFIX.rstrip("/"), "X-Hass-Source": "core.ingress",
                            "X-Forwarded-For": "192.168.1.20", "X-Remote-User-Name": "owner", "Cookie": "ingress_session=x"}
                target = "/" + self.path.removeprefix(PREFIX)
                refused = [status for begin, status in outer.refuse.items() if target.startswith(begin)]
                if refused:
                    return self.send(refused[0], "text/plain", b"no")
                try:
                    status, heard, body = ask(outer.app_port, target, host=headers.pop("Host"), headers=headers)
                except OSError:
                    return self.send(502, "text/plain", b"502: Bad Gateway")
                except http.client.HTTPException:
                    return self.send(502, "text/plain", b"502: Bad Gateway")
                more = {name: heard[name] for name in ("Content-Security-Policy", "X-Content-Type-Options", "Cache-Control",
                                                       "Content-Disposition") if heard[name]}
                kind = heard["Content-Type"].split(";")[0]
                if len(body) > 128 and (kind.startswith("text/") or kind in ("application/json", "image/svg+xml")):
                    body = zlib.compress(body)
                    more["Content-Encoding"] = "deflate"
                self.send(status, kind, body, more)

            def send(self, status, kind, body, more=None):
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request, client_address):
                pass  # the browser is gone

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{PREFIX}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@contextmanager
def browser(width=1280, height=1600, dark=False):
    """A headless Chromium."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    settings = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", f"--window-size={width},{height}"):
        settings.add_argument(argument)
    settings.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chromium = webdriver.Chrome(options=settings, service=Service("/usr/bin/chromedriver"))
    try:
        look(chromium, width, height, dark)
        yield chromium
    finally:
        chromium.quit()


def look(chromium, width, height, dark=False):
    """As a device of that many pixels shows it."""
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                             {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def text(chromium, id_):
    return chromium.execute_script("return document.getElementById(arguments[0]).textContent", id_)


def press(chromium, id_, *keys):
    """Keys by their names in the DOM, while the element has the focus."""
    chromium.execute_script("document.getElementById(arguments[0]).focus()", id_)
    for key in keys:
        chromium.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyDown", "key": key})
        chromium.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "keyUp", "key": key})


def windows(chromium):
    """What the plots show of the time: [from, until] of each, in s since 1970."""
    return chromium.execute_script("""return [...document.querySelectorAll('.plot')].map(
        plot => [plot.getAttribute('aria-valuemin'), plot.getAttribute('aria-valuemax')].map(Number))""")


def columns(chromium, plot, name):
    """In how many columns of pixels a plot has the color of that name."""
    return chromium.execute_script("""
        const hex = getComputedStyle(document.documentElement).getPropertyValue(`--${arguments[1]}`).trim();
        const wanted = [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
        return Math.max(...[...document.querySelectorAll(`#${arguments[0]} canvas`)].map(canvas => {
          const {data, width, height} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const found = new Set();
          for (let i = 0; i < data.length; i += 4) {
            if (data[i + 3] > 100 && wanted.every((part, j) => Math.abs(data[i + j] - part) < 8)) found.add((i / 4) % width);
          }
          return found.size;
        }));""", plot, name)
