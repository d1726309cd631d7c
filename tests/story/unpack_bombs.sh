#!/bin/sh
# timeout: 1200
# Layers that would fill memory or disk, pulled by an engine that has 32 MB of memory and a small disk: a clean
# error, nothing killed by the kernel, no byte and no inode gone. BOMBS=full: a million files and 5 GB on a disk
# that holds them, so that the limits of the build refuse them (some minutes, 6 GB of disk).
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
need openssl python3 mkfs.ext4 losetup strace

memory=/sys/fs/cgroup/memory/bombs-$$
limit=memory.limit_in_bytes
[ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] || { memory=/sys/fs/cgroup/bombs-$$ limit=memory.max; }
mkdir "$memory" 2>/dev/null && echo 33554432 >"$memory/$limit" || { rmdir "$memory" 2>/dev/null; skip_all "no memory controller"; }
at_exit "rmdir $memory"

case ${BOMBS:-short} in
full) export HOSTILE_FILES=1000000 HOSTILE_MIB=5120; disk=6G inodes=600000 files=CONFIG_UNPACK_MAX_ENTRIES bytes=CONFIG_UNPACK_MAX_MIB seconds=500 ;;
*) disk=128M inodes=20000 files="[Nn]o space left|inode" bytes="[Nn]o space left" seconds=20 ;;
esac
mkdir -p "$E/root" "$E/run" "$E/etc" && ip link set lo up && truncate -s "$disk" disk &&
	mkfs.ext4 -q -F -N "$inodes" disk && mount -o loop disk "$E/root" || { fail "make a disk"; tap_end; }
at_exit 'umount "$E/root"'
registry_ca && registry_cert localhost ecdsa DNS:localhost || exit
registry_port=$(registry_free_port)
registry=localhost:$registry_port
start hostile python3 "$TOP/tests/lib/hostileregistry.py" --port "$registry_port" --cert "$TMP/pki/localhost.crt" --key "$TMP/pki/localhost.key"
wait_for 10 grep -q ready "$TMP/hostile.log" && engine_trust || { fail "the registry starts"; tap_end; }
at_exit engine_cleanup

# the engine and what it starts; its pulls have a cgroup of CONFIG_PULL_MEMORY_KIB besides
cat >small.sh <<'END'
echo $$ >"$1/cgroup.procs" && shift && exec "$@"
END
real=$CLEAT
start engine sh small.sh "$memory" "$real" --root "$E/root" --run "$E/run" --config "$E/etc" engine
engine_pid=$started
expect "an engine with 32 MB starts" wait_for 10 engine_answers || tap_end
grep -q "bombs-$$" "/proc/$engine_pid/cgroup" && ok "it is in its cgroup" || fail "it is in its cgroup" "$(cat "/proc/$engine_pid/cgroup")"

killed() { # by the kernel, for want of memory, of those in this cgroup and below
	cat "$memory/memory.oom_control" "$memory/memory.events" 2>/dev/null | sed -n 's/^oom_kill //p'
}
used() { # what a pull may leave: names, blocks, inodes
	sync -f "$E/root"
	(cd "$E" && find root run -path 'root/trash/*' -prune -o -printf '%p %y %s\n' | LC_ALL=C sort)
	stat -f -c '%f blocks and %d inodes are free' "$E/root"
}
same() {
	used >now
	cmp -s before now
}

defused() { # CASE REGEX
	expect_err 1 "$2" "$1: refused" timeout "$seconds" "$real" --root "$E/root" --run "$E/run" --config "$E/etc" pull "$registry/$1:1"
	wait_for "$seconds" same && ok "$1: leaves no byte and no inode" || fail "$1: leaves no byte and no inode" "$(diff before now | head -n 20)"
	expect_equal "0 $engine_pid" "$(killed) $(cleat info >/dev/null && echo "$engine_pid")" "$1: nothing is killed for want of memory"
}

expect "a good pull" cleat pull -q "$registry/good:1"
# a sync costs flash and time: usual layers have none but the role's last one
syncs() { # FILES
	PYTHONPATH=$TOP/tests/lib python3 -c 'import hostileimages, sys; sys.stdout.buffer.write(hostileimages.tiny_files(int(sys.argv[1])))' "$1" >layer
	rm -rf tree && mkdir tree && strace -f -qq -e trace=syncfs -o syncs "$O/tests/tool/unpack_client" --unconfined layer gzip tree >out || cat out
	grep -c '= 0' syncs
}
expect_equal "0 2" "$(syncs 5000) $(syncs 12000)" "5,000 files are not synced in between, 12,000 are, twice"
# inodes are kernel memory: more of them than fit into the pull's cgroup
expect "15,000 files" cleat pull -q "$registry/many-files:1"
expect "and rid of them" cleat rmi "$registry/many-files:1"
emptied() {
	[ -z "$(ls "$E/root/trash")" ]
}
expect "the trash is emptied" wait_for 30 emptied
used >before
defused gzip-bomb "unpacks to more than 250 times its size"
defused zstd-bomb "unpacks to more than 250 times its size"
defused zstd-window-2-gib CONFIG_ZSTD_WINDOW_LOG
defused xattr-2-gib "header too large"
defused pax-header-4-gb "header too large"
defused sparse-1e9 "Sparse map has more than"
defused tiny-files "$files"
defused slow-bomb "$bytes"
defused manifest-100-mb-chunked "has more than [0-9]* bytes"
defused layers-10000 "at most [0-9]* are accepted"
expect "fsck finds nothing" cleat fsck
expect_out "^good|/good" "what was there is there" cleat images
engine_stop
tap_end
