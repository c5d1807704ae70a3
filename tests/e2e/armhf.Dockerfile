# The package for 32-bit ARM, cross-built with Debian's armel toolchain.
FROM debian:trixie-slim
WORKDIR /source
# Mirrors list versions of armel that they do not have, weeks on end. These are older, and were there.
ADD http://deb.debian.org/debian-security/pool/updates/main/o/openssl/libssl-dev_3.5.7-1~deb13u3_armel.deb \
    http://deb.debian.org/debian/pool/main/z/zlib/zlib1g-dev_1.3.dfsg+really1.3.1-1+b1_armel.deb \
    build-armhf/packages/
COPY scripts/install scripts/
RUN apt-get update -qq && scripts/install cross-armhf
COPY CMakeLists.txt config.yaml CHANGELOG.md DOCS.md LICENSE ./
COPY scripts/build scripts/package scripts/*.cmake scripts/
COPY packages packages/
COPY src src/
RUN scripts/package armhf
