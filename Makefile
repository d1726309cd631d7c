# The build of cleat. docs/internals/build.md explains how a folder, a symbol, a package and a test
# are added; 'make help' lists the targets. Non-recursive: this file reads every Kbuild fragment, so
# make sees one graph. Needs GNU make 4.3.

VERSION := 0.1.0

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
unexport LIBRARY_PATH CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH OBJC_INCLUDE_PATH
export LC_ALL := C

O ?= build
DL ?= dl
PKGDIR ?= build/pkg
WERROR ?= 1
V ?= 0
override DL := $(abspath $(DL))
override PKGDIR := $(abspath $(PKGDIR))
Q := $(if $(filter 1,$(V)),,@)
say = @$(if $(filter 1,$(V)),:,printf '  %-7s %s\n' $(1) $(2))

.PHONY: all
all:

# Goals that promise to work on a machine with nothing installed install first what is missing.
ifneq ($(filter check run run-check,$(MAKECMDGOALS)),)
ifeq ($(MAKELEVEL)$(MAKE_RESTARTS),0)
ifneq ($(shell scripts/deps >&2 && echo installed),installed)
$(error installing dependencies failed)
endif
endif
endif

# Configuration ---------------------------------------------------------------------------------

HOST_ARCH := $(patsubst armv7%,armv7,$(shell uname -m))
HOST_DEFCONFIG := configs/qemu_$(HOST_ARCH)_defconfig
KCONFIG := scripts/kconfig -c $(O)/.config
KCONFIG_FILES := Kconfig $(wildcard src/*/Kconfig src/*/*/Kconfig)
CONFIG_GOALS := %_defconfig menuconfig savedefconfig olddefconfig allnoconfig allyesconfig randconfig
NO_CONFIG_GOALS := $(CONFIG_GOALS) clean distclean help deps format
EVERY_GOAL := $(or $(MAKECMDGOALS),all)

.PHONY: menuconfig savedefconfig olddefconfig allnoconfig allyesconfig randconfig
%_defconfig: FORCE
	$(Q)$(KCONFIG) defconfig configs/$@
olddefconfig allnoconfig allyesconfig randconfig: FORCE
	$(Q)$(KCONFIG) $@ $(HOST_DEFCONFIG)
menuconfig: $(O)/.config
	$(Q)$(KCONFIG) menuconfig
savedefconfig: $(O)/.config
	$(Q)$(KCONFIG) savedefconfig $(O)/defconfig
	@echo "  wrote $(O)/defconfig"

# A configuration goal on the same command line ('make rpi4_defconfig all') comes first: the rest is
# given to a second make, which reads the new .config from the start.
ifneq ($(filter $(CONFIG_GOALS),$(EVERY_GOAL)),)
ifneq ($(filter-out $(CONFIG_GOALS),$(EVERY_GOAL)),)
MIXED_GOALS := y
endif
endif

ifdef MIXED_GOALS
.NOTPARALLEL:
$(filter-out $(CONFIG_GOALS),$(EVERY_GOAL)): $(filter $(CONFIG_GOALS),$(EVERY_GOAL)) FORCE
	$(Q)$(MAKE) --no-print-directory $@
else ifneq ($(filter-out $(NO_CONFIG_GOALS),$(EVERY_GOAL)),)
NEED_CONFIG := y
endif

# a board's, and what a machine with another init than cleat wants
$(O)/.config:
	$(Q)$(KCONFIG) defconfig $(HOST_DEFCONFIG)
	$(Q)sed -i 's/^# \(CONFIG_OCI_SYSTEMD\) is not set/\1=y/' $@

ifdef NEED_CONFIG
$(O)/generated/auto.conf: $(O)/.config $(KCONFIG_FILES) scripts/kconfig
	$(Q)$(KCONFIG) generate $(O)/generated && touch $@
$(O)/generated/autoconf.h: $(O)/generated/auto.conf ;
-include $(O)/generated/auto.conf
include scripts/build.mk
endif

# Everything else -------------------------------------------------------------------------------

.PHONY: clean distclean deps format help FORCE
clean:
	$(Q)find $(O) -mindepth 1 -maxdepth 1 ! -name .config ! -name pkg -exec rm -rf {} + 2>/dev/null || :
distclean:
	$(Q)rm -rf $(O)
deps:
	$(Q)scripts/deps
format:
	$(Q)find src tests -name '*.[ch]' ! -path 'src/package/*' -print0 | xargs -0 clang-format-14 -i
help:
	@sed -n 's/^##//p' scripts/help.txt
FORCE:
