# From sources to binaries. Read by the top Makefile once there is a configuration.

# Target ----------------------------------------------------------------------------------------

ifdef CONFIG_X86_64
ARCH := x86_64
CROSS := x86_64-linux-gnu-
TARGET_MUSL := x86_64-linux-musl
TARGET_DEBIAN := x86_64-linux-gnu
ARCH_HARDEN := -fcf-protection=full
# GCC gives every array of 32 bytes 32 of alignment, for vector units that nothing here uses
ARCH_CFLAGS := -malign-data=abi
# 20 KiB of relocations become 0.2; GNU ld 2.40 knows it for this architecture only
ARCH_LDFLAGS := -Wl,-z,pack-relative-relocs
endif
ifdef CONFIG_AARCH64
ARCH := aarch64
CROSS := aarch64-linux-gnu-
TARGET_MUSL := aarch64-linux-musl
TARGET_DEBIAN := aarch64-linux-gnu
ARCH_HARDEN := -mbranch-protection=standard
# GNU ld's default of 64 KiB pages costs up to 60 KiB of padding; kernels with pages above 16 KiB
# are for servers.
ARCH_LDFLAGS := -Wl,-z,max-page-size=16384
endif
ifdef CONFIG_ARMV7
ARCH := armv7
CROSS := arm-linux-gnueabihf-
TARGET_MUSL := arm-linux-musleabihf
TARGET_DEBIAN := arm-linux-gnueabihf
ARCH_CFLAGS := -march=armv7-a+fp -mthumb
QEMU_USER := qemu-arm
endif
ifdef CONFIG_ARMV6
ARCH := armv6
CROSS := arm-linux-gnueabi-
TARGET_MUSL := arm-linux-musleabi
TARGET_DEBIAN := arm-linux-gnueabi
# Debian's libgcc for this compiler is soft-float, so VFP values travel in integer registers
ARCH_CFLAGS := -march=armv6+fp -marm -mfloat-abi=softfp
QEMU_USER := qemu-arm -cpu arm1176
endif
ifdef CONFIG_RISCV64
ARCH := riscv64
CROSS := riscv64-linux-gnu-
TARGET_MUSL := riscv64-linux-musl
TARGET_DEBIAN := riscv64-linux-gnu
ARCH_CFLAGS := -march=rv64gc -mabi=lp64d
endif
QEMU_USER := $(or $(QEMU_USER),qemu-$(ARCH))
# Programs of this architecture run here as they are, or through user-mode emulation
RUN := $(if $(filter $(ARCH),$(HOST_ARCH)),,$(QEMU_USER))

# Third-party packages --------------------------------------------------------------------------
#
# A package's folder is named after a hash over everything that decides its contents: recipe,
# patches, compiler, flags, dependencies. So the folder is shared between configurations and
# worktrees, an edited recipe gets a new one, and nothing there ever changes in place.

PACKAGES := $(patsubst src/package/%/,%,$(wildcard src/package/*/))
include $(foreach p,$(PACKAGES),src/package/$(p)/$(p).mk)
LIBS := libseccomp libarchive zstd $(if $(CONFIG_INFLATE_ISAL),libisal) zlib libyaml yyjson $(if $(CONFIG_TLS_BEARSSL),bearssl,mbedtls)

hash = $(shell printf '%s' '$(1)' | sha256sum | cut -c1-12)
package_source_key = $(shell cat scripts/package.mk scripts/apply-series \
	$(sort $(wildcard $(addprefix src/package/$(1)/,*.* */*.h */*/*.h))) | sha256sum | cut -c1-12)
all_depends = $(sort $(foreach d,$($(1)_DEPENDS),$(d) $(call all_depends,$(d))))
$(foreach p,$(PACKAGES),$(eval SRCKEY_$(p) := $(call package_source_key,$(p))))

# package_dir(variant, name): PKG_<variant>_<name>, where NAME built for VARIANT is or will be
define package_dir
PKG_$(1)_$(2) := $(PKGDIR)/$(2)-$($(1)_NAME)-$(call hash,$(SRCKEY_$(2)) $(foreach \
	d,$(call all_depends,$(2)) $($(1)_LIBC) $(call all_depends,$($(1)_LIBC)),$(SRCKEY_$(d))) $(if $($(2)_BUILD),$($(1)_COMPILER),$($(1)_ID)))
endef

# package_rule(variant, name): how it gets there. Two makes that want the same folder meet at the
# lock; the second finds the work done.
define package_rule
$$(PKG_$(1)_$(2))/.done: $$(foreach d,$$($(2)_DEPENDS) $$(if $$($(2)_BUILD),,$$($(1)_LIBC)),$$(PKG_$(1)_$$(d))/.done)
	$$(Q)mkdir -p $$(PKGDIR)/src && flock $$(PKGDIR)/src/$(2)-$(SRCKEY_$(2)).lock \
	$$(MAKE) $$(if $$(Q),-s) --no-print-directory -f scripts/package.mk build V=$$(V) DL=$$(DL) \
		PKG=$(2) SRC=$$(PKGDIR)/src/$(2)-$(SRCKEY_$(2)) OUT=$$(@D) CROSS=$$(CROSS) \
		PKG_CC='$$($(1)_CC)' PKG_AR='$$($(1)_AR)' PKG_CFLAGS='$$($(1)_PKG_CFLAGS)' \
		ARCH_CFLAGS='$$(ARCH_CFLAGS)' TARGET_MUSL=$$(TARGET_MUSL) TARGET_DEBIAN=$$(TARGET_DEBIAN) \
		$$(foreach d,$$($(2)_DEPENDS),OUT_$$(d)=$$(PKG_$(1)_$$(d)))
endef

# Sources ---------------------------------------------------------------------------------------

# descend(folder): read its Kbuild fragment; add its objects to OBJS, itself to FOLDERS
define descend
$(eval obj-y :=)$(eval obj- :=)$(eval -include $(1)/Kbuild)$(eval OBJS += $(addprefix \
	$(1)/,$(filter %.o,$(obj-y))))$(eval below_$(1) := $(filter %/,$(obj-y)))$(if \
	$(wildcard $(1)/Kbuild),$(eval FOLDERS += $(1)))$(foreach d,$(below_$(1)),$(call \
	descend,$(1)/$(d:/=)))
endef
$(call descend,src)
OBJS := $(sort $(OBJS))
LIB_OBJS := $(filter-out src/main.o,$(OBJS))
NOSYS_OBJS := $(filter-out src/sys/%,$(LIB_OBJS))

UNIT_TESTS := $(patsubst %.c,%,$(foreach f,$(filter-out src,$(FOLDERS)),$(wildcard \
	tests/unit/$(f:src/%=%)/test_*.c)))
-include tests/unit/Kbuild
UNIT_TESTS := $(filter-out $(addprefix tests/unit/,$(skip-y)),$(UNIT_TESTS))
FAKE_TESTS := $(filter $(addprefix tests/unit/,$(fake-y)),$(UNIT_TESTS))
FUZZ_TESTS := $(foreach t,$(patsubst %.c,%,$(wildcard tests/fuzz/fuzz_*.c)),$(if \
	$(filter $(t),$(addprefix tests/fuzz/,$(fuzz-skip-y))),,$(t)))

# programs that drive a part for the tests: built for the target, started by tests/story
TOOLS := $(patsubst %.c,%,$(wildcard tests/tool/*.c))
# yardsticks of tests/bench: libc alone, nothing of src/
BENCHES := $(patsubst %.c,%,$(wildcard tests/bench/*.c))

# Flags -----------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wvla -Wswitch-enum -Wmissing-prototypes -Wframe-larger-than=4096 \
	$(if $(filter 1,$(WERROR)),-Werror)
SECTIONS := -ffunction-sections -fdata-sections
# our headers before libc's, see fortify.h there
FORTIFY := $(if $(CONFIG_FORTIFY),-isystem $(CURDIR)/src/package/musl/fortify)
HARDEN := $(if $(CONFIG_STACK_PROTECTOR),-fstack-protector-strong) $(ARCH_HARDEN)
COMMON_CPPFLAGS = -D_GNU_SOURCE -Isrc -I$(O) -include $(O)/generated/autoconf.h -DCLEAT_VERSION='"$(VERSION)"' \
	$(foreach l,$(LIBS),$($(l)_EXPORT) -isystem $(PKG_$(1)_$(l))/include)
TEST_CPPFLAGS = -Itests $(cmocka_EXPORT) -isystem $(PKG_$(1)_cmocka)/include

# target: what is installed, against musl
target_NAME := $(ARCH)
target_LIBC := musl
target_PACKAGES := $(PACKAGES)
target_MUSL = $(PKG_target_musl)
target_CC = $(CROSS)gcc $(ARCH_CFLAGS) -specs=$(target_MUSL)/lib/musl-gcc.specs
target_AR := $(CROSS)gcc-ar
target_OPT := -Os $(SECTIONS) -fPIE -fno-asynchronous-unwind-tables -fno-unwind-tables \
	$(HARDEN) $(if $(CONFIG_LTO),-flto)
target_PKG_CFLAGS := $(target_OPT) $(FORTIFY)
target_COMPILER := $(shell $(CROSS)gcc --version 2>&1 | head -n 1) $(ARCH_CFLAGS)
target_ID := $(target_COMPILER) $(target_OPT) $(CONFIG_FORTIFY)
# for our own code, none of which is in an inner loop; GCC knows -Oz since version 12
OZ := $(if $(shell $(CROSS)gcc -Oz -x c -c -o /dev/null /dev/null 2>&1),,-Oz)
target_CFLAGS := -std=gnu17 $(target_OPT) $(OZ) $(FORTIFY) $(WARN) $(if $(CONFIG_DEBUG_INFO),-g) \
	-ffile-prefix-map=$(abspath $(O))=. -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(PKGDIR)=pkg
# one partition: 12 KiB smaller than several, and not slower to link on two processors
target_LDFLAGS := -static-pie -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack,--build-id=none \
	$(ARCH_LDFLAGS) $(if $(CONFIG_LTO),-flto -flto-partition=one -Wno-maybe-uninitialized -Wno-frame-larger-than)

# asan: tests only, against the build machine's libc, with clang's sanitizers
SAN := -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
CLANG ?= clang-14
asan_NAME := asan
asan_PACKAGES := $(filter-out linux-headers musl,$(PACKAGES))
asan_CC := $(CLANG)
asan_AR := llvm-ar-14
asan_OPT := -O1 -g -fno-omit-frame-pointer $(SAN)
asan_PKG_CFLAGS := $(asan_OPT)
asan_COMPILER := $(shell $(CLANG) --version 2>&1 | head -n 1)
asan_ID := $(asan_COMPILER) $(asan_OPT)
# gcc is the judge of warnings; clang's are shown, without those about what is meant here
asan_CFLAGS := -std=gnu17 $(asan_OPT) $(filter-out -Wframe-larger-than=% -Werror,$(WARN)) \
	-Wno-missing-field-initializers -Wno-string-plus-int
asan_LDFLAGS := $(SAN)

# The commit's time, not the clock's: two builds of one commit are the same, byte for byte.
BUILD_TIME := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),$(shell \
	stat -c %Y Makefile))
$(O)/generated/build_time.h: $(O)/generated/auto.conf FORCE
	@echo '#define BUILD_TIME_S $(BUILD_TIME)' | cmp -s - $@ || \
	echo '#define BUILD_TIME_S $(BUILD_TIME)' >$@

# variant(name, folder of objects): every rule that turns sources into libraries and test programs
define variant
$(foreach p,$($(1)_PACKAGES),$(eval $(call package_dir,$(1),$(p))))
$(foreach p,$($(1)_PACKAGES),$(eval $(call package_rule,$(1),$(p))))
$(1)_LIBFILES := $$(foreach l,$$(LIBS),$$(PKG_$(1)_$$(l))/lib/$$($$(l)_LIB))
$(1)_READY := $$(foreach l,$$(LIBS) cmocka $$($(1)_LIBC),$$(PKG_$(1)_$$(l))/.done)
$(1)_FLAGS := $$($(1)_CFLAGS) $$(call COMMON_CPPFLAGS,$(1))

# compile and link again when the command changes, not only when a source does
$(2)/.flags: FORCE
	@mkdir -p $$(@D); echo '$$(subst ','\'',$$($(1)_CC) $$($(1)_FLAGS))' | cmp -s - $$@ || \
	echo '$$(subst ','\'',$$($(1)_CC) $$($(1)_FLAGS))' >$$@
$(2)/.ldflags: FORCE
	@mkdir -p $$(@D); echo '$$($(1)_LDFLAGS) $$($(1)_LIBFILES)' | cmp -s - $$@ || \
	echo '$$($(1)_LDFLAGS) $$($(1)_LIBFILES)' >$$@

$(2)/src/%.o: src/%.c $(2)/.flags | $(O)/generated/autoconf.h $$($(1)_READY)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D) && $$($(1)_CC) $$($(1)_FLAGS) -MMD -MP -c -o $$@ $$<
$(2)/tests/%.o: tests/%.c $(2)/.flags | $(O)/generated/autoconf.h $$($(1)_READY)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D) && $$($(1)_CC) $$($(1)_FLAGS) $$(call TEST_CPPFLAGS,$(1)) -MMD -MP -c -o $$@ $$<

$(2)/src/base/build.o: $(O)/generated/build_time.h

$(2)/libcleat.a: $$(addprefix $(2)/,$$(LIB_OBJS))
$(2)/libcleat-nosys.a: $$(addprefix $(2)/,$$(NOSYS_OBJS))
# thin archives: the linker's map then tells files of one name in different folders apart
$(2)/libcleat.a $(2)/libcleat-nosys.a: $(2)/.objs
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$($(1)_AR) rcsDT $$@ $$(filter %.o,$$^)
$(2)/.objs: FORCE
	@mkdir -p $$(@D); echo '$$(OBJS)' | cmp -s - $$@ || echo '$$(OBJS)' >$$@

$$(addprefix $(2)/,$$(filter-out $$(FAKE_TESTS),$$(UNIT_TESTS))): $(2)/%: $(2)/%.o $(2)/libcleat.a $(2)/.ldflags
$$(addprefix $(2)/,$$(FAKE_TESTS)): $(2)/%: $(2)/%.o $(2)/tests/fake/fake_sys.o $(2)/libcleat-nosys.a $(2)/.ldflags
$$(addprefix $(2)/,$$(UNIT_TESTS)):
	$$(call say,LD,$$@)
	$$(Q)$$($(1)_CC) $$($(1)_CFLAGS) $$($(1)_LDFLAGS) -o $$@ $$(filter %.o,$$^) -Wl,--start-group \
		$$(filter %.a,$$^) $$($(1)_LIBFILES) -Wl,--end-group \
		$$(PKG_$(1)_cmocka)/lib/$$(cmocka_LIB)

$$(addprefix $(2)/,$$(FUZZ_TESTS)): $(2)/%: $(2)/%.o $(2)/tests/fuzz/replay.o $(2)/libcleat.a $(2)/.ldflags
	$$(call say,LD,$$@)
	$$(Q)$$($(1)_CC) $$($(1)_CFLAGS) $$($(1)_LDFLAGS) -o $$@ $$(filter %.o,$$^) -Wl,--start-group \
		$$(filter %.a,$$^) $$($(1)_LIBFILES) -Wl,--end-group

$$(addprefix $(2)/,$$(TOOLS)): $(2)/%: $(2)/%.o $(2)/libcleat.a $(2)/.ldflags
	$$(call say,LD,$$@)
	$$(Q)$$($(1)_CC) $$($(1)_CFLAGS) $$($(1)_LDFLAGS) -o $$@ $$< -Wl,--start-group \
		$$(filter %.a,$$^) $$($(1)_LIBFILES) -Wl,--end-group

$$(addprefix $(2)/,$$(BENCHES)): $(2)/%: $(2)/%.o $(2)/.ldflags
	$$(call say,LD,$$@)
	$$(Q)$$($(1)_CC) $$($(1)_CFLAGS) $$($(1)_LDFLAGS) -s -o $$@ $$<

-include $$(patsubst %.o,$(2)/%.d,$$(OBJS)) $$(patsubst %,$(2)/%.d,$$(UNIT_TESTS) $$(FUZZ_TESTS) $$(TOOLS)) \
	$$(wildcard $(2)/tests/fake/*.d $(2)/tests/fuzz/*.d)
endef

$(eval $(call variant,target,$(O)))
ifneq ($(filter check-asan check-corpus fuzz-short,$(EVERY_GOAL)),)
$(eval $(call variant,asan,$(O)/asan))

$(O)/asan/%.libfuzzer: $(O)/asan/%.o $(O)/asan/libcleat.a
	$(call say,LD,$@)
	$(Q)$(asan_CC) $(asan_CFLAGS) $(asan_LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) \
		-Wl,--start-group $(filter %.a,$^) $(asan_LIBFILES) -Wl,--end-group
endif

# The binary ------------------------------------------------------------------------------------

all: $(O)/cleat
$(O)/cleat.debug: $(O)/src/main.o $(O)/libcleat.a $(O)/.ldflags
	$(call say,LD,$@)
	$(Q)$(target_CC) $(target_CFLAGS) $(target_LDFLAGS) -Wl,-Map=$(O)/cleat.map -o $@ $(O)/src/main.o \
		-Wl,--start-group $(O)/libcleat.a $(target_LIBFILES) -Wl,--end-group
$(O)/cleat: $(O)/cleat.debug
	$(call say,STRIP,$@)
	$(Q)$(CROSS)strip -o $@ $<

include scripts/check.mk
include scripts/demo.mk
