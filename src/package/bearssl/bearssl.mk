# TLS 1.2 client, X.509, SHA-2, HMAC, signatures (about 90 KiB): no heap, caller-owned memory.
bearssl_VERSION := 0.6
bearssl_FILES := bearssl_0.6+dfsg.1.orig.tar.xz:bearssl
bearssl_LICENSE := LICENSE.txt
bearssl_LIB := libbearssl.a
bearssl_SRCS = $(patsubst $(SRC)/%,%,$(sort $(wildcard $(SRC)/src/*.c $(SRC)/src/*/*.c)))
bearssl_CFLAGS := -Iinc -Isrc
bearssl_HEADERS = $(patsubst $(SRC)/%,%,$(wildcard $(SRC)/inc/*.h))
