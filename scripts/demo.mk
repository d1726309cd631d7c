# The demo: a machine in QEMU that cleat boots. Read by scripts/build.mk.

.PHONY: run run-check
run: $(O)/cleat
	$(Q)TOP=$(CURDIR) O=$(abspath $(O)) CLEAT=$(abspath $(O))/cleat ARCH=$(ARCH) DL=$(DL) PKGDIR=$(PKGDIR) \
		board/qemu/run
# the same without a person, as a test
run-check: $(O)/cleat
	$(Q)$(DRIVER) tests/vm/demo.sh
