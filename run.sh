#!/bin/sh
# Static OpenSSL looks for authorities where Debian's build machines keep them; here they are.
export SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
exec /usr/bin/aims-inverter-mqtt "$@"
