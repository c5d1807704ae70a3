"""Takes the pictures for scripts/screenshot: screenshot.py FOLDER [--page | --form]

page.png and phone.png, the app's own page in an outage; device.png, activity.png, notification.png of a real Home Assistant Core with the simulated inverter; options.png and
inverter.png (the dialog of one inverter) of the frontend's own page of an app, whose Supervisor is played here from config.yaml.
"""

import json
import re
import sys
import tempfile
import time
from pathlib import Path

import yaml
from core import Core
from page import browser, look, press, text
from peers import ROOT, Broker, Program, Simulator, Subscriber, free_port, options, until
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

SLUG = "local_aims_power_inverter_mqtt"
DESCRIBED = {"model": "PICOGLF12W12V120AL", "rated_power": 1200, "battery": {"type": "agm", "nominal_voltage": 12, "capacity": 200}}
# A battery that was seen full before, so that there is a charge to be shown.
KEPT = {"charge": {"mean": 1.0, "sigma": 0.01}, "bias": None, "drain": None, "on_battery": False, "load": 23,
        "energy_on_battery": 3120.0, "energy_total": 81460.0, "shutdown_advised": False, "was_pack": True}

# The page builds itself out of shadow roots; what it shows is told by its text.
TEXT = """const t = n => (n.shadowRoot ? t(n.shadowRoot) : '') + [...n.childNodes].map(c => c.nodeType == 3 ? c.data : t(c)).join(' ');
          return t(document.body)"""
FIND = """const find = (node, name) => {
            for (const child of node.querySelectorAll('*')) {
              if (child.localName == name) return child;
              const deeper = child.shadowRoot && find(child.shadowRoot, name);
              if (deeper) return deeper;
            }
            return null;
          };"""
# Plays the Supervisor of a Home Assistant OS: what the page of an app asks for.
SUPERVISOR = """const app = arguments[0], home = document.querySelector('home-assistant');
    const ask = home.hass.connection.sendMessagePromise.bind(home.hass.connection);
    home.hass.connection.sendMessagePromise = message => {
      if (message.type != 'supervisor/api') return ask(message);
      return Promise.resolve(message.endpoint.endsWith('/info') && message.endpoint.includes('/addons/') ? app :
        message.endpoint.includes('/stats') ? {cpu_percent: 0, memory_percent: 0} : {addons: [app], repositories: []});
    };
    home.hass = {...home.hass, config: {...home.hass.config, components: [...home.hass.config.components, 'hassio']}};
    history.pushState(null, '', '/config/app/' + app.slug + '/config');
    window.dispatchEvent(new CustomEvent('location-changed', {detail: {replace: false}}));"""


def page_of(core, height):
    settings = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", f"--window-size=1280,{height}", "--force-device-scale-factor=1"]:
        settings.add_argument(argument)
    browser = webdriver.Chrome(options=settings, service=Service("/usr/bin/chromedriver"))
    tokens = {**core.tokens, "hassUrl": core.url, "clientId": core.url + "/", "expires": int(time.time() * 1000) + 1_800_000}
    browser.get(core.url + "/manifest.json")
    browser.execute_script("localStorage.setItem('hassTokens', arguments[0])", json.dumps(tokens))
    return browser


def see(browser, url, text):
    """Opens a page and waits until it shows `text`."""
    for _ in range(4):
        browser.get(url)
        if seen(browser, text):
            return time.sleep(3)
    raise SystemExit(f"{url} did not come up")


def seen(browser, text, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.5)
        if text in browser.execute_script(TEXT):
            return True
    return False


def form_of(schema):
    """The schema of config.yaml as the Supervisor describes it to the frontend."""
    form = []
    for name, kind in schema.items():
        node = {"name": name}
        if isinstance(kind, (dict, list)):
            nested = kind[0] if isinstance(kind, list) else kind
            form.append({**node, "type": "schema", "optional": True, "multiple": isinstance(kind, list), "schema": form_of(nested)})
            continue
        node["optional" if kind.endswith("?") else "required"] = True
        kind = kind.removesuffix("?")
        if kind.startswith("list("):
            node |= {"type": "select", "options": kind[5:-1].split("|")}
        elif kind.startswith("device("):
            node |= {"type": "select", "options": ["/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"]}
        elif kind.startswith("float(") or kind == "port":
            least, most = map(float, re.findall(r"[\d.]+", kind) or (0, 65535))
            node |= {"type": "integer" if kind == "port" else "float", "valueMin": least, "valueMax": most}
        else:
            node |= {"type": {"bool": "boolean"}.get(kind, "string")}
            if kind == "password":
                node["format"] = "password"
        form.append(node)
    return form


def app():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    words = {file.stem: yaml.safe_load(file.read_text()) for file in (ROOT / "translations").glob("*.yaml")}
    return {"name": config["name"], "slug": SLUG, "description": config["description"], "version": config["version"],
            "version_latest": config["version"], "state": "stopped", "installed": True, "available": True, "detached": False,
            "build": True, "update_available": False, "repository": "local", "hostname": SLUG.replace("_", "-"), "stage": "stable",
            "schema": form_of(config["schema"]), "options": config["options"], "translations": words, "network": None,
            "network_description": None, "icon": False, "logo": False, "changelog": True, "documentation": True, "audio": False,
            "host_network": False, "ingress": False, "rating": 6, "auto_update": False, "boot": "auto", "startup": "application",
            "protected": True, "privileged": [], "devices": [], "arch": config["arch"], "homeassistant": None, "advanced": False}


def pictures_of_form(core, folder):
    browser = page_of(core, 1400)
    try:
        see(browser, core.url + "/config/dashboard", "Settings")
        browser.execute_script(SUPERVISOR, app())
        if not seen(browser, "Shutdown advice", 40):
            browser.save_screenshot(str(folder / "failed.png"))
            raise SystemExit("the page of the app did not come up")
        time.sleep(2)
        browser.save_screenshot(str(folder / "options.png"))
        # The dialog of the first inverter.
        browser.execute_script(FIND + """const list = find(find(document.body, 'ha-selector-object').shadowRoot, 'ha-icon-button');
                                         list.click();""")
        if not seen(browser, "Rated power (VA)"):
            raise SystemExit("the inverter's dialog did not come up")
        time.sleep(2)
        browser.save_screenshot(str(folder / "inverter.png"))
        # With its title and its buttons.
        height = browser.execute_script(FIND + """const dialog = find(document.body, 'dialog-form');
            const boxes = node => [...node.querySelectorAll('*')].flatMap(
                child => [child.localName == 'dialog' ? child.getBoundingClientRect().height : 0,
                          ...(child.shadowRoot ? boxes(child.shadowRoot) : [])]);
            return Math.max(...boxes(dialog.shadowRoot));""")
        print(f"the dialog of an inverter is {height:.0f} px high, at a width of 1280 px")
        if not 100 < height <= 1100:
            raise SystemExit("it should be at most 1100 px high")
    finally:
        browser.quit()


def pictures_of_device(core, simulator, ears, folder):
    device = until(lambda: core.device("aims2mqtt_aims_inverter"), 90, "the device")
    # What happens before Home Assistant has announced itself is told twice.
    until(lambda: "online" in ears.payloads("homeassistant/status"), 60, "Home Assistant's word")
    time.sleep(4)
    browser = page_of(core, 1600)
    try:
        page = f"{core.url}/config/devices/device/{device['id']}"
        see(browser, page, "Battery voltage")
        simulator.do("utility off")
        time.sleep(14)
        simulator.do("utility on")
        time.sleep(8)
        see(browser, page, "Power restored")
        browser.save_screenshot(str(folder / "device.png"))
        see(browser, f"{core.url}/logbook?entity_id=" + ",".join(
            entity["entity_id"] for entity in core.entities(device).values()), "Power restored")
        browser.save_screenshot(str(folder / "activity.png"))
        # What the blueprint says.
        until(lambda: core.ask(type="persistent_notification/get"), 20, "the notification")
        see(browser, core.url + "/config/dashboard", "Settings")
        browser.execute_script(FIND + "find(document.body, 'home-assistant-main').dispatchEvent("
                                      "new CustomEvent('hass-show-notifications', {bubbles: true, composed: true}))")
        if not seen(browser, "Power is back"):
            raise SystemExit("the notification did not come up")
        time.sleep(2)
        browser.save_screenshot(str(folder / "notification.png"))
    finally:
        browser.quit()


def pictures_of_page(folder):
    """In the second of two outages, with both of them in the plots."""
    port = free_port()
    with tempfile.TemporaryDirectory() as data:
        keep_charge(data)
        with Broker(data) as broker, Simulator(Path(data) / "inverter") as simulator, \
                Program(data, options(simulator.link, broker.port, web=port, **DESCRIBED)), browser(1100, 1500) as chromium:
            time.sleep(1)
            chromium.get(f"http://127.0.0.1:{port}/")
            for order, seconds in [("load 31", 20), ("load 24", 20), ("utility off", 40), ("utility on", 35), ("load 29", 10),
                                   ("utility off", 25)]:
                simulator.do(order)
                time.sleep(seconds)
            until(lambda: "At this load" in text(chromium, "next"), 5, "what happens next")
            press(chromium, "battery-plot", "End", "+", "+", "Escape")
            chromium.execute_script("document.activeElement.blur()")
            time.sleep(1)
            look(chromium, 1100, chromium.execute_script("return document.querySelector('main').children[2].offsetTop - 6"))
            chromium.save_screenshot(str(folder / "page.png"))
            look(chromium, 360, 2400, dark=True)
            time.sleep(2)
            chromium.save_screenshot(str(folder / "phone.png"))


def keep_charge(data):
    saved = {**KEPT, "saved_at": time.strftime("%Y-%m-%dT%H:%M:%S.000+00:00", time.gmtime())}
    (Path(data) / "battery.json").write_text(json.dumps({"version": 1, "inverters": {"aims_inverter": saved}}))


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    if "--form" not in sys.argv:
        pictures_of_page(folder)
    if "--page" in sys.argv:
        return
    with tempfile.TemporaryDirectory() as data:
        home = Path(data) / "core"
        home.mkdir()
        keep_charge(data)
        with Broker(data) as broker, Subscriber(broker.port) as ears, Simulator(Path(data) / "inverter") as simulator, \
                Program(data, options(simulator.link, broker.port, **DESCRIBED)), \
                Core(home, free_port(), more="recorder:\n  commit_interval: 1\n") as core:
            core.onboard()
            core.connect(broker.port)
            path = "aims2mqtt/tell_me_about_outages.yaml"
            core.ask(type="blueprint/save", domain="automation", path=path,
                     yaml=(ROOT / "blueprints/automation/tell_me_about_outages.yaml").read_text())
            core.call("POST", "/api/config/automation/config/1", {"id": "1", "alias": "Outages", "use_blueprint": {
                "path": path, "input": {}}})
            if "--form" not in sys.argv:
                pictures_of_device(core, simulator, ears, folder)
            pictures_of_form(core, folder)


if __name__ == "__main__":
    main()
