# Tar (ustar, pax, GNU) in and out with gzip and zstd read filters (about 50 KiB). Nothing that
# touches a file system is compiled: extraction is done by src/unpack under its own rules.
libarchive_VERSION := 3.7.4
libarchive_FILES := libarchive_3.7.4.orig.tar.xz:libarchive \
	libarchive_3.7.4-4+deb13u1.debian.tar.xz:libarchive
libarchive_LICENSE := COPYING
libarchive_LIB := libarchive.a
libarchive_DEPENDS := zlib zstd
libarchive_SRCS := $(patsubst %,libarchive/archive_%.c,acl check_magic entry entry_sparse entry_stat \
	entry_strmode entry_xattr options pack_dev random rb read read_open_memory read_set_options \
	read_support_filter_gzip read_support_filter_zstd read_support_format_tar string \
	string_sprintf util virtual write write_set_format_gnutar write_set_format_pax \
	write_set_format_ustar)
libarchive_CFLAGS := -DHAVE_CONFIG_H -I$(abspath src/package/libarchive)
libarchive_HEADERS := libarchive/archive.h libarchive/archive_entry.h
