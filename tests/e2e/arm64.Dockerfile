# The package for arm64, cross-built with Debian's toolchain.
FROM debian:trixie-slim
WORKDIR /source
COPY scripts/install scripts/
RUN apt-get update -qq && scripts/install cross-arm64
COPY CMakeLists.txt config.yaml CHANGELOG.md DOCS.md LICENSE ./
COPY scripts/build scripts/package scripts/*.cmake scripts/
COPY packages packages/
COPY src src/
RUN scripts/package arm64
