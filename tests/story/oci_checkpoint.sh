#!/bin/sh
# timeout: 120
# checkpoint and restore: refused by name without CRIU; with it a container goes on where it was, with its pipes, bind
# mounts, limits and network namespace.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
mkdir -p vol b/rootfs/vol
echo outside >vol/f
mounts_more=",{\"destination\":\"/vol\",\"type\":\"bind\",\"source\":\"$TMP/vol\",\"options\":[\"bind\",\"ro\"]}"
resources='"pids":{"limit":40}'
sh_args 'trap "exit 8" TERM; i=0; while :; do i=$((i+1)); echo count $i; sleep 0.1; done'
config b
container_name
expect "run" sh -c "'$CLEAT' oci --root '$STATE' run -d --bundle b $id 2>&1 </dev/null | cat >before & sleep 0.5"
expect_err 1 'no criu on PATH' "checkpoint without criu" env PATH=/nowhere "$CLEAT" oci --root "$STATE" checkpoint "$id"
expect_err 1 'no criu on PATH' "restore without criu" env PATH=/nowhere "$CLEAT" oci --root "$STATE" restore "$id"
expect_out '"cleat.checkpoint.enabled": "false"' "features says so" env PATH=/nowhere "$CLEAT" oci features
# get_criu: one that works with this kernel as the first on PATH. Its other libraries are those of the installed one
get_criu() {
	criu check >/dev/null 2>&1 && return
	"$TOP/scripts/fetch" "$DL" "$TOP/tests/lib/criu.sources" || return 1
	mkdir -p criu/bin
	while read -r _ _ file _; do
		case $file in *.deb) dpkg -x "$DL/$file" criu || return 1 ;; esac
	done <"$TOP/tests/lib/criu.sources"
	libs=$(dirname "$(ls -d "$TMP"/criu/usr/lib/*/libc.so.6)")
	printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$libs/ld-linux-x86-64.so.2" \
		"$libs:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu" "$TMP/criu/usr/sbin/criu" >criu/bin/criu
	chmod +x criu/bin/criu
	PATH=$TMP/criu/bin:$PATH
	criu check
}
if [ "$ARCH" != x86_64 ] && ! criu check >/dev/null 2>&1; then
	oci delete --force "$id"
	skip "checkpoint and restore" "there is no criu that works with this kernel (criu check)"
	tap_end
fi
get_criu >criu.log 2>&1 && ok "a criu that works with this kernel" || { fail "a criu that works with this kernel" "$(tail criu.log)"; exit; }
gone() { ! oci state "$id" >/dev/null 2>&1; }
last() { sed -n '$s/count //p' "$1"; }
expect_out '"cleat.checkpoint.enabled": "true"' "features" oci features
expect "checkpoint --leave-running" oci checkpoint --leave-running --image-path "$TMP/one" "$id"
expect_out running "it goes on" oci state "$id"
expect "checkpoint" oci checkpoint --image-path "$TMP/two" --work-path "$TMP" "$id" || dump dump.log
expect "the container is gone" gone
no_leftovers "nothing is left"
stopped_at=$(last before)
sleep 0.5
expect_equal "$stopped_at" "$(last before)" "it counts no more"
expect_err 1 'descriptors.json: No such file' "restore of nothing" oci restore --image-path "$TMP/vol" --bundle b "$id"
sh -c "'$CLEAT' oci --root '$STATE' restore -d --image-path $TMP/two --pid-file $TMP/pid --bundle b $id 2>&1 </dev/null | cat >after" &
reader=$!
counting() { [ "$(last after)" -gt $((stopped_at + 2)) ] 2>/dev/null; }
expect "restore: it goes on where it was" wait_for 10 counting || dump two/restore.log
expect_equal "count $((stopped_at + 1))" "$(head -n 1 after)" "with the next number"
expect_out "\"pid\":$(cat pid)," "state" oci state "$id"
expect_out '^outside$' "exec; its bind mount is there" oci exec "$id" cat /vol/f
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && limit=/sys/fs/cgroup/$CGROUP/b/pids.max || limit=/sys/fs/cgroup/pids/$CGROUP/b/pids.max
expect_equal 40 "$(cat $limit)" "so is its limit"
expect "it is in its cgroup" grep -qx "$(cat pid)" "${limit%/*}/cgroup.procs"
expect "kill" oci kill "$id" TERM
wait "$reader"
stopped() { oci state "$id" | grep -q stopped; }
expect "it stops" wait_for 5 stopped
expect "delete" oci delete "$id"
# in the foreground, as our child
start restored sh -c "exec '$CLEAT' oci --root '$STATE' restore --image-path $TMP/two --bundle b $id 2>&1 </dev/null | cat >third; exit 0"
third() { [ "$(last third)" -gt "$stopped_at" ] 2>/dev/null; }
expect "restore in the foreground" wait_for 10 third
expect "kill" oci kill "$id" TERM
wait "$started"
expect "it is deleted" wait_for 5 gone
no_leftovers "nothing is left"
top_more=',"hooks":{"prestart":[{"path":"/bin/true"}]}'
config b
expect_err 1 'prestart' "restore with hooks that set a container up" oci restore --image-path "$TMP/two" --bundle b "$id"
no_leftovers "nothing is left"
tap_end
