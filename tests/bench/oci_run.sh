#!/bin/sh
# oci_run: start to exit to removed of one container that returns at once: cleat, crun, runc and the floor
# program (floor.c), in turn in one run, on cgroup v2 (a private mount) and on this machine's v1; then
# the number of system calls.
. "$TOP/tests/bench/lib/bench.sh"
. "$TOP/tests/bench/lib/oci.sh"
need_root
need jq unshare taskset
ROUNDS=${ROUNDS:-60}
dir=$TMP
at_exit 'rmdir /sys/fs/cgroup/*/cleat-bench 2>/dev/null'

# b without the default seccomp profile, s with it
printf 'int main(void){return 0;}' >"$dir/true.c"
oci_bundle "$dir/b" "$dir/true.c" 'del(.linux.seccomp)' && oci_bundle "$dir/s" "$dir/true.c" || exit
"$CLEAT" oci --root "$dir/state" run --bundle "$dir/s" warm >/dev/null || exit
"$O/tests/tool/filter" "$dir/s/config.json" >"$dir/filter" || exit
floor="$O/tests/bench/floor"

compare() { # title layout set-up bundle floor-and-its-label...
	title=$1 layout=$2 setup=$3 bundle=$4
	shift 4
	table_compared "$title, $ROUNDS rounds"
	peers=
	for p in $PEERS; do
		peers="$peers -- '$p run' $p --root $dir/run/$p run --bundle $dir/$bundle $p-$$-%n"
	done
	floors="floor $floor $layout $dir/b/rootfs --spec /bin/program"
	[ "$bundle" = b ] || floors="$floors -- 'floor, seccomp' $floor $layout $dir/b/rootfs --spec --seccomp $dir/filter /bin/program"
	"$@" unshare -m sh -euc "$setup
		mount --make-rprivate /
		mkdir -p $dir/run; mount -t tmpfs none $dir/run # as on a machine
		# where a board has its programs: there cleat need not execute itself again
		mkdir $dir/run/ro; mount --bind ${CLEAT%/*} $dir/run/ro; mount -o remount,bind,ro $dir/run/ro
		exec $O/tests/bench/compare $ROUNDS $floors \
			-- 'cleat oci run' $CLEAT oci --root $dir/run/cleat run --bundle $dir/$bundle cleat-$$-%n \
			-- '  from a read-only mount' $dir/run/ro/${CLEAT##*/} oci --root $dir/run/cleat run --bundle $dir/$bundle cleat-ro-$$-%n \
			$peers" \
		>"$TMP/compared" || exit
	rows <"$TMP/compared"
}

compare "One container, cgroup v2, default configuration" v2 "$V2" b
compare "One container, cgroup v2, with Docker's seccomp profile" v2 "$V2" s
# nothing waits for another core: what is left is work
compare "One container, cgroup v2, default configuration, all on one core" v2 "$V2" b taskset -c 0
compare "One container, cgroup v2, with Docker's seccomp profile, all on one core" v2 "$V2" s taskset -c 0
if [ -d /sys/fs/cgroup/memory ]; then
	compare "One container, cgroup v1, default configuration" v1 "$V1" b
else
	missing "cgroup v1: this machine has none"
fi

calls() { # COMMAND...
	unshare -m sh -euc "$V2; mount --make-rprivate /; exec \"\$@\"" - strace -f -c -o "$dir/calls" "$@" >/dev/null 2>&1 || :
	awk '$NF == "total" { print NF == 6 ? $4 : $(NF - 2) }' "$dir/calls" | tail -n 1
}
if command -v strace >/dev/null; then
	table "System calls of one container (strace -f -c), cgroup v2" "" "default configuration" "with seccomp profile"
	row floor "$(calls "$floor" v2 "$dir/b/rootfs" --spec /bin/program)" \
		"$(calls "$floor" v2 "$dir/b/rootfs" --spec --seccomp "$dir/filter" /bin/program)"
	row 'cleat oci run' "$(calls "$CLEAT" oci --root "$dir/state" run --bundle "$dir/b" calls)" \
		"$(calls "$CLEAT" oci --root "$dir/state" run --bundle "$dir/s" calls)"
	for p in $PEERS; do
		row "$p run" "$(calls $p --root "$dir/$p" run --bundle "$dir/b" calls-$p)" \
			"$(calls $p --root "$dir/$p" run --bundle "$dir/s" calls-$p)"
	done
else
	missing "system calls: no strace"
fi
bench_end
