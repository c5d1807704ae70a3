# The release for aarch64, cross-built with Debian's toolchain. The image holds its two binaries' build folder.
FROM debian:trixie-slim
WORKDIR /source
COPY scripts/install scripts/
RUN apt-get update -qq && scripts/install cross
COPY CMakeLists.txt config.yaml ./
COPY scripts/build scripts/aarch64.cmake scripts/
COPY src src/
RUN scripts/build aarch64
