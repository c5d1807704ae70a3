"""Takes the picture for scripts/screenshot: screenshot.py FILE.png"""

import json
import sys
import tempfile
import time
from pathlib import Path

from core import Core
from peers import Broker, Program, Simulator, free_port, options, until
from selenium import webdriver
from selenium.webdriver.chrome.service import Service


KEPT = {"charge": 1.0, "factor": None, "first_factor": None, "energy_on_battery": 3120.0, "energy_total": 81460.0,
        "shutdown_advised": False}


def picture(core, device, file):
    settings = webdriver.ChromeOptions()
    for argument in ["--headless=new", "--no-sandbox", "--window-size=1280,1500", "--force-device-scale-factor=1"]:
        settings.add_argument(argument)
    browser = webdriver.Chrome(settings, Service("/usr/bin/chromedriver"))
    try:
        tokens = {**core.tokens, "hassUrl": core.url, "clientId": core.url + "/",
                  "expires": int(time.time() * 1000) + 1_800_000}
        browser.get(core.url + "/manifest.json")
        browser.execute_script("localStorage.setItem('hassTokens', arguments[0])", json.dumps(tokens))

        # The page builds itself out of shadow roots; what it shows is told by its text.
        text = """const t = n => (n.shadowRoot ? t(n.shadowRoot) : '') +
                  [...n.childNodes].map(c => c.nodeType == 3 ? c.data : t(c)).join(' ');
                  return t(document.body)"""
        for _ in range(4):
            browser.get(f"{core.url}/config/devices/device/{device['id']}")
            for _ in range(40):
                time.sleep(0.5)
                if "Battery voltage" in browser.execute_script(text):
                    time.sleep(3)
                    browser.save_screenshot(file)
                    return
        raise SystemExit("the device page did not come up")
    finally:
        browser.quit()


def main():
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "core"
        home.mkdir()
        # A battery that was seen full before, so that there is a charge to be shown.
        (Path(folder) / "battery.json").write_text(json.dumps({"version": 1, "inverters": {"aims_inverter": KEPT}}))
        with Broker(folder) as broker, Simulator(Path(folder) / "inverter") as simulator, \
                Program(folder, options(simulator.link, broker.port, model="PICOGLF12W12V120AL", battery_type="agm",
                                        nominal_voltage=12, battery_capacity=200, rated_power=1200)), \
                Core(home, free_port()) as core:
            core.onboard()
            core.connect(broker.port)
            device = until(lambda: core.device("aims2mqtt_aims_inverter"), 90, "the device")
            simulator.do("utility off")
            time.sleep(4)
            simulator.do("utility on")
            time.sleep(3)
            picture(core, device, sys.argv[1])


if __name__ == "__main__":
    main()
