# The program is built on Debian and is static: whatever BUILD_FROM names (build.yaml, or an older Supervisor's default of
# Home Assistant's Alpine base) it runs there.
ARG BUILD_FROM=debian:trixie-slim

FROM debian:trixie-slim AS build
WORKDIR /source
COPY scripts/install scripts/
RUN scripts/install build
COPY CMakeLists.txt config.yaml ./
COPY scripts/build scripts/
COPY src src/
RUN scripts/build
# All that the image adds to its base.
COPY run.sh ./
RUN mkdir -p /image/usr/bin /image/usr/share /image/etc/ssl/certs \
    && cp run.sh /image/ \
    && cp build/aims-inverter-mqtt /image/usr/bin/ \
    && cp -L /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && cp -a /usr/share/zoneinfo /image/usr/share/

# hadolint ignore=DL3006
FROM ${BUILD_FROM}
ARG BUILD_ARCH=amd64
ARG BUILD_VERSION=1.0.0
LABEL io.hass.type="app" io.hass.version="${BUILD_VERSION}" io.hass.arch="${BUILD_ARCH}" \
      org.opencontainers.image.title="AIMS Power Inverter MQTT" \
      org.opencontainers.image.source="https://github.com/aims2mqtt/aims-power-inverter-mqtt" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /image /
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["/usr/bin/aims-inverter-mqtt", "--healthcheck"]
ENTRYPOINT ["/run.sh"]
