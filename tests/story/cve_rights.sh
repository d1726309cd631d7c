#!/bin/sh
# timeout: 120
# Advisories of container runtimes and of the kernel about rights: ids, groups, capabilities, cgroups, system
# calls, terminals, limits. Each under its number; what the field's list has and this does not is in
# tests/story/oci_hostile.sh, oci_confine.sh, oci_limits.sh.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox python3
PROBE=$O/tests/tool/probe
[ -x "$PROBE" ] || skip_all "needs $PROBE"

bundle b
cp "$PROBE" b/rootfs/bin/probe
chmod 755 .
run_it() {
	config b
	container_name
	oci run --bundle b "$id" >out 2>&1 </dev/null
	rc=$?
	[ $rc != 0 ] && oci delete --force "$id" 2>/dev/null
	return $rc
}
userns() {
	namespaces="$namespaces,{\"type\":\"user\"}"
	linux_more=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'"$linux_more"
}
default_seccomp() {
	"$CLEAT" oci spec --default --bundle "$TMP" 2>/dev/null
	python3 -c 'import json; print(json.dumps(json.load(open("config.json"))["linux"]["seccomp"]))'
}

# 2022-29162, 2022-24769, 2022-27650: nothing inheritable; 2016-3697, 2016-8867: nothing ambient unless asked for
sets='grep -E "CapInh|CapAmb" /proc/self/status | tr -d "[:space:]"'
nothing='CapInh:0000000000000000CapAmb:0000000000000000'
for user in '{"uid":0,"gid":0}' '{"uid":1000,"gid":1000}'; do
	sh_args "$sets; sleep 60"
	config b
	container_name
	oci run --detach --bundle b "$id" >out 2>&1 </dev/null
	wait_for 5 grep -q CapAmb out
	expect_equal "$nothing" "$(cat out)" "CVE-2022-29162: run as $user has nothing inheritable or ambient"
	for u in 0 1000 7:8; do
		expect_equal "$nothing" "$(oci exec --user $u "$id" /bin/sh -c "$sets" </dev/null)" "CVE-2022-29162: nor has exec -u $u"
		[ $u = 0 ] || expect_equal "CapEff:0000000000000000" "$(oci exec --user $u "$id" /bin/sh -c 'grep CapEff /proc/self/status | tr -d "[:space:]"' </dev/null)" "CVE-2016-3697: exec -u $u has no capability"
	done
	expect_equal "CapAmb:0000000000000000" "$(oci exec --cap CAP_NET_ADMIN "$id" /bin/sh -c 'grep CapAmb /proc/self/status | tr -d "[:space:]"' </dev/null)" "CVE-2016-8867: exec --cap gives nothing ambient" ||:
	oci delete --force "$id"
done
config_reset

# 2022-36109, 2022-2989, 2023-25173: exactly the groups of the configuration, so that a file can be kept from one
echo secret >b/rootfs/negative
chown 0:5 b/rootfs/negative
chmod 604 b/rootfs/negative
user='{"uid":1000,"gid":1000,"additionalGids":[5,2000]}'
sh_args 'id -G; cat /negative'
run_it
expect_equal "1000 5 2000 cat: can't open '/negative': Permission denied" "$(tr '\n' ' ' <out | sed 's/ $//')" "CVE-2022-36109: additional groups are in force, also where they take rights away"
user='{"uid":1000,"gid":1000}'
sh_args 'id -G'
run_it
expect_equal 1000 "$(cat out)" "CVE-2022-36109: and there are no others"
config_reset

# 2021-43784: 10,000 mappings are refused whole, never read in part; so is a path that is too long
python3 - <<'PY'
import json
c = json.load(open("b/config.json"))
c["linux"]["namespaces"].append({"type": "user"})
many = [{"containerID": i, "hostID": 100000 + i, "size": 1} for i in range(10000)]
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = many
json.dump(c, open("many.json", "w"))
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = many[:400]
json.dump(c, open("some.json", "w"))
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = many[:1]
c["linux"]["namespaces"] = [{"type": "mount", "path": "/proc/" + "x" * 100000}]
json.dump(c, open("path.json", "w"))
PY
for what in many path; do
	cp $what.json b/config.json
	container_name
	oci run --bundle b "$id" >out 2>&1 </dev/null && fail "CVE-2021-43784: $what" "$(cat out)" || ok "CVE-2021-43784: $what: $(cut -c1-90 out | head -n 1)"
	oci delete --force "$id" 2>/dev/null
done
sed 's|"/bin/true"|"/bin/sh","-c","wc -l </proc/self/uid_map"|' some.json >b/config.json
container_name
oci run --bundle b "$id" >out 2>&1 </dev/null
grep -qE '^(400|.*(limit|too many|340|more than).*)$' out && ok "CVE-2021-43784: 400 mappings: all or none: $(head -c 90 out)" || fail "CVE-2021-43784: 400 mappings: all or none" "$(cat out)"
oci delete --force "$id" 2>/dev/null

# 2023-25809: the cgroup mount is read-only, without a cgroup namespace and in a user namespace too; 2022-0492
for kind in plain no-cgroup-namespace user-namespace; do
	config_reset
	case $kind in
	no-cgroup-namespace) namespaces='{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"}' ;;
	user-namespace) userns ;;
	esac
	sh_args 'for f in $(find /sys/fs/cgroup -name cgroup.procs -o -name release_agent -o -name notify_on_release); do if (echo 0 >$f) >/dev/null 2>&1; then echo wrote $f; fi; done; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/pids/x 2>/dev/null && echo made; mount -o remount,rw /sys/fs/cgroup/pids 2>/dev/null && echo remounted; find /sys/fs/cgroup -name cgroup.procs | wc -l'
	run_it
	expect_out '^[1-9][0-9]*$' "CVE-2023-25809: $kind: nothing below /sys/fs/cgroup can be written" cat out
	[ "$(wc -l <out)" = 1 ] || fail "CVE-2023-25809: $kind" "$(cat out)"
done
config_reset
caps="$docker_caps,\"CAP_SYS_ADMIN\""
sh_args 'mkdir /tmp/cg; mount -t cgroup -o memory none /tmp/cg && find /tmp/cg -name release_agent'
run_it
grep -q release_agent out && fail "CVE-2022-0492: even with CAP_SYS_ADMIN a cgroup namespace shows no release_agent" "$(cat out)" ||
	ok "CVE-2022-0492: even with CAP_SYS_ADMIN a cgroup namespace shows no release_agent"
config_reset

# 2022-0185, 2022-25636, 2024-1086 and the like: the default profile keeps containers from what they need
args='["/bin/probe","calls"]'
run_it
expect "control: without a profile these calls reach the kernel" grep -q '^unshare-user:ok' out
linux_more=",\"seccomp\":$(default_seccomp)"
run_it
expect_equal "" "$(grep -vE ':(EPERM|ENOSYS)$' out)" "CVE-2022-0185: new namespaces, mounts, bpf, keys, io_uring are refused"
expect_equal 19 "$(grep -cE ':(EPERM|ENOSYS)$' out)" "CVE-2022-0185: all that were tried"
# 2026-31431: AF_ALG and AF_VSOCK, and the old way to call socket
args='["/bin/probe","sockets"]'
run_it
expect_equal "socket-1:ok socket-2:ok socket-10:ok socket-16:ok socket-38:EPERM socket-40:EPERM" "$(head -n 6 out | tr '\n' ' ' | sed 's/ $//')" "CVE-2026-31431: families of sockets"
expect_equal "" "$(tail -n +7 out | grep ':ok')" "CVE-2026-31431: nor by socketcall of 32-bit programs"
config_reset

# default lists: runc's, and what Docker adds
"$CLEAT" oci spec --default --bundle "$TMP" 2>/dev/null
expect_equal "" "$(python3 - <<'PY'
import json
c = json.load(open("config.json"))["linux"]
want = {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/sys/firmware", "/proc/scsi", "/proc/interrupts", "/sys/devices/virtual/powercap"}
print(*sorted(want - set(c["maskedPaths"])), *sorted({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"} - set(c["readonlyPaths"])))
PY
)" "CVE-2017-16539, 2018-10892: default masked and read-only paths"

# LXC 2016-10124: no way to type into the terminal of the host
cat >hosttty.py <<'PY'
import os, pty, sys, termios, time
pid, master = pty.fork()
if pid == 0:
    status = os.spawnvp(os.P_WAIT, sys.argv[1], sys.argv[1:])
    # what was pushed into this terminal would be read now
    attr = termios.tcgetattr(0)
    attr[3] &= ~termios.ICANON
    attr[6][termios.VMIN] = 0
    termios.tcsetattr(0, termios.TCSANOW, attr)
    time.sleep(0.2)
    print("typed", os.read(0, 16), flush=True)
    os._exit(0)
out = b""
while True:
    try:
        data = os.read(master, 4096)
    except OSError:
        break
    if not data:
        break
    out += data
sys.stdout.write(out.decode("utf-8", "replace").replace("\r", ""))
PY
timeout 20 python3 hosttty.py "$PROBE" tiocsti >out 2>&1
if grep -q 'TIOCSTI:ok' out; then
	expect "CVE-2016-10124 control: outside of a container it is typed" grep -q "typed b'x'" out
else
	skip "CVE-2016-10124 control: outside of a container it is typed" "this kernel allows TIOCSTI to nobody"
fi
for caps in "$docker_caps" ''; do
	args='["/bin/probe","tiocsti"]'
	config b
	container_name
	timeout 20 python3 hosttty.py "$CLEAT" oci --root "$STATE" run --bundle b "$id" >out 2>&1
	expect "CVE-2016-10124: nothing is typed into the host's terminal" grep -q "typed b''" out
	expect "CVE-2016-10124: TIOCSTI is refused" grep -qE 'TIOCSTI:(EPERM|.*error|Inappropriate)' out
	[ "$caps" ] || break
done
config_reset
terminal=true
args='["/bin/probe","tiocsti"]'
config b
container_name
timeout 20 python3 hosttty.py "$CLEAT" oci --root "$STATE" run --bundle b "$id" >out 2>&1
expect "CVE-2016-10124: a container's own terminal is not the host's" grep -q "typed b''" out
terminal=false

# containerd 2025-47291: limits hold before the first instruction, in a user namespace too
for kind in plain user-namespace; do
	config_reset
	[ $kind = plain ] || userns
	resources='"pids":{"limit":1}'
	sh_args 'cat /proc/self/cgroup | grep -c cleat-test; /bin/true; echo forked'
	run_it
	grep -q '^forked' out && fail "CVE-2025-47291: $kind: pids.max 1 keeps the first instruction from forking" "$(cat out)" ||
		expect "CVE-2025-47291: $kind: pids.max 1 keeps the first instruction from forking" grep -qiE "can.t fork|resource" out
done
config_reset

# moby 2021-21284, 2021-41091: state of containers is closed to users of the host
sh_args 'sleep 60'
config b
container_name
oci run --detach --bundle b "$id" >/dev/null 2>&1 </dev/null
expect "control: the state is there" test -s "$STATE/$id/state.json"
for f in "$STATE" "$STATE/$id" "$STATE/$id/state.json"; do
	[ -e "$f" ] || continue
	python3 - "$f" <<'PY' && fail "CVE-2021-21284: $(basename "$f") is closed to others" || ok "CVE-2021-21284: $(basename "$f") is closed to others"
import os, sys
os.setgroups([])
os.setgid(1000)
os.setuid(1000)
try:
    os.listdir(sys.argv[1]) if os.path.isdir(sys.argv[1]) else open(sys.argv[1])
except OSError:
    sys.exit(1)
PY
done
# crun: exec --cgroup must not lead out of the container's cgroup
before=$(cat /sys/fs/cgroup/*/cgroup.procs | sort -u | wc -l)
for path in .. ../x ../../ /../../x a/../../..; do
	oci exec --cgroup "$path" "$id" /bin/sh -c 'cat /proc/self/cgroup' >out 2>&1 </dev/null && fail "exec --cgroup $path is refused" "$(head -n 3 out)" ||
		ok "exec --cgroup $path is refused"
done
# every hierarchy: the exec is below the container's cgroup
oci exec "$id" /bin/sleep 30 >/dev/null 2>&1 </dev/null &
wait_for 5 sh -c "[ \$(cat /sys/fs/cgroup/*$CGROUP/b/cgroup.procs | sort -u | wc -l) -ge 2 ]"
expect_equal "" "$(for p in $(cat /sys/fs/cgroup/pids"$CGROUP"/b/cgroup.procs 2>/dev/null); do grep -v "$CGROUP/b" /proc/"$p"/cgroup; done | grep -v '^0::/$')" "CVE-2022-0492: a process that joins is in the container's cgroups, all of them"
oci delete --force "$id"
wait
no_leftovers "nothing is left"
tap_end
