# gzip layers: inflate, and deflate for what save and push write.
zlib_VERSION := 1.3.1
zlib_FILES := zlib_1.3.dfsg+really1.3.1.orig.tar.gz:zlib
zlib_LICENSE := LICENSE
zlib_LIB := libz.a
zlib_SRCS := adler32.c crc32.c deflate.c inffast.c inflate.c inftrees.c trees.c zutil.c
zlib_CFLAGS := -D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN -DHAVE_UNISTD_H
zlib_HEADERS := zlib.h zconf.h
