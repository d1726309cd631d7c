#!/bin/sh
# oci_run: start to exit to removed of one container running /bin/true: cleat, crun, runc and the floor
# program (floor.c), in turn in one run, on cgroup v2 (a private mount) and on this machine's v1; then
# the number of system calls.
. "$TOP/tests/bench/lib/bench.sh"
need_root
need python3 unshare
ROUNDS=${ROUNDS:-60}
dir=$TMP
at_exit 'rmdir /sys/fs/cgroup/*/cleat-bench 2>/dev/null'

mkdir -p "$dir/b/rootfs/bin" "$dir/b/rootfs/proc" "$dir/b/rootfs/sys" "$dir/b/rootfs/dev"
printf 'int main(void){return 0;}' >"$dir/true.c"
cc -static -O2 -s -o "$dir/b/rootfs/bin/true" "$dir/true.c" || exit
"$CLEAT" oci spec --default --bundle "$dir/b" || exit
# what all of them are given: the default configuration; with and without its seccomp profile
/usr/bin/python3 - "$dir/b" <<'PY' || exit
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

compare() { # title layout set-up floor-options bundle
	table "$1, $ROUNDS rounds" "" "p5 ms" "median ms" "p75 ms" ratio "peak RSS, KiB"
	peers=
	for p in crun runc; do
		command -v $p >/dev/null && peers="$peers -- $p-run $p --root $dir/run/$p run --bundle $dir/$5 $p-$$-%n"
	done
	unshare -m sh -euc "$3
		mount --make-rprivate /
		mkdir -p $dir/run; mount -t tmpfs none $dir/run # as on a machine
		exec $O/tests/bench/compare $ROUNDS floor $O/tests/bench/floor $2 $dir/b/rootfs $4 /bin/true \
			-- 'cleat oci run' $CLEAT oci --root $dir/run/cleat run --bundle $dir/$5 cleat-$$-%n $peers" \
		>"$TMP/compared" || exit
	rows <"$TMP/compared"
}

"$CLEAT" oci --root "$dir/state" run --bundle "$dir/s" warm >/dev/null || exit
filter=$(ls "$dir"/state/.seccomp/*)
# the cached file is a hash and flags before the program
tail -c +37 "$filter" >"$dir/filter"

compare "One container of /bin/true, cgroup v2, default configuration" v2 "$v2" "--spec" b
compare "One container of /bin/true, cgroup v2, with Docker's seccomp profile" v2 "$v2" "--spec --seccomp $dir/filter" s
if [ -d /sys/fs/cgroup/memory ]; then
	compare "One container of /bin/true, cgroup v1, default configuration" v1 "$v1" "--spec" b
else
	missing "cgroup v1: this machine has none"
fi

calls() {
	label=$1
	shift
	unshare -m sh -euc "$v2; mount --make-rprivate /; exec \"\$@\"" - strace -f -c -o "$dir/calls" "$@" >/dev/null 2>&1 || :
	row "$label" "$(awk '/ total$/ { print $(NF-1) == "total" ? $3 : $4 } ' "$dir/calls" | tail -n 1)"
}
if command -v strace >/dev/null; then
	table "System calls (strace -f -c), cgroup v2" "" calls
	calls floor "$O/tests/bench/floor" v2 "$dir/b/rootfs" --spec /bin/true
	calls 'cleat oci run' "$CLEAT" oci --root "$dir/state" run --bundle "$dir/b" calls
	for p in crun runc; do
		command -v $p >/dev/null && calls "$p run" $p --root "$dir/$p" run --bundle "$dir/b" calls-$p
	done
else
	missing "system calls: no strace"
fi
bench_end
