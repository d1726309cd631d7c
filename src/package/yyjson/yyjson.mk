# OCI and Docker JSON with a fixed-pool allocator (about 60 KiB). The slow float path saves 29 KiB.
yyjson_VERSION := 0.10.0
yyjson_FILES := yyjson_0.10.0+ds.orig.tar.xz:yyjson
yyjson_LICENSE := LICENSE
yyjson_LIB := libyyjson.a
yyjson_SRCS := src/yyjson.c
yyjson_CFLAGS := -DYYJSON_DISABLE_NON_STANDARD=1 -DYYJSON_DISABLE_UTILS=1 \
	-DYYJSON_DISABLE_INCR_READER=1 -DYYJSON_DISABLE_FAST_FP_CONV=1
yyjson_HEADERS := src/yyjson.h
# the header hides what the library was built without, so the users need the same switches
yyjson_EXPORT := $(yyjson_CFLAGS)
