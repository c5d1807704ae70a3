# A 32-bit program for every Raspberry Pi. Debian's own armhf needs ARMv7, and the Pi 1 and the Pi Zero are ARMv6: so it is
# built with the armel packages, for ARMv6 and without a floating-point unit, and runs on armhf as well, because it is static.
set(CMAKE_SYSTEM_PROCESSOR arm)
set(triplet arm-linux-gnueabi)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)

# The armel packages are unpacked in a folder of their own: scripts/install.
set(debian ${CMAKE_CURRENT_LIST_DIR}/../build-armhf/debian)
set(CMAKE_FIND_ROOT_PATH ${debian} /)
set(CMAKE_CXX_FLAGS_INIT "-march=armv6 -Wno-psabi -isystem ${debian}/usr/include -isystem ${debian}/usr/include/${triplet}")
set(CMAKE_EXE_LINKER_FLAGS_INIT -L${debian}/usr/lib/${triplet})
set(CMAKE_CXX_STANDARD_LIBRARIES_INIT -latomic)  # 64-bit counters
set(ENV{PKG_CONFIG_LIBDIR} ${debian}/usr/lib/${triplet}/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${debian})
