# client.sh - for stories that drive cleat as the OCI runtime of somebody else's engine. Source after tap.sh.
#
#	client_root DIR		a root with a static busybox, for a container
#	client_layout DIR	an OCI image layout with it, reference "box"
#	client_clean NAME	check: /dev/null as it was, no mount, process or cgroup of this test
#
# $CLEAT_OCI is the runtime by the name that engines are given. cgroups: names with $CLIENT_TAG in them.

CLEAT_OCI=$TMP/cleat-oci
CLIENT_TAG=story-$$
ln -s "$CLEAT" "$CLEAT_OCI"
client_null=$(stat -c '%a %u %g %t %T' /dev/null)

client_root() {
	mkdir -p "$1/bin" "$1/tmp" "$1/etc" "$1/proc" "$1/sys" "$1/dev" "$1/root"
	cp /bin/busybox "$1/bin/busybox"
	for applet in $(/bin/busybox --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$1/bin/$applet"
	done
	printf 'root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/tmp:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\napp:x:1000:\n' >"$1/etc/group"
	chmod 1777 "$1/tmp"
}

client_layout() {
	python3 "$TOP/tests/lib/mkimage.py" "$1" '{"Cmd": ["sh"], "Env": ["PATH=/bin"]}' \
		'file:etc/passwd:root:x:0:0::/:/bin/sh\napp:x:1000:1000::/tmp:/bin/sh\n' \
		'file:etc/group:root:x:0:\napp:x:1000:\n'
}

client_left() {
	[ "$(stat -c '%a %u %g %t %T' /dev/null)" = "$client_null" ] || echo "/dev/null: $(stat -c '%a %u %g' /dev/null)"
	grep -F "$TMP" /proc/self/mountinfo
	# the parents are the engines'
	find /sys/fs/cgroup -maxdepth 6 -path "*/$CLIENT_TAG/*" ! -name conmon -type d 2>/dev/null
	for client_dir in /proc/[0-9]*; do
		case $client_dir in /proc/$$ | /proc/self) continue ;; esac
		{ tr '\0' ' ' <"$client_dir/cmdline"; } 2>/dev/null | grep -F "$TMP" | grep -v "$TOP/tests"
	done
	:
}

client_clean() {
	client_tries=50
	while [ -n "$(client_left)" ] && [ "$client_tries" -gt 0 ]; do
		client_tries=$((client_tries - 1))
		sleep 0.1
	done
	expect_equal "" "$(client_left)" "$1"
}

client_cgroups() { # what engines leave, once it is empty
	for client_dir in /sys/fs/cgroup/*; do
		# podman makes plain folders of hierarchies that this machine has not
		[ "$(stat -f -c %T "$client_dir")" = tmpfs ] || continue
		rm -rf "$client_dir/$CLIENT_TAG" "$client_dir/libpod_parent"
		rmdir "$client_dir" 2>/dev/null
	done
	client_tries=30
	while [ -n "$(find /sys/fs/cgroup -maxdepth 6 -depth -path "*/$CLIENT_TAG*" -type d -exec sh -c 'rmdir "$1" || echo left' - {} \; 2>/dev/null)" ] &&
		[ "$client_tries" -gt 0 ]; do
		client_tries=$((client_tries - 1))
		sleep 0.1
	done
}
at_exit client_cgroups
