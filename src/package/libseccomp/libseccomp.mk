# Numbers of system calls by name, about 30 KiB with the tables of the target's own family of architectures only (see
# prune.py). Its compiler is not linked into the binary (runtime/confine/filter.c is ours); the unit tests compare
# the two. LGPL-2.1: 'make relink-kit' packs what relinking needs.
libseccomp_VERSION := 2.6.0
libseccomp_FILES := libseccomp_2.6.0.orig.tar.gz:libseccomp
libseccomp_LICENSE := LICENSE
libseccomp_LIB := libseccomp.a
libseccomp_SRCS := $(addprefix src/,api.c arch.c db.c gen_bpf.c gen_pfc.c hash.c helper.c syscalls.c \
		syscalls.perf.c system.c) \
	$(patsubst %,src/arch-%.c,x86 x86_64 x32 arm aarch64 riscv64)
libseccomp_CFLAGS := -I$(abspath src/package/libseccomp) -Iinclude -Isrc
libseccomp_HEADERS := include/seccomp.h include/seccomp-syscalls.h

define libseccomp_PREPARE
	$(Q)src/package/libseccomp/prune.py $(SRC).tmp
endef
