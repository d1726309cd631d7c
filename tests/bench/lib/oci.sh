# oci.sh - bundles that runtimes are compared with. After bench.sh.
#
#	oci_bundle FOLDER PROGRAM.c [JQ]	FOLDER/rootfs with the program as /bin/program, and config.json: the engine's
#						default configuration, changed by JQ
#	PEERS					those of crun and runc that are there
#	V1 V2					shell commands that make a mount namespace's /sys/fs/cgroup such a one

PEERS=$(for bench_peer in crun runc; do command -v $bench_peer >/dev/null && echo $bench_peer; done)
# crun 1.8 ends a hybrid run when it sees the unified tree, so v1 is shown without it
V1='umount /sys/fs/cgroup/unified 2>/dev/null || :'
V2='umount -R /sys/fs/cgroup 2>/dev/null || :; mount -t cgroup2 none /sys/fs/cgroup'

oci_bundle() {
	mkdir -p "$1/rootfs/bin" "$1/rootfs/proc" "$1/rootfs/sys" "$1/rootfs/dev" &&
		cc -static -O2 -s -o "$1/rootfs/bin/program" "$2" &&
		"$CLEAT" oci spec --default --bundle "$1" &&
		# crun 1.8 knows no newer version
		jq --arg root "$1/rootfs" '.ociVersion = "1.0.2" | .process.terminal = false | .process.args = ["/bin/program"] |
			.process.noNewPrivileges = true | .root = {path: $root} | .linux.resources = {} |
			.linux.cgroupsPath = "/cleat-bench" |'" ${3:-.}" "$1/config.json" >"$1/new" &&
		mv "$1/new" "$1/config.json"
}
