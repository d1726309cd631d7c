# Tests: which programs a target builds, and how the driver is called. Read by scripts/build.mk.

UNIT_PROGRAMS := $(addprefix $(O)/,$(UNIT_TESTS))
FUZZ_PROGRAMS := $(addprefix $(O)/,$(FUZZ_TESTS))
DRIVER = O=$(abspath $(O)) TOP=$(CURDIR) CLEAT=$(abspath $(O))/cleat tests/run --wrapper '$(RUN)'

.PHONY: unit
unit: $(UNIT_PROGRAMS) $(FUZZ_PROGRAMS)
	$(Q)$(DRIVER) --under $(O) $(UNIT_TESTS) $(FUZZ_TESTS)
