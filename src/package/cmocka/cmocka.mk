# Unit tests; nothing of it reaches the device.
cmocka_VERSION := 1.1.7
cmocka_FILES := cmocka_1.1.7.orig.tar.xz:cmocka
cmocka_LICENSE := COPYING
cmocka_LIB := libcmocka.a
cmocka_SRCS := src/cmocka.c
cmocka_CFLAGS := -DHAVE_CONFIG_H -I$(abspath src/package/cmocka) -Iinclude
cmocka_HEADERS := include/cmocka.h include/cmocka_pbc.h
cmocka_EXPORT := -DHAVE_UINTPTR_T=1
