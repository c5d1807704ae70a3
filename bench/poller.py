"""What many people write first: pyserial and paho, one process, one poll a second. Here to be measured against.

poller.py DEVICE BROKER_PORT
"""

import json
import sys
import time

import paho.mqtt.client as mqtt
import serial

FIELDS = ("utility_voltage", "utility_fault_voltage", "output_voltage", "load", "output_frequency", "battery_voltage",
          "temperature")
FLAGS = ("utility_fail", "battery_low", "avr_active", "ups_failed", "line_interactive", "self_test", "shutdown_flag", "beeper")

line = serial.Serial(sys.argv[1], 2400, timeout=1)
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2) if hasattr(mqtt, "CallbackAPIVersion") else mqtt.Client()
client.connect("127.0.0.1", int(sys.argv[2]))
client.loop_start()

while True:
    start = time.monotonic()
    line.reset_input_buffer()
    line.write(b"Q1\r")
    reply = line.read_until(b"\r").decode("ascii", "replace").strip().lstrip("(").split()
    if len(reply) == 8 and len(reply[7]) == 8:
        state = dict(zip(FIELDS, map(float, reply[:7])))
        state.update({name: bit == "1" for name, bit in zip(FLAGS, reply[7])})
        client.publish("poller/state", json.dumps(state), qos=1, retain=True)
    time.sleep(max(0, start + 1 - time.monotonic()))
