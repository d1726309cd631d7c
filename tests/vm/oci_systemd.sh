#!/bin/sh
# timeout: 300
# Cgroups by systemd: cleat oci --systemd-cgroup in a machine whose init is Debian's systemd, as root and as a user with
# his own one. Its kernel has SELinux, with a policy of ours for the second part.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
. "$TOP/tests/vm/lib/machine.sh"
arch=x86_64
[ "$ARCH" = "$arch" ] || skip_all "is for $arch"
need_root
vm_need "$arch"
vm_limit=280
vm_memory=512

# get FILE...: programs of Debian's packages with the libraries that they load
get() {
	for file; do
		mkdir -p "root/$(dirname "$file")"
		cp -L "debian/$file" "root/$file" || return 1
		debian/lib64/ld-linux-x86-64.so.2 --library-path debian/lib/x86_64-linux-gnu:debian/usr/lib/x86_64-linux-gnu:debian/lib/systemd:debian/usr/lib/x86_64-linux-gnu/systemd \
			--list "debian/$file" | sed -n 's/.*=> \(debian\/[^ ]*\) .*/\1/p' >libs
		for lib in $(cat libs); do
			[ -e "root/${lib#debian/}" ] && continue
			mkdir -p "root/$(dirname "${lib#debian/}")"
			cp -L "$lib" "root/${lib#debian/}" || return 1
		done
	done
}

unit() {
	cat >"root/etc/systemd/system/$1"
}

# As few units as a boot needs: the console's shell, and on demand a user's systemd with the bus that it needs
make_units() {
	mkdir -p root/etc/systemd/system root/etc/systemd/user root/etc/dbus-1
	echo '[Unit]' >root/etc/systemd/user/default.target
	unit default.target <<-'END'
		[Unit]
		Requires=console.service
	END
	unit console.service <<-'END'
		[Unit]
		DefaultDependencies=no
		[Service]
		ExecStart=/bin/sh
		StandardInput=tty-force
		StandardOutput=tty
		StandardError=tty
		TTYPath=/dev/ttyS0
		Environment=PATH=/bin HOME=/root
	END
	unit dbus.socket <<-'END'
		[Unit]
		DefaultDependencies=no
		[Socket]
		ListenStream=/run/dbus/system_bus_socket
	END
	unit dbus.service <<-'END'
		[Unit]
		DefaultDependencies=no
		Requires=dbus.socket
		After=dbus.socket
		[Service]
		ExecStart=/usr/bin/dbus-daemon --address=systemd: --nofork --nopidfile --config-file=/etc/dbus-1/system.conf
	END
	cat >root/etc/dbus-1/system.conf <<-'END'
		<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow own="*"/><allow user="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
	END
	unit user.service <<-'END'
		[Unit]
		DefaultDependencies=no
		After=dbus.service
		Requires=dbus.service
		[Service]
		Type=notify
		User=1000
		PermissionsStartOnly=yes
		ExecStartPre=/bin/sh -c "mkdir -p /run/user/1000 && chown 1000:1000 /run/user/1000"
		ExecStart=/lib/systemd/systemd --user
		Environment=XDG_RUNTIME_DIR=/run/user/1000 HOME=/run/user/1000
		Delegate=pids memory cpu
	END
}

make_root() {
	mkdir -p debian root/etc root/bin root/tmp root/proc root/sys root/dev root/run root/root root/var
	"$TOP/tests/vm/lib/debian" needs "$arch" systemd dbus-daemon attr keyutils checkpolicy >debs || return 1
	while read -r deb; do
		dpkg -x "$deb" debian || return 1
	done <debs
	ln -sf ../lib debian/usr/ 2>/dev/null
	mkdir -p root/lib64 && cp -L debian/lib64/ld-linux-x86-64.so.2 root/lib64/ || return 1
	get lib/systemd/systemd bin/systemctl usr/bin/busctl usr/bin/dbus-daemon usr/bin/getfattr bin/keyctl || return 1
	vm_busybox "$arch" || return 1
	cp "$PKGDIR/busybox-$arch" root/bin/busybox
	for applet in $("$PKGDIR/busybox-$arch" --list); do
		[ -e "root/bin/$applet" ] || ln -s busybox "root/bin/$applet"
	done
	cp "$CLEAT" root/bin/cleat
	ln -s cleat root/bin/cleat-oci
	echo 'root:x:0:0:root:/root:/bin/sh
messagebus:x:100:100::/:/bin/false
user:x:1000:1000::/run/user/1000:/bin/sh' >root/etc/passwd
	echo 'root:x:0:
messagebus:x:100:
user:x:1000:' >root/etc/group
	echo "0123456789abcdef0123456789abcdef" >root/etc/machine-id
	echo 'ID=debian' >root/etc/os-release
	make_units
	# out of the initramfs, whose root cannot be pivoted away from
	cat >root/init <<-'END'
		#!/bin/busybox sh
		mount -t tmpfs -o mode=755 none /root
		cp -a /bin /lib /lib64 /usr /etc /t /root/
		cd /root && mkdir -p proc sys dev run tmp root var && mount -t devtmpfs none dev
		exec switch_root /root /lib/systemd/systemd --log-target=console --log-level=warning --default-standard-output=null
	END
	chmod +x root/init
	mkdir -p root/t/tests
	cp -r "$TOP/tests/lib" root/t/tests/
	cp "$TOP/tests/vm/lib/in_systemd.sh" "$TOP/tests/vm/lib/in_selinux.sh" root/t/tests/
	debian/usr/bin/checkpolicy -M -U allow -c 33 -o root/t/policy "$TOP/tests/vm/lib/selinux.te"
}

expect "make the root" make_root || exit
expect "pack it" vm_pack root root.cpio
expect "start QEMU" vm_start systemd "$arch" root.cpio "systemd.show_status=0 security=selinux selinux=1 enforcing=0" || exit
expect "systemd boots to a shell" vm_shell 90 || { dump systemd.log; exit; }
expect "systemd is its init" vm_sh 20 'systemctl --version | grep systemd && [ -d /run/systemd/system ]' || tap_diag "$vm_out"
for part in systemd selinux; do
	vm_sh 150 "mkdir -p /tmp/$part; cd /tmp/$part; CLEAT=/bin/cleat BUSYBOX=/bin/busybox TOP=/t TMPDIR=\$PWD sh /t/tests/in_$part.sh >/tmp/tap 2>&1; s=\$?; cat /tmp/tap; (exit \$s)"
	if [ $? = 0 ]; then
		ok "in_$part.sh ($(printf '%s\n' "$vm_out" | grep -c ^ok) checks)"
	else
		fail "in_$part.sh" "$vm_out"
	fi
done
vm_cut
tap_end
