# local.sh - the story of an appliance that needs no registry: an image from a folder of its own root.
# Sourced with $arch set, after tap.sh, registry.sh and machine.sh.
#
#	local_boot	boot it and load the image as local/app:1; port 80 is forwarded from $local_port
#	local_off	power off, check the disk
#	local_story	boot, run a program, publish a port, power off

local_layer() {
	mkdir -p bin etc tmp www
	cp "$PKGDIR/busybox-$arch" bin/busybox
	for local_t in sh cat echo uname id httpd sleep ls head tail kill ps; do
		ln -s busybox "bin/$local_t"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd
	echo 'root:x:0:' >etc/group
	echo "hello from $arch" >www/index.html
}

# local_image DIR DEBIAN_ARCH
local_image() {
	vm_busybox "$arch" &&
		registry_quiet umoci init --layout "$TMP/oci" &&
		registry_quiet umoci new --image "$TMP/oci:app" &&
		registry_layer app app local_layer &&
		registry_quiet umoci config --image "$TMP/oci:app" --architecture "$2" \
			--config.env PATH=/bin --config.cmd httpd --config.cmd -f --config.cmd -p --config.cmd 8080 \
			--config.cmd -h --config.cmd /www &&
		rm -rf "$1" && cp -a "$TMP/oci" "$1"
}

local_page() {
	curl -s -m 3 "http://127.0.0.1:$local_port/" | grep -q "hello from $arch"
}

# local_boot: a machine that has the image as local/app:1
local_boot() {
	case $arch in
	x86_64) local_deb=amd64 local_machine=x86_64 ;;
	aarch64) local_deb=arm64 local_machine=aarch64 ;;
	armv7) local_deb=arm local_machine=armv7l ;;
	esac
	need_root
	need umoci curl
	vm_need "$arch"
	vm_cleat "$arch" || exit
	expect "make the root" vm_root root "$arch" "$vm_cleat" || exit
	expect "make an image" local_image root/image "$local_deb" || exit
	expect "pack it" vm_pack root root.cpio
	expect "make a disk" vm_disk data.img 64
	local_port=$(registry_free_port)
	vm_forward=hostfwd=tcp:127.0.0.1:$local_port-:80
	expect "start QEMU" vm_start "$arch" "$arch" root.cpio cleat_data=/dev/vda \
		-drive file=data.img,format=raw,if=none,id=data -device virtio-blk-pci,drive=data || exit
	expect "boots to a shell" vm_shell 90 || exit
	expect "inserted every module" vm_says 1 'cleat init .* [0-9]+ modules, 0 failed'
	expect "the engine answers" vm_sh 30 \
		'i=0; until cleat ps; do i=$((i+1)); [ $i -lt 15 ] || break; sleep 1; done; [ $i -lt 15 ]' || exit
	expect "takes the image" vm_sh 30 'cleat load -t local/app:1 /image' || tap_diag "$vm_out"
}

local_off() {
	vm_sh 1 'cleat poweroff' >/dev/null
	expect "powers off in order" vm_ended 60
	/sbin/e2fsck -fn data.img >fsck.log 2>&1
	expect_equal 0 $? "the disk is clean"
}

local_story() {
	local_boot
	expect "runs a container" vm_sh 30 'cleat run --rm local/app:1 uname -m' || tap_diag "$vm_out"
	expect_equal "$local_machine" "$(printf '%s\n' "$vm_out" | grep -o "$local_machine" | tail -n 1)" "of this architecture"
	expect "its status is that of the program" vm_sh 30 'cleat run --rm local/app:1 sh -c "exit 7"; [ $? = 7 ]'
	expect "publishes a port" vm_sh 30 'cleat run -d --name web -p 80:8080 local/app:1' || tap_diag "$vm_out"
	expect "and serves it" wait_for 30 local_page
	local_off
}
