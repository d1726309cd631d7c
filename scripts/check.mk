# Tests: which programs a goal needs, and how the driver is called. Read by scripts/build.mk.
#
# T=words narrows any of these goals to tests whose path contains one of the words:
#	make unit T=manifest        make story T='pull restart'

# only the tests that the narrowing leaves
pick = $(strip $(if $(T),$(foreach t,$(1),$(if $(strip $(foreach w,$(T),$(findstring $(w),$(t)))),$(t))),$(1)))

UNIT := $(call pick,$(UNIT_TESTS) $(FUZZ_TESTS))
LINT := $(call pick,$(filter-out tests/lint/source.py,$(wildcard tests/lint/*.py tests/lint/*.sh)))
BUILD := $(call pick,$(wildcard tests/build/*.sh))
STORY := $(call pick,$(wildcard tests/story/*.sh))
VM := $(call pick,$(wildcard tests/vm/*.sh))
POWER := $(call pick,$(wildcard tests/power/*.sh))
UNIT_PROGRAMS := $(addprefix $(O)/,$(UNIT))
TOOL_PROGRAMS := $(addprefix $(O)/,$(TOOLS))
ASAN_PROGRAMS := $(addprefix $(O)/asan/,$(UNIT))

# Tests are not told about this make, nor about what narrows it: those of tests/build start their own.
DRIVER = env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u T -u V O=$(abspath $(O)) CLEAT=$(abspath $(O))/cleat \
	DL=$(DL) PKGDIR=$(PKGDIR) ARCH=$(ARCH) PYTHONDONTWRITEBYTECODE=1 \
	tests/run --under $(O) --wrapper '$(RUN)' $(if $(filter 1,$(V)),-v)
LINT_READY := $(O)/.flags $(O)/generated/autoconf.h $(target_READY)

.PHONY: unit lint story vm buildtest check check-asan check-corpus fuzz-short
unit: $(UNIT_PROGRAMS)
	$(Q)$(DRIVER) $(UNIT)
lint: $(LINT_READY)
	$(Q)$(DRIVER) $(LINT)
story: $(O)/cleat $(TOOL_PROGRAMS)
	$(Q)$(DRIVER) $(STORY)
vm: $(O)/cleat
	$(Q)$(DRIVER) $(VM)
buildtest: $(O)/cleat
	$(Q)$(DRIVER) $(BUILD)

# every state of the disk, which 'make check' has only a part of: some minutes. N cuts at random instants, ten
# seconds each; what a failing SEED did is done again
N ?= 200
.PHONY: power power-cut power-kill
power-kill: $(O)/cleat $(O)/tests/tool/faults
	$(Q)KILLS=full TEST_SECONDS=3600 VERBS='$(VERBS)' $(DRIVER) tests/power/kill.sh
power-cut: $(O)/cleat
	$(Q)CUTS='$(N)' SEED='$(SEED)' TEST_SECONDS=$$((300 + $(N) * 60)) $(DRIVER) -v tests/power/cut.sh
power: $(O)/cleat
	$(Q)POWER=full TEST_SECONDS=3600 SEED='$(SEED)' $(DRIVER) tests/power/replay.sh

# CHECK is what 'make check' runs, cheapest first. A foreign binary cannot run the stories here; the
# VM stories start the boards' own kernels and are part of the native check. The stories wait most of
# their time; the build tests, niced and in folders of their own, use it.
CHECK := $(LINT) $(UNIT) $(if $(RUN),,$(BUILD) $(STORY) $(VM) $(POWER))
check: $(O)/cleat $(UNIT_PROGRAMS) $(TOOL_PROGRAMS) $(LINT_READY)
	$(Q)$(DRIVER) --beside tests/build/ $(CHECK)

check-asan: $(ASAN_PROGRAMS)
	$(Q)$(DRIVER) --under $(O)/asan --wrapper '' $(UNIT)

# archives and compressed files that once broke libarchive, zlib and zstd, with the sanitizers
check-corpus: $(O)/asan/tests/tool/unpack_client
	$(Q)UNPACK_CLIENT='$(abspath $<)' $(DRIVER) tests/story/unpack_corpus.sh

# FUZZ_SECONDS for each target, starting from its corpus; what it finds is left in O/fuzz/<target>/
FUZZ_SECONDS ?= 5
FUZZERS := $(addsuffix .libfuzzer,$(addprefix $(O)/asan/,$(call pick,$(FUZZ_TESTS))))
fuzz-short: $(FUZZERS)
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZERS='$(abspath $(FUZZERS))' $(DRIVER) tests/fuzz/short.sh

# Somebody else's cases: S=suite, T=words in the names of the cases, R=/path/of/another/runtime
S ?= runtime-tools
.PHONY: conformance
conformance: $(O)/cleat
	$(Q)env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u T -u S -u R O=$(abspath $(O)) DL=$(DL) PKGDIR=$(PKGDIR) \
		ARCH=$(ARCH) tests/conformance/run $(if $(R),--runtime $(R)) $(S) $(T)

# Figures ---------------------------------------------------------------------------------------

# B=words narrows to the comparisons whose path contains one of the words; ROUNDS is how often each runs
BENCH := $(strip $(if $(B),$(foreach t,$(wildcard tests/bench/*.sh),$(if $(strip $(foreach \
	w,$(B),$(findstring $(w),$(t)))),$(t))),$(wildcard tests/bench/*.sh)))

.PHONY: size relink-kit bench
bench: $(O)/cleat $(addprefix $(O)/,$(BENCHES)) $(O)/tests/tool/filter
	$(Q)for b in $(BENCH); do env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS TOP=$(CURDIR) O=$(abspath $(O)) \
		CLEAT=$(abspath $(O))/cleat ARCH=$(ARCH) DL=$(DL) PKGDIR=$(PKGDIR) $$b || exit; done
size: $(O)/cleat
	$(Q)scripts/size $(O)/cleat $(O)/cleat.map
relink-kit: $(O)/cleat
	$(Q)scripts/relink-kit '$(O)' '$(O)/relink-kit' '$(ARCH)' '$(target_CC)' '$(target_LDFLAGS)' \
		'$(target_MUSL)' '$(DL)' $(target_LIBFILES)
