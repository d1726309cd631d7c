#!/bin/sh
# timeout: 200
# Advisories of container runtimes about paths, descriptors and /proc that tests/story/oci_hostile.sh does not
# have yet, each under its number. Where Debian's crun or runc still has the mistake, it is shown to be
# made by them, so that the check is known to bite ("control").
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
. "$TOP/tests/lib/canary.sh"
need_root
need busybox python3
PROBE=$O/tests/tool/probe
[ -x "$PROBE" ] || skip_all "needs $PROBE"

run_it() {
	config b
	container_name
	oci run --bundle b "$id" >out 2>&1 </dev/null
	rc=$?
	[ $rc != 0 ] && oci delete --force "$id" 2>/dev/null
	return $rc
}
# run by a peer, where cgroup v1 is visible alone; what it answers is in out
peer() { # crun|runc
	config b
	container_name
	unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' - timeout -s KILL 20 "$1" --root "$TMP/peer" run --bundle b "$id" >out 2>&1 </dev/null
	rc=$?
	"$1" --root "$TMP/peer" delete -f "$id" >/dev/null 2>&1
	return $rc
}
old() { # PEER VERSION: is it there, with the mistake?
	command -v "$1" >/dev/null && "$1" --version | head -n 1 | grep -qF "$2"
}
control() { # NAME PEER VERSION COMMAND: the command is true when the peer makes the mistake
	old "$2" "$3" || {
		skip "$1: $2 $3 makes the mistake" "$2 $3 is not installed"
		return
	}
	peer "$2"
	sh -c "$4" && ok "$1: $2 $3 makes the mistake" || fail "$1: $2 $3 makes the mistake" "$(cat out)"
}

# 2026-47766, 2026-41579: /dev of the image leads out; the peers put their devices there
for p in 'crun 1.8.1' 'runc 1.1.5'; do
	fresh
	devtmpfs=
	mkdir victim
	ln -s "$TMP/victim" b/rootfs/dev
	control "CVE-2026-47766 control" $p '[ $(ls victim | wc -l) -ge 5 ]'
	rm -rf victim
done
# 2025-31133: what masks is the image's /dev/null; the peers show the file that it leads to
fresh
devtmpfs=
mkdir b/rootfs/dev
echo not-masked >b/rootfs/secret
ln -s /secret b/rootfs/dev/null
sh_args 'cat /proc/keys'
run_it && fail "CVE-2025-31133: /dev/null of the image is a link: refused" "$(cat out)" || ok "CVE-2025-31133: /dev/null of the image is a link: refused"

# 2024-21626: descriptors 0..64 as working directories. The caller leaves one of a host directory open.
fresh
exec 7<canary
sh_args 'pwd; ls'
n=0 bad=
while [ $n -le 64 ]; do
	cwd=/proc/self/fd/$n
	run_it && bad="$bad run:$n($(head -c 60 out))"
	grep -q canary out && ! grep -q 'fd/' out && bad="$bad leak:$n"
	n=$((n + 1))
done
cwd=/
expect_equal "" "$bad" "CVE-2024-21626: run with cwd /proc/self/fd/0..64 never starts"
sh_args 'sleep 60'
config b
container_name
oci run --detach --bundle b "$id" >/dev/null 2>&1 </dev/null
n=0 bad=
while [ $n -le 64 ]; do
	oci exec --cwd /proc/self/fd/$n "$id" /bin/sh -c pwd >out 2>&1 </dev/null && bad="$bad exec:$n($(head -c 60 out))"
	n=$((n + 1))
done
expect_equal "" "$bad" "CVE-2024-21626: exec with --cwd /proc/self/fd/0..64 never starts"
expect_out '^/$' "CVE-2024-21626: the working directory of an exec is inside" oci exec "$id" /bin/sh -c 'readlink /proc/self/cwd'
oci delete --force "$id"
exec 7<&-

# podman 2026-55686: the working directory is made, below a link: never outside
for link in "$TMP/canary" ../../../../../../../../../..$TMP/canary link; do
	fresh
	ln -s "$link" b/rootfs/link
	cwd=/link/made
	args='["/bin/true"]'
	run_it
	cwd=/
	unchanged "CVE-2026-55686: cwd below a link to $link"
done

# 2019-16884, 2019-18837, 2025-52881: nothing may cover what the runtime writes to
mkdir -p fakeproc/self/attr fakeproc/attr
for to in /proc /proc/self /proc/self/attr /proc/1 /proc/sys /proc/sys/net /proc/sysrq-trigger; do
	fresh
	mkdir -p b/rootfs/proc
	mounts_more=",{\"destination\":\"$to\",\"type\":\"bind\",\"source\":\"$TMP/fakeproc\",\"options\":[\"bind\"]}"
	args='["/bin/true"]'
	run_it && fail "CVE-2019-16884: a bind over $to is refused" || ok "CVE-2019-16884: a bind over $to is refused"
	mounts_more=",{\"destination\":\"$to\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"
	run_it && fail "CVE-2019-16884: a tmpfs over $to is refused" || ok "CVE-2019-16884: a tmpfs over $to is refused"
done
# the caller's own /proc is covered by somebody: the write reaches the kernel all the same
fresh
linux_more=',"sysctl":{"net.ipv4.ip_default_ttl":"77"}'
process_more=',"oomScoreAdj":123'
sh_args 'cat /proc/sys/net/ipv4/ip_default_ttl /proc/self/oom_score_adj'
config b
container_name
unshare -m sh -c '
mount -t tmpfs none /proc/sys && mkdir -p /proc/sys/net/ipv4 && : >/proc/sys/net/ipv4/ip_default_ttl &&
"$1" oci --root "$2" run --bundle b "$3" >out 2>&1 </dev/null; cat /proc/sys/net/ipv4/ip_default_ttl >fake' - "$CLEAT" "$STATE" "$id"
expect_equal "77 123" "$(tr '\n' ' ' <out | sed 's/ $//')" "CVE-2025-52881: a sysctl is set in the kernel although /proc/sys is covered"
expect_equal "" "$(cat fake)" "CVE-2025-52881: nothing is written to what covers it"
container_name
unshare -m sh -c '
mount -t tmpfs none /proc/sys && mkdir -p /proc/sys/net/ipv4 && : >/proc/sys/net/ipv4/ip_default_ttl &&
"$4" --enosys fsopen rep "$1" oci --root "$2" run --bundle b "$3" >out 2>&1 </dev/null; cat /proc/sys/net/ipv4/ip_default_ttl >fake' - "$CLEAT" "$STATE" "$id" "$O/tests/tool/faults"
expect "CVE-2025-52881: without a private procfs it is an error" grep -qi 'sysctl.*cross' out
expect_equal "" "$(cat fake)" "CVE-2025-52881: and nothing is written"
process_more='' linux_more=''

# /proc, /sys, /dev and the cgroup mount exchanged with a link while containers are made in the same root
race() { # NAME INSIDE-OUT SECONDS: the two names that are exchanged
	rm -f stop
	start swapper "$PROBE" swap "$2" "$3" "$TMP/stop"
	end=$(($(date +%s) + $4)) n=0 good=0
	# on a busy machine the number of attempts decides
	while [ "$(date +%s)" -lt $end ] || { [ $n -lt 12 ] && [ "$(date +%s)" -lt $((end + 10)) ]; }; do
		run_it && good=$((good + 1))
		n=$((n + 1))
	done
	touch stop
	wait "$started"
	swaps=$(cat swapper.log)
	[ $n -ge 12 ] && [ "${swaps:-0}" -gt 1000 ] && ok "$1: $n containers, $good of them started, $swaps exchanges" ||
		fail "$1: the race was run" "$n $swaps"
	unchanged "$1"
}
secs=${RACE_SECONDS:-2}
args='["/bin/true"]'
for dir in proc sys dev; do
	fresh
	mkdir -p b/rootfs/$dir
	ln -s "$TMP/canary" b/rootfs/swap
	race "CVE-2023-27561, CVE-2023-28642: /$dir is exchanged with a link" b/rootfs/$dir b/rootfs/swap "$secs"
done
fresh
mkdir -p vol/fs/cgroup canary2
ln -s "$TMP/canary" vol/link
mounts_more=",{\"destination\":\"/v\",\"type\":\"bind\",\"source\":\"$TMP/vol\",\"options\":[\"bind\"]},{\"destination\":\"/v/fs/cgroup/a/b/c\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},{\"destination\":\"/v/link/x/y\",\"type\":\"bind\",\"source\":\"$TMP/vol/fs\",\"options\":[\"bind\"]}"
race "CVE-2024-45310: directories are made in a shared volume" vol/fs vol/link "$secs"
fresh
mkdir -p vol2/real b/rootfs/v
ln -s "$TMP/canary" vol2/swap
mounts_more=",{\"destination\":\"/v\",\"type\":\"bind\",\"source\":\"$TMP/vol2\",\"options\":[\"bind\"]},{\"destination\":\"/v/real\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"
race "CVE-2021-30465: a destination in a shared volume" vol2/real vol2/swap $((secs * 2))
mounts_more=

# 2025-52565: the console comes from the descriptor of the terminal. The image has it as a link, and exchanges it.
cat >console.py <<'PY'
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(64)
while True:
    c, _ = s.accept()
    data, anc, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
    for _, _, fds in anc:
        for fd in array.array("i", fds[:4]):
            try:
                while os.read(fd, 4096):
                    pass
            except OSError:
                pass
            os.close(fd)
    c.close()
PY
start receiver python3 console.py "$TMP/console.sock"
wait_for 5 test -S console.sock
receiver=$started
terminal_run() {
	config b
	container_name
	oci create --bundle b --console-socket "$TMP/console.sock" "$id" >out 2>&1 </dev/null
	rc=$?
	[ $rc = 0 ] && oci start "$id" >>out 2>&1 && sleep 0.05
	oci delete --force "$id" 2>/dev/null
	return $rc
}
fresh
terminal=true
sh_args '[ "$(stat -c %t /dev/console)" = 88 ] && touch /tmp/is-terminal; echo changed >/dev/console'
terminal_run
expect "CVE-2025-52565: /dev/console is the terminal" test -e b/rootfs/tmp/is-terminal
devtmpfs='{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]},'
for target in "$TMP/canary/file" /dev/pts/0 /proc/sys/kernel/core_pattern; do
	rm -rf b/rootfs/dev
	mkdir -p b/rootfs/dev/pts
	ln -s "$target" b/rootfs/dev/console
	terminal_run
	unchanged "CVE-2025-52565: /dev/console of the image is a link to $target"
done
rm -rf b/rootfs/dev
mkdir -p b/rootfs/dev/pts
touch b/rootfs/dev/console
ln -s "$TMP/canary/file" b/rootfs/dev/swap
run_it() {
	terminal_run
}
race "CVE-2025-52565: /dev/console is exchanged with a link" b/rootfs/dev/console b/rootfs/dev/swap "$secs"
rm -rf b/rootfs/dev
mkdir -p b/rootfs/dev/pts b/rootfs/dev/swap
ln -s "$TMP/canary/file" b/rootfs/dev/swap/0
ln -s "$TMP/canary/file" b/rootfs/dev/swap/ptmx
race "CVE-2025-52565: /dev/pts is exchanged with links" b/rootfs/dev/pts b/rootfs/dev/swap "$secs"
stop "$receiver"
terminal=false

# containerd 2026-47262: what the runtime reads of the image's user database is bounded
fresh
sh_args 'exit 0'
config b
for kind in fifo zero sparse directory; do
	rm -rf b/rootfs/etc/passwd b/rootfs/etc/group
	case $kind in
	fifo) mkfifo b/rootfs/etc/passwd ;;
	zero) ln -s /dev/zero b/rootfs/etc/passwd ;;
	sparse) truncate -s 10G b/rootfs/etc/passwd ;;
	directory) mkdir b/rootfs/etc/passwd ;;
	esac
	container_name
	begin=$(date +%s)
	timeout -s KILL 20 busybox time -v "$CLEAT" oci --root "$STATE" run --bundle b "$id" >out 2>&1 </dev/null
	kib=$(awk '/Maximum resident/ { print $NF }' out)
	[ $(($(date +%s) - begin)) -le 3 ] && [ "${kib:-99999}" -lt 11000 ] && ok "CVE-2026-47262: /etc/passwd as $kind: $kib KiB" ||
		fail "CVE-2026-47262: /etc/passwd as $kind" "$(cat out)"
	oci delete --force "$id" 2>/dev/null
done
no_leftovers "nothing is left"
tap_end
