#!/bin/sh
# timeout: 400
# The kernels of real devices: every newer system call answers ENOSYS, one at a time and all at once, for
# the runtime and for what it starts. The container is the same; then the stories about the verbs run a
# second time. What cannot be had is refused by name, and 'features' says so. OLD_KERNEL=full runs the
# stories without each single call as well; STORIES="oci_exec" takes these alone.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox python3
OLD=$O/tests/tool/oldkernel
[ -x "$OLD" ] || skip_all "needs $OLD"

chmod 711 . # a mapped root without open_tree walks here itself
bundle b
mkdir -p src/sub b/rootfs/proc b/rootfs/sys
echo content >src/f
mounts_more=",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"rbind\",\"ro\",\"nosuid\",\"rprivate\"]}"
process_more=',"oomScoreAdj":77'
linux_more=',"sysctl":{"net.ipv4.ip_default_ttl":"99"},"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}'
sh_args 'exec 2>&1; id; cat /m/f; touch /m/x; mkdir /tmp/x; (echo x >/proc/sys/kernel/hostname); wc -c </proc/keys; grep -E "Cap|Seccomp:|NoNew" /proc/self/status; ls /dev; ls /proc/self/fd | wc -l; grep -E " /(m|proc/sys|proc/keys|sys) " /proc/self/mountinfo | cut -d" " -f5,6; cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_default_ttl'
config b
container_name
oci run --bundle b "$id" >want 2>&1
expect "the container of a new kernel" grep -q Seccomp want

without() { # calls verb
	timeout -s KILL 20 "$OLD" "$1" "$CLEAT" oci --root "$STATE" "$2" --bundle b "$id"
}
new='openat2 clone3 open_tree mount_setattr move_mount fsopen fsconfig fsmount statx close_range pidfd_open pidfd_send_signal
pidfd_getfd faccessat2 fchmodat2'
all=$(echo $new | tr ' ' ,)
for call in $new $all; do
	container_name
	without "$call" run >got 2>&1 </dev/null
	if cmp -s want got; then
		ok "without $call"
	else
		fail "without $call" "$(diff want got)"
	fi
done
sh_args 'exec sleep 60'
config b
for call in $new $all; do
	container_name
	without "$call" create >got 2>&1 </dev/null
	"$OLD" "$call" "$CLEAT" oci --root "$STATE" start "$id" >>got 2>&1
	"$OLD" "$call" "$CLEAT" oci --root "$STATE" exec "$id" /bin/true >>got 2>&1 </dev/null
	"$OLD" "$call" "$CLEAT" oci --root "$STATE" pause "$id" >>got 2>&1
	"$OLD" "$call" "$CLEAT" oci --root "$STATE" resume "$id" >>got 2>&1
	"$OLD" "$call" "$CLEAT" oci --root "$STATE" kill "$id" KILL >>got 2>&1
	"$OLD" "$call" "$CLEAT" oci --root "$STATE" delete --force "$id" >>got 2>&1
	expect_equal "" "$(cat got)" "create, start, exec, pause, resume, kill, delete without $call"
done
no_leftovers "nothing is left"

# what is lost
process_more=
mounts_more=",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"$TMP/src\",\"options\":[\"rbind\",\"rro\"]}"
config b
container_name
without mount_setattr,open_tree run >got 2>&1
expect "a recursive option that the kernel lacks is an error" grep -q 'recursive mount options need Linux 5.12' got
args='["/bin/true"]'
mounts_more= linux_more=',"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"'$TMP/agent'","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_NOTIFY"}]}'
config b
python3 -c 'import socket, time; s = socket.socket(socket.AF_UNIX); s.bind("agent"); s.listen(9); time.sleep(99)' &
at_exit "kill $! 2>/dev/null"
wait_for 5 [ -S agent ]
for call in pidfd_getfd $all; do
	container_name
	without "$call" run >got 2>&1 </dev/null
	expect "an agent is an error without $call" grep -q 'an agent needs Linux 5.6' got
done
linux_more=
config b
container_name
timeout -s KILL 20 "$OLD" clone3,pidfd_open "$CLEAT" oci --root "$STATE" run --pidfd-socket "$TMP/agent" --bundle b "$id" >got 2>&1 </dev/null
expect "a pidfd that the kernel has not is an error" grep -q -e '--pidfd-socket needs Linux 5.3' got
"$OLD" "$all" "$CLEAT" oci features >features.json
expect_equal "" "$(python3 - "$all" <<'PY'
import json, sys
f = json.load(open("features.json"))
a = f["annotations"]
for word in ("recursive mount options", "idmapped mounts", "mounts on links", "--pidfd-socket", "SCMP_ACT_NOTIFY"):
    if word not in a["cleat.kernel.lost"]:
        print("not said:", word)
for call in ("openat2", "clone3", "open_tree", "mount_setattr", "move_mount", "fsopen", "close_range", "pidfd_open", "pidfd_getfd"):
    if call not in a["cleat.kernel.calls-missing"]:
        print("not missing:", call)
if f["linux"]["mountExtensions"]["idmap"]["enabled"]:
    print("idmap is said to be there")
PY
)" "features says what is lost"

# the same roots as in oci_hostile.sh, resolved by the walk instead of openat2
mounts_more=
mkdir canary
touch canary/file
for name in proc sys dev; do
	rm -rf "b/rootfs/$name"
	ln -s "$TMP/canary" "b/rootfs/$name"
	config b
	container_name
	without "$all" run >/dev/null 2>&1 </dev/null
	oci delete --force "$id"
	rm "b/rootfs/$name"
	expect_equal "canary/file" "$(find canary -type f -o -type c -o -type l)" "without new calls, /$name -> the host: nothing is made there"
done
no_leftovers "nothing is left"

# The stories again. A check may fail only with a refusal that names the kernel, or for what is said here:
# without open_tree a process of the container's user namespace opens sources itself, with its rights. That
# there is a filter, ours, is no difference to a peer.
cat >judge.py <<'PY'
import re, sys
allowed = {"sources below a directory that is closed to the mapped root", "a source on an earlier mount of the container",
           "a root that is closed to the mapped root", "and in it a source and a device that are not in the root"}
checks, bad, lost = 0, [], 0
name = detail = None
lines = open(sys.argv[1], errors="replace").read().splitlines()
for line in lines + ["ok 0 - end"]:
    m = re.match(r"(not )?ok \d+ - (.*)", line)
    if not m:
        detail = (detail or "") + line + "\n"
        continue
    if name:
        other = re.sub(r"(?m)^# ([<>] Seccomp:\t[02]|---|\d+c\d+)\n", "", detail)
        refused = name in allowed and re.search("Permission denied|got: +cleat oci:", detail)
        if refused or re.search(r"needs? Linux \d", detail) or not other:
            lost += 1
        else:
            bad.append(f"{name}\n{detail}")
    name, detail = (m.group(2) if m.group(1) else None), ""
    checks += 1
if not any(re.match(r"1\.\.\d", line) for line in lines) or checks < 2:
    bad.append("it does not reach its end: " + "".join(lines[-3:]))
print(f"{checks - 1} checks, {lost} refused")
print("\n".join(bad))
sys.exit(bool(bad))
PY
chmod 711 "$TMP"
mkdir -p open
cp "$OLD" open/oldkernel
cp "$CLEAT" open/cleat
ln -sf cleat open/cleat-oci
# an ordinary user's filter needs no_new_privs otherwise, and newuidmap needs the lack of it: CAP_SYS_ADMIN
python3 -c 'import os, struct; os.setxattr("open/oldkernel", "security.capability", struct.pack("<5I", 0x02000001, 1 << 21, 0, 0, 0))'
again() { # calls name story
	mkdir -p "again/$2" && : >"$2.out"
	cat >"again/$2.cleat" <<-SH
		#!/bin/sh
		case \$0 in *cleat-oci) exec "$TMP/open/oldkernel" "$1" "$TMP/open/cleat-oci" "\$@" ;; esac
		exec "$TMP/open/oldkernel" "$1" "$TMP/open/cleat" "\$@"
	SH
	chmod +x "again/$2.cleat"
	(cd "again/$2" && TMPDIR=$PWD CLEAT=$TMP/again/$2.cleat timeout ${STORY_SECONDS:-120} sh "$TOP/tests/story/$3.sh" >"../../$2.out" 2>&1 </dev/null)
	if python3 judge.py "$2.out" >verdict; then
		ok "$2: $(head -n 1 verdict)"
	else
		fail "$2: $(head -n 1 verdict)" "$(tail -n +2 verdict)"
	fi
}
except() { # CALL...: all but these, which all of a story is about
	printf '%s\n' $new | grep -vxF "$(printf '%s\n' "$@")" | paste -sd ,
}
for story in ${STORIES:-oci_lifecycle oci_hooks oci_limits oci_exec oci_update oci_events oci_control oci_process oci_namespaces \
	oci_mounts oci_tty oci_options oci_seccomp oci_rootless oci_confine}; do
	case $story in
	oci_seccomp) most=$(except pidfd_open pidfd_getfd) ;;
	oci_options) most=$(except pidfd_open) ;;
	*) most=$all ;;
	esac
	again "$most" "all-$story" $story
	[ "${OLD_KERNEL:-}" = full ] || continue
	for call in $(echo "$most" | tr , ' '); do
		again "$call" "$call-$story" $story
	done
done
tap_end
