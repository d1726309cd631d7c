#!/bin/sh
# oci_run: start to exit to removed of one container running /bin/true: cleat, crun, runc and the floor
# program (floor.c), in turn in one run, on cgroup v2 (a private mount) and on this machine's v1; then
# the number of system calls. Needs root. ROUNDS=60 by default. Called by 'make bench'.
set -eu
: "${O:?}" "${CLEAT:?}"
ROUNDS=${ROUNDS:-60}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
here=$(dirname "$0")

mkdir -p "$dir/b/rootfs/bin" "$dir/b/rootfs/proc" "$dir/b/rootfs/sys" "$dir/b/rootfs/dev"
printf 'int main(void){return 0;}' >"$dir/true.c"
cc -static -O2 -s -o "$dir/b/rootfs/bin/true" "$dir/true.c" 2>/dev/null || cp "$(command -v busybox)" "$dir/b/rootfs/bin/true"
"$CLEAT" oci spec --bundle "$dir/b"
# what all of them are given: the default configuration; with and without its seccomp profile
/usr/bin/python3 - "$dir/b" <<'PY'
import json, os, sys
path = sys.argv[1]
c = json.load(open(f"{path}/config.json"))
c["ociVersion"] = "1.0.2" # crun 1.8 knows no newer one
c["process"]["terminal"] = False
c["process"]["args"] = ["/bin/true"]
c["process"]["noNewPrivileges"] = True
c["root"]["readonly"] = False
c["root"]["path"] = f"{path}/rootfs"
c["linux"]["resources"] = {}
c["linux"]["cgroupsPath"] = "/cleat-bench"
os.mkdir(f"{path}/../s")
json.dump(c, open(f"{path}/../s/config.json", "w"))
seccomp = c["linux"].pop("seccomp")
json.dump(c, open(f"{path}/config.json", "w"))
PY
# crun 1.8 ends a hybrid run when it sees the unified tree, so v1 is shown without it
v1='umount /sys/fs/cgroup/unified 2>/dev/null || :'
v2='umount -R /sys/fs/cgroup 2>/dev/null || :; mount -t cgroup2 none /sys/fs/cgroup'

compare() { # layout set-up floor-options bundle
	peers=
	for p in crun runc; do
		command -v $p >/dev/null && peers="$peers -- $p-run $p --root $dir/run/$p run --bundle $dir/$4 $p-$$-%n"
	done
	unshare -m sh -euc "$2
		mount --make-rprivate /
		mkdir -p $dir/run; mount -t tmpfs none $dir/run # as on a machine
		exec $O/tests/bench/compare $ROUNDS floor $O/tests/bench/floor $1 $dir/b/rootfs $3 /bin/true \
			-- 'cleat oci run' $CLEAT oci --root $dir/run/cleat run --bundle $dir/$4 cleat-$$-%n $peers"
}

"$CLEAT" oci --root "$dir/state" run --bundle "$dir/s" warm >/dev/null
filter=$(ls "$dir"/state/.seccomp/*)
# the cached file is a hash and flags before the program
tail -c +37 "$filter" >"$dir/filter"

echo "== cgroup v2, default configuration"
compare v2 "$v2" "--spec" b
echo "== cgroup v2, default configuration with Docker's seccomp profile"
compare v2 "$v2" "--spec --seccomp $dir/filter" s
if [ -d /sys/fs/cgroup/memory ]; then
	echo "== cgroup v1, default configuration"
	compare v1 "$v1" "--spec" b
fi

echo "== system calls (strace -f -c), cgroup v2"
calls() {
	label=$1
	shift
	unshare -m sh -euc "$v2; mount --make-rprivate /; exec \"\$@\"" - strace -f -c -o "$dir/calls" "$@" >/dev/null 2>&1 || :
	printf '%-28s %s\n' "$label" "$(awk '/ total$/ { print $(NF-1) == "total" ? $3 : $4 } ' "$dir/calls" | tail -n 1)"
}
if command -v strace >/dev/null; then
	calls floor "$O/tests/bench/floor" v2 "$dir/b/rootfs" --spec /bin/true
	calls 'cleat oci run' "$CLEAT" oci --root "$dir/state" run --bundle "$dir/b" calls
	for p in crun runc; do
		command -v $p >/dev/null && calls "$p run" $p --root "$dir/$p" run --bundle "$dir/b" calls-$p
	done
fi
for h in /sys/fs/cgroup/*; do
	rmdir "$h/cleat-bench" 2>/dev/null || :
done
echo "cleat is $(stat -c %s "$CLEAT") bytes"
