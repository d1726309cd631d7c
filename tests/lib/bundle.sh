# bundle.sh - OCI bundles for stories: a busybox root and a config.json made from shell variables, so
# that a guest with nothing but busybox can run them too. Source after tap.sh.
#
#	bundle DIR			DIR/rootfs with busybox, and a config for "true"
#	config DIR			write DIR/config.json from the variables below
#	oci ARGS...			cleat oci with a state root of this test
#	sh_args COMMAND			set args to run COMMAND with the shell
#	container_name			a new id in $id
#	$BUSYBOX			the file, where the shell takes "busybox" for a word of its own
#	no_leftovers NAME		check: no state directories, cgroups or mounts of this test
#
# Variables (JSON): args process_more caps mounts_more namespaces linux_more resources top_more root_more
# user cwd env. config_reset sets all of them to the defaults.

RUNTIME=${RUNTIME:-$CLEAT}
STATE=$TMP/state
CGROUP=/cleat-test-$$
n_ids=0

docker_caps='"CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FSETID","CAP_FOWNER","CAP_MKNOD","CAP_NET_RAW","CAP_SETGID","CAP_SETUID","CAP_SETFCAP","CAP_SETPCAP","CAP_NET_BIND_SERVICE","CAP_SYS_CHROOT","CAP_KILL","CAP_AUDIT_WRITE"'

oci() {
	"$RUNTIME" oci --root "$STATE" "$@"
}

config_reset() {
	args='["/bin/true"]' process_more='' mounts_more='' linux_more='' resources='' top_more='' root_more=''
	caps=$docker_caps user='{"uid":0,"gid":0}' cwd=/
	env='"PATH=/bin:/sbin:/usr/bin"'
	namespaces='{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"},{"type":"cgroup"}'
	devtmpfs='{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},
  {"destination":"/dev/pts","type":"devpts","source":"devpts","options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]},
  {"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","noexec","nodev","mode=1777","size=65536k"]},
  {"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]},'
	masked='"/proc/acpi","/proc/kcore","/proc/keys","/proc/latency_stats","/proc/timer_list","/proc/sched_debug","/proc/scsi","/sys/firmware"'
}

config() {
	cat >"$1/config.json" <<JSON
{"ociVersion":"1.0.2","process":{"terminal":${terminal:-false},"user":$user,"args":$args,"env":[$env],"cwd":"$cwd",
 "capabilities":{"bounding":[$caps],"effective":[$caps],"permitted":[$caps]}$process_more},
 "root":{"path":"rootfs"$root_more},"hostname":"story","mounts":[
  {"destination":"/proc","type":"proc","source":"proc","options":["nosuid","noexec","nodev"]},
  $devtmpfs
  {"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]},
  {"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev","relatime","ro"]}
  $mounts_more],
 "linux":{"namespaces":[$namespaces],"cgroupsPath":"$CGROUP/$(basename "$1")","resources":{$resources},
  "maskedPaths":[$masked],"readonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]
  $linux_more}$top_more}
JSON
}

bundle() {
	mkdir -p "$1/rootfs/bin" "$1/rootfs/tmp" "$1/rootfs/etc"
	cp "${BUSYBOX:-$(command -v busybox)}" "$1/rootfs/bin/busybox"
	for applet in sh true false echo cat ls id sleep mount umount ps grep stat touch mkdir ln wc head tail tr dd \
		hostname ip test mknod readlink sort find dirname env kill unshare chmod tty stty cut uniq; do
		ln -sf busybox "$1/rootfs/bin/$applet"
	done
	config_reset
	config "$1"
}

sh_args() {
	args=$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g' | tr '\n' ' ')
	args="[\"/bin/sh\",\"-c\",\"$args\"]"
}

container_name() {
	n_ids=$((n_ids + 1))
	id=c$$-$n_ids
}

leftovers() {
	find "$STATE" -mindepth 1 -maxdepth 1 2>/dev/null
	find /sys/fs/cgroup -maxdepth 5 -path "*$CGROUP/*" -type d 2>/dev/null
	grep -F "$TMP" /proc/self/mountinfo
}

no_leftovers() {
	left=$(leftovers)
	[ -z "$left" ] && ok "$1" && return
	fail "$1" "$left"
}

bundle_clean() {
	for id in $(ls "$STATE" 2>/dev/null); do
		oci delete --force "$id" 2>/dev/null
	done
	find /sys/fs/cgroup -maxdepth 3 -name "$(basename "$CGROUP")" -type d -exec rmdir {} + 2>/dev/null
}
at_exit bundle_clean
