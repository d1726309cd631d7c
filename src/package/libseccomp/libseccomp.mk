# Compiler of seccomp filters (about 80 KiB).
libseccomp_VERSION := 2.6.0
libseccomp_FILES := libseccomp_2.6.0.orig.tar.gz:libseccomp
libseccomp_LICENSE := LICENSE
libseccomp_LIB := libseccomp.a
libseccomp_SRCS := $(addprefix src/,api.c arch.c db.c gen_bpf.c gen_pfc.c hash.c helper.c syscalls.c \
		syscalls.perf.c system.c) \
	$(patsubst %,src/arch-%.c,x86 x86_64 x32 arm aarch64 loongarch64 m68k mips mips64 mips64n32 \
		parisc parisc64 ppc ppc64 riscv64 s390 s390x sh)
libseccomp_CFLAGS := -I$(abspath src/package/libseccomp) -Iinclude -Isrc
libseccomp_HEADERS := include/seccomp.h include/seccomp-syscalls.h
