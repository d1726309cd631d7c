# Kernel UAPI headers. The package is "Architecture: all" and holds the headers of every
# architecture, so one pinned file of 3 MB serves all targets; it costs no flash.
linux-headers_VERSION := 6.12.117
linux-headers_FILES := linux-libc-dev_6.12.117-1_all.deb:linux-libc-dev
linux-headers_LICENSE := copyright

define linux-headers_EXTRACT
	$(Q)dpkg-deb --fsys-tarfile $(firstword $(FILE_PATHS)) | tar x -C $(SRC).tmp \
		./usr/include ./usr/lib/linux/uapi ./usr/share/doc/linux-libc-dev/copyright
	$(Q)cp $(SRC).tmp/usr/share/doc/linux-libc-dev/copyright $(SRC).tmp/copyright
endef

define linux-headers_BUILD
	$(Q)mkdir -p $(STAGE)/include
	$(Q)cd $(SRC)/usr/include && cp -a linux asm-generic mtd $(STAGE)/include/
	$(Q)cp -aL $(SRC)/usr/include/$(TARGET_DEBIAN)/asm $(STAGE)/include/asm
endef
