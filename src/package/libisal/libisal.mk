# gzip layers at 1.8 times zlib's speed: inflate only, its inner loop in assembly (15 KiB, in place of zlib's
# inflate of 14). Not the tables for other programs' fixed codes (42 KiB), nor ISA-L's choice between processors: the
# loop for SSE2 is 4 % slower than the best.
libisal_VERSION := 2.31.1
libisal_FILES := libisal_2.31.1.orig.tar.gz:libisal
libisal_LICENSE := LICENSE
libisal_LIB := libisal.a
libisal_SRCS = igzip/igzip_inflate.c $(libisal_LOOP)
# the sanitizers see into C only
libisal_ARCH = $(if $(findstring -fsanitize,$(PKG_CFLAGS)),,$(TARGET_DEBIAN))
libisal_LOOP = $(libisal_LOOP_$(libisal_ARCH))
libisal_LOOP_x86_64-linux-gnu := igzip/igzip_decode_block_stateless_01.asm igzip/rfc1951_lookup.asm
libisal_LOOP_aarch64-linux-gnu := igzip/aarch64/igzip_decode_huffman_code_block_aarch64.S
libisal_NAME_x86_64-linux-gnu := 01
libisal_NAME_aarch64-linux-gnu := aarch64
libisal_CFLAGS = -Iinclude -Iigzip -Iigzip/aarch64 -DNO_STATIC_INFLATE_H -D__ASSEMBLY__ \
	-Ddecode_huffman_code_block_stateless=decode_huffman_code_block_stateless_$(or $(libisal_NAME_$(libisal_ARCH)),base)
libisal_HEADERS := include/igzip_lib.h
