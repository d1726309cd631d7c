# machine.sh - machines that cleat boots, in QEMU. Source it after tap.sh (board/qemu/demo has its own
# few lines instead). Needs O, TOP, DL, PKGDIR, TMP.
#
#	vm_need ARCH			skip_all unless QEMU is there; sets vm_kernel to the stock kernel's folder
#	vm_cleat ARCH			build cleat for ARCH; sets vm_cleat to the binary
#	vm_root DIR ARCH CLEAT		a root: /init, busybox, modules and their list. Add files before vm_pack
#	vm_pack DIR FILE		make it an initramfs
#	vm_disk FILE MIB		an empty ext4 disk
#	vm_start LABEL ARCH INITRAMFS WORDS [QEMU OPTION...]	boot, with WORDS on the kernel's command line;
#					the console goes to LABEL.log. Sets vm_pid (QEMU itself)
#	vm_shell SECONDS		wait until the console's shell answers
#	vm_sh SECONDS COMMAND		type a line there, wait for its end; output in $vm_out, returns its status
#	vm_says SECONDS REGEX		wait until the console has shown it
#	vm_ended SECONDS		wait until the machine is off; 1 when time is up
#	vm_cut				pull the plug: SIGKILL to QEMU
#
# Every machine has 10.0.2.15 on a user network of QEMU's: 10.0.2.2 is this machine's loopback. One
# machine at a time. QEMU is killed after vm_limit seconds (default 120), whatever happens.

vm_limit=120
vm_modules='virtio_pci virtio_mmio virtio_blk virtio_net crc32c_generic ext4 overlay veth bridge
	nf_tables nft_ct nft_masq nft_nat nft_chain_nat nft_fib_ipv4 softdog'

vm_qemu() {
	case $1 in
	x86_64) echo qemu-system-x86_64 ;;
	aarch64) echo qemu-system-aarch64 ;;
	armv7) echo qemu-system-arm ;;
	esac
}

# microvm hangs without KVM now and then (its clock calibration); q35 does not
vm_machine() {
	case $1 in
	x86_64) echo "-M q35 -cpu Nehalem,+aes,+pclmulqdq,+rdrand" ;;
	aarch64) echo "-M virt -cpu cortex-a53" ;;
	armv7) echo "-M virt,highmem=off -cpu cortex-a15" ;;
	esac
}

vm_console() {
	case $1 in
	x86_64) echo ttyS0 ;;
	*) echo ttyAMA0 ;;
	esac
}

vm_need() {
	need "$(vm_qemu "$1")" cpio depmod modprobe flock
	vm_kernel=$PKGDIR/kernel-$1
	"$TOP/tests/vm/lib/debian" kernel "$1" "$vm_kernel" >"$TMP/kernel.log" 2>&1 && return 0
	fail "get the stock kernel for $1" "$(cat "$TMP/kernel.log")"
	tap_end
	exit 1
}

vm_cleat() {
	vm_cleat=$O/cleat
	[ "$1" != "$ARCH" ] || return 0
	vm_cleat=$O/vm-$1/cleat
	expect "build for $1" flock "$O/.vm-$1.lock" nice make -C "$TOP" -j2 O="$O/vm-$1" DL="$DL" PKGDIR="$PKGDIR" \
		"qemu_$1_defconfig" all
}

vm_busybox() {
	[ -e "$PKGDIR/busybox-$1" ] && return 0
	vm_deb=$("$TOP/tests/vm/lib/debian" deb "$1" busybox-static) || return 1
	rm -rf "$TMP/busybox"
	dpkg -x "$vm_deb" "$TMP/busybox" || return 1
	cp "$(find "$TMP/busybox" -type f -path "*bin/busybox" | head -n 1)" "$PKGDIR/busybox-$1.$$" &&
		mv "$PKGDIR/busybox-$1.$$" "$PKGDIR/busybox-$1"
}

# the modules and what they need, in order; a name that the kernel has built in prints nothing
vm_module_files() {
	for vm_m in $vm_modules; do
		/sbin/modprobe -d "$1" -S "$(cat "$1/version")" --show-depends "$vm_m" 2>/dev/null
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

vm_root() {
	mkdir -p "$1/bin" "$1/etc/cleat" "$1/lib/modules" "$1/root"
	vm_busybox "$2" || return 1
	cp "$3" "$1/init"
	ln -s ../init "$1/bin/cleat"
	cp "$PKGDIR/busybox-$2" "$1/bin/busybox"
	for vm_t in sh cat ls ps kill grep sed sleep wget nc ip mount umount dmesg free df id head tail wc sort \
		mkdir rm ln cp mv sync tr cut test seq date awk basename dirname expr touch uname stat od find \
		readlink mknod chmod chown tee env nsenter httpd vi top ping cmp sha256sum stty; do
		ln -s busybox "$1/bin/$vm_t"
	done
	vm_module_files "$vm_kernel" >"$TMP/modules"
	while read -r vm_file; do
		vm_name=$(basename "$vm_file")
		case $vm_name in # packed once here is faster than at each boot
		*.xz) vm_name=${vm_name%.xz}; xz -dc "$vm_file" >"$1/lib/modules/$vm_name" ;;
		*) cp "$vm_file" "$1/lib/modules/$vm_name" ;;
		esac || return 1
		echo "/lib/modules/$vm_name"
	done <"$TMP/modules" >"$1/etc/cleat/modules"
}

vm_pack() {
	(cd "$1" && find . | sort | cpio -o -H newc -R 0:0 --quiet) >"$2"
}

vm_disk() {
	rm -f "$1"
	/sbin/mke2fs -q -t ext4 -L cleat "$1" "${2}M" >/dev/null
}

# vm_command ARCH INITRAMFS WORDS [QEMU OPTION...]: the command line of QEMU, without console and network
vm_command() {
	vm_arch=$1 vm_initrd=$2 vm_words=$3
	shift 3
	set -- "$(vm_qemu "$vm_arch")" $(vm_machine "$vm_arch") -accel tcg -m "${vm_memory:-256}" -smp 1 -nodefaults \
		-no-user-config -display none -no-reboot -kernel "${vm_kernel:?}/vmlinuz" -initrd "$vm_initrd" \
		-append "console=$(vm_console "$vm_arch") quiet panic=-1 cleat_ip=10.0.2.15/24 cleat_gw=10.0.2.2 cleat_dns=10.0.2.3 $vm_words" \
		-device virtio-net-pci,netdev=n,romfile= "$@"
	"${vm_exec:-exec}" "$@"
}

vm_start() {
	vm_label=$1
	shift
	rm -f "$TMP/$vm_label.in" "$TMP/$vm_label.pid" "$TMP/$vm_label.log"
	mkfifo "$TMP/$vm_label.in"
	exec 7<>"$TMP/$vm_label.in"
	vm_log=$TMP/$vm_label.log
	start "$vm_label" vm_run "$@" -netdev "user,id=n${vm_forward:+,$vm_forward}" -serial stdio -pidfile "$TMP/$vm_label.pid"
	vm_timeout_pid=$started
	wait_for 10 test -s "$TMP/$vm_label.pid" || { dump "$vm_log"; return 1; }
	vm_pid=$(cat "$TMP/$vm_label.pid")
	vm_count=0
}

vm_under_limit() {
	exec timeout -s KILL "$vm_limit" "$@" <"$TMP/$vm_label.in"
}

vm_run() {
	vm_exec=vm_under_limit
	vm_command "$@"
}

vm_says() {
	wait_for "$1" grep -aqE -e "$2" "$vm_log" && return 0
	tap_diag "the console did not show: $2"
	tail -n 40 "$vm_log" | tr -d '\r' | sed 's/^/# | /'
	return 1
}

vm_shell() {
	# what is typed before somebody reads can stall QEMU's model of the ARM serial port for good
	vm_says "$1" 'built-in shell' || return 1
	sleep 0.3
	# from here on no echo and no line editing: what the console shows is output
	printf '%s\n' 'stty -echo; while read -r vm_line; do eval "$vm_line" </dev/null; vm_last=$?; done' >&7
	sleep 0.3
	vm_sh 10 true || return 1
	vm_sh 10 'sh -c "exit 3"'
	[ $? = 3 ] || { tap_diag "the console does not report failures"; return 1; }
}

vm_sh() {
	vm_count=$((vm_count + 1))
	printf '%s\n' "echo; echo MARKER-BEGIN:$vm_count" "$2" "echo; echo MARKER-END:$vm_count:\$vm_last:" >&7
	wait_for "$1" grep -aqE "^MARKER-END:$vm_count:[0-9]+:" "$vm_log" || {
		tap_diag "no end within $1 s of: $2"
		tail -n 20 "$vm_log" | tr -d '\r' | sed 's/^/# | /'
		return 99
	}
	vm_out=$(tr -d '\r' <"$vm_log" | sed -n "/^MARKER-BEGIN:$vm_count\$/,/^MARKER-END:$vm_count:/p" | sed '1d;$d')
	return "$(tr -d '\r' <"$vm_log" | sed -n "s/^MARKER-END:$vm_count:\([0-9]*\):.*/\1/p" | tail -n 1)"
}

vm_gone() {
	! kill -0 "$vm_pid" 2>/dev/null
}

vm_ended() {
	wait_for "$1" vm_gone || return 1
	wait "$vm_timeout_pid" 2>/dev/null
}

vm_cut() {
	kill -9 "$vm_pid"
	wait "$vm_timeout_pid" 2>/dev/null
	:
}
