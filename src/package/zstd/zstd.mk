# zstd layers, decoder only (about 25 KiB); the switches choose the small code paths.
zstd_VERSION := 1.5.7
zstd_FILES := libzstd_1.5.7+dfsg.orig.tar.xz:libzstd
zstd_LICENSE := LICENSE
zstd_LIB := libzstd.a
zstd_SRCS := $(addprefix lib/common/,debug.c entropy_common.c error_private.c fse_decompress.c \
		xxhash.c zstd_common.c) \
	$(addprefix lib/decompress/,huf_decompress.c zstd_ddict.c zstd_decompress.c \
		zstd_decompress_block.c)
zstd_CFLAGS := -DZSTD_LEGACY_SUPPORT=0 -DZSTD_DISABLE_ASM -DDYNAMIC_BMI2=0 -DZSTD_TRACE=0 \
	-DDEBUGLEVEL=0 -DZSTD_STRIP_ERROR_STRINGS -DHUF_FORCE_DECOMPRESS_X1 \
	-DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT -DZSTD_NO_INLINE
zstd_HEADERS := lib/zstd.h lib/zstd_errors.h
