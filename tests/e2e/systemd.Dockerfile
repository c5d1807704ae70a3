# A machine with systemd, on which the package is installed.
FROM debian:trixie-slim
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        mosquitto mosquitto-clients systemd-sysv > /dev/null \
    && systemctl disable mosquitto
ENV container=docker SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1
STOPSIGNAL SIGRTMIN+3
# As the kernel starts it, where mounts are shared; a service gets its credentials through one.
CMD ["/bin/sh", "-c", "mount --make-rshared / && exec /sbin/init"]
