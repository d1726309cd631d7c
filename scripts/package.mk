# Build one third-party package for one target. Run by the top Makefile under a lock, never by hand:
#
#   PKG   name; its recipe is src/package/PKG/PKG.mk
#   SRC   folder of the patched source, shared by all targets
#   OUT   folder of the result: include/ lib/
#   OUT_<package>  the OUT of each package in PKG_DEPENDS
#   PKG_CC PKG_AR PKG_CFLAGS ARCH_CFLAGS CROSS TARGET_MUSL TARGET_DEBIAN DL
#
# A recipe sets, with the package name as prefix:
#   VERSION  FILES (file:source-package ...)  LICENSE (file inside the source)  DEPENDS
#   LIB SRCS CFLAGS HEADERS  for the common case: compile these files into one archive
#   EXPORT  flags its users must compile with
#   PREPARE  commands after the patches, in $(SRC).tmp
#   EXTRACT BUILD  commands that replace the common case

include src/package/$(PKG)/$(PKG).mk

RECIPE := $(abspath src/package/$(PKG))
HASHES := $(RECIPE)/$(PKG).hash
FILES := $($(PKG)_FILES)
FILE_PATHS := $(foreach f,$(FILES),$(DL)/$(firstword $(subst :, ,$(f))))
PATCHES := $(sort $(wildcard $(RECIPE)/*.patch))
STAGE := $(OUT).tmp
MAP := -ffile-prefix-map=$(SRC)=$(PKG) -ffile-prefix-map=$(STAGE)=$(PKG)
Q := $(if $(filter 1,$(V)),,@)

.PHONY: build
build: $(OUT)/.done

# 1. source -------------------------------------------------------------------------------------

define untar
	$(Q)tar x -f $(firstword $(FILE_PATHS)) -C $(SRC).tmp --strip-components=1 --no-same-owner
	$(foreach f,$(filter %.debian.tar.xz,$(FILE_PATHS)),$(Q)scripts/apply-series $(f) $(SRC).tmp)
endef

$(SRC)/.done:
	$(Q)$(foreach f,$(FILES),scripts/fetch $(DL) $(HASHES) $(subst :, ,$(f)) &&) :
	@echo "  UNPACK  $(PKG)-$($(PKG)_VERSION)"
	$(Q)rm -rf $(SRC).tmp $(SRC) && mkdir -p $(SRC).tmp
	$(if $($(PKG)_EXTRACT),$($(PKG)_EXTRACT),$(untar))
	$(Q)set -e; for p in $(PATCHES); do patch -s -d $(SRC).tmp -p1 <$$p; done
	$($(PKG)_PREPARE)
	$(Q)want=$$(awk '$$3 == "$($(PKG)_LICENSE)" { print $$2 }' $(HASHES)); \
	echo "$$want  $(SRC).tmp/$($(PKG)_LICENSE)" | sha256sum -c --quiet || \
	{ echo "$(PKG): the licence text is not the one that was read" >&2; exit 1; }
	$(Q)touch $(SRC).tmp/.done && mv $(SRC).tmp $(SRC)

# 2. library ------------------------------------------------------------------------------------

OBJS := $(patsubst %,$(STAGE)/obj/%.o,$(basename $($(PKG)_SRCS)))
# -I of a recipe is relative to the source unless it is absolute
FLAGS := $(PKG_CFLAGS) $(MAP) -w $(foreach f,$($(PKG)_CFLAGS),$(if $(filter -I/%,$(f)),$(f),$(patsubst \
	-I%,-I$(SRC)/%,$(f)))) $(foreach d,$($(PKG)_DEPENDS),-I$(OUT_$(d))/include)

.SECONDEXPANSION:
$(OUT)/.done: $(SRC)/.done
	$(Q)rm -rf $(STAGE) $(OUT) && mkdir -p $(STAGE)
	@echo "  PKG     $(notdir $(OUT))"
	$(Q)$(MAKE) --no-print-directory -f scripts/package.mk stage
	$(Q)touch $(STAGE)/.done && mv $(STAGE) $(OUT)

.PHONY: stage
ifdef $(PKG)_BUILD
stage:
	$($(PKG)_BUILD)
else
stage: $(STAGE)/lib/$($(PKG)_LIB)
	$(Q)mkdir -p $(STAGE)/include && cp $(addprefix $(SRC)/,$($(PKG)_HEADERS)) $(STAGE)/include/

$(STAGE)/lib/$($(PKG)_LIB): $(OBJS)
	$(Q)mkdir -p $(@D) && $(PKG_AR) rcsD $@ $^
endif

$(STAGE)/obj/%.o: $(SRC)/%.c
	$(Q)mkdir -p $(@D) && $(PKG_CC) $(FLAGS) -c -o $@ $<
$(STAGE)/obj/%.o: $(SRC)/%.S
	$(Q)mkdir -p $(@D) && $(PKG_CC) $(FLAGS) -c -o $@ $<
$(STAGE)/obj/%.o: $(SRC)/%.asm
	$(Q)mkdir -p $(@D) && nasm -f elf64 $(patsubst -I%,-I%/,$(filter -I%,$(FLAGS))) -o $@ $<
