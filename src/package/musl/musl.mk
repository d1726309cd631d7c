# libc of every target: small, static linking is a first-class use, MIT. Debian's patch series adds
# the static-pie link specs, renameat2 and the fixes made since the release.
musl_VERSION := 1.2.5
musl_FILES := musl_1.2.5.orig.tar.gz:musl musl_1.2.5-3.1~deb13u1.debian.tar.xz:musl
musl_LICENSE := COPYRIGHT
musl_DEPENDS := linux-headers

# The install prefix ends up in the specs file, so it is the final folder, not the staging one.
define musl_BUILD
	$(Q)mkdir -p $(STAGE)/obj
	$(Q)cd $(STAGE)/obj && CC='$(CROSS)gcc' CROSS_COMPILE='$(CROSS)' \
		CFLAGS='-w -Os -pipe $(ARCH_CFLAGS) -ffunction-sections -fdata-sections -fPIE $(MAP)' \
		$(SRC)/configure --target=$(TARGET_MUSL) --prefix=$(OUT) --syslibdir=$(OUT)/lib \
		--disable-shared --enable-wrapper=gcc >configure.log
	+$(Q)$(MAKE) --no-print-directory -C $(STAGE)/obj >$(STAGE)/obj/make.log
	+$(Q)$(MAKE) --no-print-directory -C $(STAGE)/obj DESTDIR=$(STAGE)/root install >>$(STAGE)/obj/make.log
	$(Q)mv $(STAGE)/root$(OUT)/lib $(STAGE)/root$(OUT)/include $(STAGE)/
	$(Q)cp -a $(OUT_linux-headers)/include/. $(STAGE)/include/
	$(Q)rm -rf $(STAGE)/root $(STAGE)/obj
endef
