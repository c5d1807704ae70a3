#!/bin/sh
exec /usr/bin/aims-inverter-mqtt "$@"
