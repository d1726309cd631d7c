#!/bin/sh
# timeout: 180
# Root file systems made to reach the host, and processes inside that try while the runtime works. Each
# check is named after the advisory whose mistake would make it fail; the host's canaries must not change.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
. "$TOP/tests/lib/canary.sh"
need_root
need busybox python3

attempt() { # name: run, whatever it answers
	config b
	container_name
	oci run --bundle b "$id" >out 2>&1
	rc=$?
	unchanged "$1"
}

# /dev of the image is a link to the host's directory, with and without a mount on /dev
for with in a no; do
	for target in "$TMP/canary" ../../canary /proc/self/cwd/../../canary; do
		fresh
		[ $with = a ] || devtmpfs=
		ln -s "$target" b/rootfs/dev
		args='["/bin/true"]'
		attempt "CVE-2026-47766: /dev -> $target, $with mount on it"
	done
done
# device nodes of the image are links, no mount on /dev (crun 2026-88264, 2026-88265; runc 2025-31133)
for node in null console zero ptmx; do
	fresh
	devtmpfs=
	mkdir b/rootfs/dev
	ln -s "$TMP/canary/file" b/rootfs/dev/$node
	sh_args 'echo changed >/dev/null; chmod 777 /dev/null'
	attempt "CVE-2026-88264, CVE-2026-88265: /dev/$node of the image is a link"
done
fresh
devtmpfs=
mkdir b/rootfs/dev
ln -s /proc/sys/kernel/core_pattern b/rootfs/dev/null
sh_args 'echo "|/x" >/proc/kcore; echo "|/x" >/dev/null; cat /proc/keys'
attempt "CVE-2025-31133: masked paths with /dev/null of the image"
expect_equal 1 "$rc" "CVE-2025-31133: refused"
fresh
devtmpfs=
mkdir b/rootfs/dev
echo 'not a device' >b/rootfs/dev/null
sh_args 'cat /proc/keys'
attempt "CVE-2025-31133: /dev/null is a file"
expect_equal 1 "$rc" "CVE-2025-31133: a file is refused"

# the container's root may change the mode of what it is given as /dev/null, not of the host's
fresh
sh_args 'chmod 000 /dev/null /proc/keys /proc/timer_list'
attempt "mode of /dev/null and of what masks"

# /proc and /sys of the image are links or files
for name in proc sys; do
	for target in "$TMP/canary" tmp ../../canary /nowhere; do
		fresh
		ln -s "$target" b/rootfs/$name
		args='["/bin/true"]'
		attempt "CVE-2019-19921: /$name -> $target"
		expect_equal 1 "$rc" "CVE-2019-19921: /$name -> $target is refused"
	done
	fresh
	touch b/rootfs/$name
	attempt "CVE-2019-16884: /$name is a file"
	expect_equal 1 "$rc" "CVE-2019-16884: /$name as a file is refused"
done
fresh
mkdir -p b/rootfs/sys b/rootfs/etc
mounts_more=",{\"destination\":\"/out/x\",\"type\":\"bind\",\"source\":\"$TMP/b/rootfs/etc\",\"options\":[\"bind\"]},{\"destination\":\"/out/new/dir\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"
ln -s "$TMP/canary" b/rootfs/out
attempt "CVE-2024-45310: a mount below a link"
fresh
mounts_more=",{\"destination\":\"/../../../../../../../../$TMP/canary\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"
attempt "a destination that climbs"

# a destination that somebody exchanges all the time
fresh
mkdir -p vol/real
ln -s "$TMP/canary" vol/swap
mkdir -p "b/rootfs$TMP/canary" # so that the link leads somewhere inside too
mounts_more=",{\"destination\":\"/vol\",\"type\":\"bind\",\"source\":\"$TMP/vol\",\"options\":[\"bind\"]},{\"destination\":\"/vol/real\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},{\"destination\":\"/vol/swap/made\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}"
cat >swap.py <<'PY'
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
end = time.time() + 60
while time.time() < end and not os.path.exists("stop"):
    for _ in range(200):
        libc.renameat2(-100, b"vol/real", -100, b"vol/swap", 2)
PY
args='["/bin/true"]'
config b
start swapper python3 swap.py
end=$(($(date +%s) + 4)) n=0 good=0
while [ "$(date +%s)" -lt $end ]; do
	container_name
	oci run --bundle b "$id" >/dev/null 2>&1 && good=$((good + 1))
	n=$((n + 1))
done
touch stop
wait "$started"
tap_diag "$n containers, $good of them started"
[ $n -gt 20 ] && [ $good -gt 3 ] && ok "CVE-2021-30465: the race was run" || fail "CVE-2021-30465: the race was run" "$n"
unchanged "CVE-2021-30465: a destination that is exchanged meanwhile"
no_leftovers "nothing is left"

# working directories and leaked descriptors
fresh
n=3
exec 8<canary
while [ $n -lt 24 ]; do
	cwd=/proc/self/fd/$n
	sh_args 'pwd; ls; cat file'
	config b
	container_name
	oci run --bundle b "$id" >out 2>&1 && fail "CVE-2024-21626: cwd $cwd" "$(cat out)"
	n=$((n + 1))
done
ok "CVE-2024-21626: no cwd /proc/self/fd/N is accepted"
fresh
sh_args 'for f in /proc/self/fd/*; do readlink $f; done'
config b
container_name
oci run --bundle b "$id" >out 2>&1
grep -q -e canary -e "$TMP/state" -e "$TMP/b" out && fail "CVE-2024-21626: no descriptor of the host is open inside" "$(cat out)" ||
	ok "CVE-2024-21626: no descriptor of the host is open inside"
sh_args 'ls /proc/self/fd; sleep 60'
config b
container_name
expect "run detached" oci run --detach --bundle b "$id"
fds=$(oci exec "$id" /bin/sh -c 'ls /proc/1/fd /proc/self/fd | sort -u | tr "\n" " "')
expect_equal "0 1 2 3 /proc/1/fd: /proc/self/fd: " "$(echo "$fds" | tr ' ' '\n' | grep . | LC_ALL=C sort -r | LC_ALL=C sort | awk '/^[0-9]/{a=a $0 " "} /^\//{b=b $0 " "} END{print a b}')" "exec has stdio only (3 is ls itself)" ||:
for n in 3 7 8 9; do
	expect_rc 255 "CVE-2024-21626: exec --cwd /proc/self/fd/$n" oci exec --cwd /proc/self/fd/$n "$id" /bin/pwd
done
oci delete --force "$id"
exec 8<&-

# CVE-2016-9962: what an exec is while it joins must not be open to the container
fresh
sh_args 'while :; do for p in /proc/[0-9]*; do case $p in /proc/1|/proc/$$) ;; *) ls -l $p/fd $p/exe $p/cwd 2>/dev/null | grep -e canary -e cleat -e socket >>/tmp/seen;; esac; done; done'
config b
container_name
oci run --detach --bundle b "$id"
i=0
exec 8<canary
while [ $i -lt 60 ]; do
	oci exec "$id" /bin/true >/dev/null 2>&1
	i=$((i + 1))
done
exec 8<&-
expect_equal "" "$(cat b/rootfs/tmp/seen 2>/dev/null)" "CVE-2016-9962: nothing of the host is seen during 60 execs"
oci delete --force "$id"

# CVE-2019-5736: the container makes the runtime execute itself and then writes to the file
cp "$CLEAT" "$TMP/runtime-copy"
RUNTIME=$TMP/runtime-copy
sum=$(sha256sum <"$RUNTIME")
fresh
printf '#!/proc/self/exe\n' >b/rootfs/bin/self
chmod 755 b/rootfs/bin/self
args='["/bin/self"]'
config b
container_name
timeout 10 "$RUNTIME" oci --root "$STATE" run --bundle b "$id" >out 2>&1
expect_equal "$sum" "$(sha256sum <"$RUNTIME")" "CVE-2019-5736: entry point #!/proc/self/exe"
if [ -x "$O/tests/tool/probe" ]; then
	cp "$O/tests/tool/probe" b/rootfs/bin/probe
	sh_args 'exec /bin/probe attack /tmp'
	config b
	container_name
	oci run --detach --bundle b "$id"
	n=0
	while [ $n -lt 100 ] && ! grep -q have b/rootfs/tmp/log 2>/dev/null; do
		timeout 5 "$RUNTIME" oci --root "$STATE" exec "$id" /bin/self >/dev/null 2>&1
		n=$((n + 1))
	done
	sleep 0.3
	expect "CVE-2019-5736: the attacker got hold of the runtime's file" grep -q have b/rootfs/tmp/log
	oci delete --force "$id"
	# the same attacker, with the rights of its victim, and a program that does not protect itself
	mkdir naive
	cp "$(command -v busybox)" naive/nsenter
	rm -f b/rootfs/tmp/log
	caps=$("$CLEAT" oci features | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["linux"]["capabilities"])[1:-1])')
	config b
	caps=$docker_caps
	container_name
	oci run --detach --bundle b "$id" 2>/dev/null
	pid=$(oci state "$id" | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
	naive_sum=$(sha256sum <naive/nsenter)
	n=0
	while [ $n -lt 200 ] && ! grep -q wrote b/rootfs/tmp/log 2>/dev/null; do
		timeout 5 ./naive/nsenter -t "$pid" -m -p /bin/self >/dev/null 2>&1
		n=$((n + 1))
	done
	sleep 0.3
	[ "$naive_sum" != "$(sha256sum <naive/nsenter)" ] && ok "CVE-2019-5736 control: a program without protection is overwritten" ||
		fail "CVE-2019-5736 control: a program without protection is overwritten" "$(cat b/rootfs/tmp/log 2>&1)"
	oci delete --force "$id"
else
	skip "CVE-2019-5736: an attacker inside" "needs $O/tests/tool/probe"
fi
expect_equal "$sum" "$(sha256sum <"$RUNTIME")" "CVE-2019-5736: exec of #!/proc/self/exe"
RUNTIME=$CLEAT

# cgroups: no release_agent (CVE-2022-0492), no way out of a read-only mount (CVE-2023-25809)
fresh
sh_args 'exec 2>&1; mkdir /tmp/cg; mount -t cgroup -o memory none /tmp/cg; find /sys/fs/cgroup -name release_agent; (echo /x >/sys/fs/cgroup/memory/release_agent); (echo 1 >/sys/fs/cgroup/cgroup.procs); (echo 1 >/sys/fs/cgroup/pids/cgroup.procs); mkdir /sys/fs/cgroup/pids/x /sys/fs/cgroup/x; unshare -Urm true'
linux_more=",\"seccomp\":$("$CLEAT" oci spec --default --bundle "$TMP" 2>/dev/null; python3 -c 'import json;print(json.dumps(json.load(open("config.json"))["linux"]["seccomp"]))')"
attempt "CVE-2022-0492: release_agent"
grep -vE 'Read-only|denied|not permitted|nonexistent|No such|mkdir: ' out | grep . >bad
expect_equal "" "$(cat bad)" "CVE-2023-25809: everything below /sys/fs/cgroup is read-only"
# exec -u (crun CVE-2026-30892), users that wrap (containerd CVE-2024-40635)
sh_args 'sleep 60'
config b
container_name
oci run --detach --bundle b "$id"
for u in '' ' 1000' '1000 ' 1e3 0x0 -1 4294967295 4294967296 root 1000:x :5 1:2:3; do
	expect_rc 1 "CVE-2026-30892: exec --user '$u' is refused" oci exec --user "$u" "$id" /bin/true
done
expect_out '^uid=1 gid=0' "exec --user 1" oci exec --user 1 "$id" /bin/id
expect_out '^uid=1000 gid=7' "exec --user 1000:7" oci exec -u 1000:7 "$id" /bin/id
expect_out 'CapInh:.0000000000000000' "CVE-2022-29162: exec has nothing inheritable" oci exec "$id" /bin/grep CapInh /proc/self/status
oci delete --force "$id"
no_leftovers "nothing is left"
tap_end
