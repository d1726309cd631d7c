# demo.sh - the parts of the demo appliance. Sourced by board/qemu/run ('make run') and by tests/vm/demo.sh
# ('make run-check'), after tests/lib/registry.sh and tests/vm/lib/machine.sh.
#
#	demo_registry			certificates, a registry with the two images, running; made once, kept in $demo
#	demo_appliance			the initramfs: $TMP/demo.cpio
#	demo_port			a free port of this machine: $demo_port
#	demo_words, demo_disk		for vm_command: kernel words; options of QEMU for an empty data disk
#
# $demo ($O/demo) keeps what a second run can use again: the registry's storage and the certificates.

demo=$O/demo
demo_host=registry.lab # a name of the appliance's /etc/hosts for this machine's loopback
demo_words="cleat_data=/dev/vda cleat_hostname=demo"

demo_layer() {
	mkdir -p bin etc tmp www/cgi-bin
	cp "$PKGDIR/busybox-$ARCH" bin/busybox
	for demo_tool in sh cat date hostname httpd ls ps sleep sed id kill nc; do
		ln -s busybox "bin/$demo_tool"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
	echo 'www:x:1000:1000:web server:/www:/bin/sh' >>etc/passwd
	printf 'root:x:0:\nwww:x:1000:\n' >etc/group
	cp "$TOP/board/qemu/index.html" www/index.html
	cp "$TOP/board/qemu/status.cgi" www/cgi-bin/status
	cp "$TOP/board/qemu/client.sh" bin/client
	cp "$TOP/board/qemu/web.sh" bin/web
	chmod 755 www/cgi-bin/status bin/client bin/web
}

demo_images() {
	rm -rf "$TMP/oci"
	registry_quiet umoci init --layout "$TMP/oci" &&
		registry_quiet umoci new --image "$TMP/oci:web" &&
		registry_layer web web demo_layer &&
		registry_quiet umoci config --image "$TMP/oci:web" --architecture "$demo_arch" --config.user www \
			--config.env PATH=/bin --config.cmd web &&
		registry_quiet umoci config --image "$TMP/oci:web" --tag client --clear=config.cmd \
			--config.cmd client &&
		registry_push web "$registry/web:1" && registry_push client "$registry/client:1"
}

demo_key() {
	cat "$TOP/board/qemu/demo.sh" "$TOP/board/qemu/index.html" "$TOP/board/qemu/status.cgi" \
		"$TOP/board/qemu/client.sh" "$TOP/board/qemu/web.sh" "$TOP/tests/lib/registry.sh" "$PKGDIR/busybox-$ARCH" | sha256sum
}

demo_registry() {
	case $ARCH in
	x86_64) demo_arch=amd64 ;;
	aarch64) demo_arch=arm64 ;;
	*) demo_arch=arm ;;
	esac
	mkdir -p "$demo/pki" "$demo/registry-data"
	ln -sfn "$demo/pki" "$TMP/pki"
	ln -sfn "$demo/registry-data" "$TMP/registry-data"
	vm_busybox "$ARCH" || return 1
	exec 8>"$demo/.lock"
	flock 8
	openssl x509 -checkend 86400 -noout -in "$demo/pki/$demo_host.crt" >/dev/null 2>&1 || {
		registry_ca && registry_cert "$demo_host" ecdsa "DNS:$demo_host,DNS:localhost"
	} || return 1
	registry_start "$demo_host" || return 1
	[ "$(demo_key)" = "$(cat "$demo/images.key" 2>/dev/null)" ] || {
		demo_images && demo_key >"$demo/images.key"
	} || return 1
	exec 8>&-
}

demo_appliance() {
	rm -rf "$TMP/root"
	vm_root "$TMP/root" "$ARCH" "$CLEAT" || return 1
	demo_etc=$TMP/root/etc
	printf '127.0.0.1 localhost\n10.0.2.2 %s\n' "$demo_host" >"$demo_etc/hosts"
	mkdir -p "$demo_etc/cleat/certs.d/$demo_host:$registry_port"
	cp "$demo/pki/ca.crt" "$demo_etc/cleat/certs.d/$demo_host:$registry_port/ca.crt"
	sed "s/@REGISTRY@/$demo_host:$registry_port/" "$TOP/board/qemu/manifest.yaml" >"$demo_etc/cleat/manifest.yaml"
	vm_pack "$TMP/root" "$TMP/demo.cpio"
	vm_disk "$TMP/demo.img" 256
}

demo_port() {
	demo_port=$(registry_free_port)
	vm_forward=hostfwd=tcp:127.0.0.1:$demo_port-:80
}

demo_disk() {
	echo "-drive file=$TMP/demo.img,format=raw,if=none,id=data -device virtio-blk-pci,drive=data"
}
