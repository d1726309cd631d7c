#!/bin/sh
# timeout: 120
# Containers of an ordinary user: one id, many ids by newuidmap, no cgroups or delegated ones. The user is a number;
# what newuidmap looks up for it is put over /etc/subuid and the like in a mount namespace of this test's own.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox setpriv unshare python3

uid=54321
if [ -z "${ROOTLESS_STAGE:-}" ]; then
	chmod 755 "$TMP"
	ROOTLESS_STAGE=1 unshare -m --propagation private sh "$0" >out 2>&1
	rc=$?
	grep -v '^1\.\.' out
	tap_n=$(grep -c '^ok\|^not ok' out)
	tap_failed=$(grep -c '^not ok' out)
	[ $rc -le 1 ] && [ "$tap_n" -gt 0 ] || fail "runs in a mount namespace of its own" "$(tail -n 5 out)"
	expect_equal "" "$(grep -e ":$uid:" /etc/passwd; grep -F "$TMP" /proc/self/mountinfo; find /sys/fs/cgroup -maxdepth 3 -name "cleat-rootless-*")" "no trace is left on the machine"
	tap_end
fi

# whatever overwrites these is not seen outside
for f in passwd subuid subgid; do
	cp /etc/$f "$TMP/$f" 2>/dev/null
	[ -e /etc/$f ] || continue
	case $f in passwd) echo "rootless:x:$uid:$uid::/:/bin/sh" ;; *) echo "rootless:200000:65536" ;; esac >>"$TMP/$f"
	mount --bind "$TMP/$f" /etc/$f
done
bundle b
rm b/config.json
cp "$CLEAT" "$TMP/cleat"
mkdir -m 700 session
chown -R $uid:$uid b session
as_user() {
	(cd "$TMP/b" && exec setpriv --reuid $uid --regid $uid --clear-groups \
		env -i PATH=/usr/bin:/bin HOME=/ XDG_RUNTIME_DIR="$TMP/session" "$@" 2>&1)
}
rl() {
	as_user "$TMP/cleat" oci "$@"
}
edit() { # PYTHON: change c, the configuration
	as_user python3 -c "
import json
c = json.load(open('config.json'))
l = c['linux']
$1
json.dump(c, open('config.json', 'w'))"
}
command() {
	edit "c['process']['args'] = ['sh', '-c', '''$1''']"
}

expect "spec --rootless" rl spec --rootless
edit "c['process']['terminal'] = False; c['root']['readonly'] = False"
command 'id -u; cat /proc/self/uid_map /proc/self/setgroups; echo x >/tmp/made; grep CapEff /proc/self/status; ls /sys/class >/dev/null && echo sys'
expect_out '^0$' "run" rl run one
expect_equal "0 0 $uid 1 deny CapEff: 0000000020000420 sys" "$(rl run one | xargs)" "root inside is the user, groups cannot be dropped, capabilities are those asked for"
expect_equal "$uid:$uid" "$(stat -c %u:%g b/rootfs/tmp/made)" "what it makes is the user's"
edit "l['namespaces'].append({'type': 'network'}); c['mounts'] = [m for m in c['mounts'] if m['destination'] != '/sys'] + [{'destination': '/sys', 'type': 'sysfs', 'source': 'sysfs', 'options': ['ro']}]"
command 'ls /sys/class/net'
expect_out '^lo$' "with a network namespace and its sysfs" rl run one
command 'sleep 60'
expect "create" rl create two
expect_out '"status":"created"' "state, below XDG_RUNTIME_DIR" rl state two
expect "start" rl start two
[ -d session/cleat/two ] && ok "the state is the session's" || fail "the state is the session's" "$(find session)"
expect_out '^0$' "exec" rl exec two id -u
expect_rc 3 "and its exit status" rl exec two sh -c 'exit 3'
expect_out "two .*running" "list" rl list
pid=$(rl state two | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
rl exec two sh -c 'for n in user pid net ipc uts mnt; do readlink /proc/self/ns/$n; done' >inside
for n in user pid net ipc uts mnt; do readlink "/proc/$pid/ns/$n"; done >outside
expect_equal "$(cat outside)" "$(cat inside)" "exec joins all its namespaces"

# a user namespace that is joined
mkdir c
cp -r b/rootfs c/rootfs
edit "
for n in l['namespaces']:
    if n['type'] in ('user', 'network', 'ipc', 'uts'): n['path'] = '/proc/$pid/ns/' + {'network': 'net'}.get(n['type'], n['type'])
l.pop('uidMappings'); l.pop('gidMappings')"
command 'for n in user net ipc uts; do readlink /proc/self/ns/$n; done; id -u'
expect_equal "$(grep -e user -e net -e ipc -e uts outside | sort | xargs) 0" "$(rl run three | sort | grep -v '^0$' | xargs) 0" "the namespaces of another container of this user"
expect "kill" rl kill two KILL
wait_for 5 sh -c "! kill -0 $pid 2>/dev/null"
expect "delete" rl delete --force two

# a seccomp agent: the descriptor cannot be fetched from a process that an ordinary user may not look into
start agent python3 "$TOP/tests/lib/seccomp_agent.py" "$TMP/agent" "$TMP/states"
expect "an agent listens" wait_for 10 test -S agent
chmod 777 agent
as_user rm config.json
rl spec --rootless
notify() { # CALLS
	edit "c['process']['terminal'] = False; c['root']['readonly'] = False
l['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW', 'listenerPath': '$TMP/agent', 'listenerMetadata': 'bar',
	'syscalls': [{'names': [$1], 'action': 'SCMP_ACT_NOTIFY'}]}"
}
notify "'mkdir', 'mkdirat'"
command 'mkdir /tmp/run && ls /tmp; ls /proc/self/fd | wc -l'
expect_equal "made run-bar 4" "$(rl run four | xargs)" "run: it answers, and has the only descriptor"
command 'sleep 60'
expect "create" rl create four
expect "start" rl start four
expect_out '^exec-bar$' "exec: it answers" rl exec four sh -c 'mkdir /tmp/exec && ls /tmp'
rl delete --force four
notify "'mkdir', 'sendmsg'"
expect_err 1 'SCMP_ACT_NOTIFY cannot be used for the sendmsg syscall by an ordinary user' "sendmsg cannot wait for it" rl run four
notify "'mkdir'"
edit "l['seccomp']['syscalls'].append({'names': ['sendmsg'], 'action': 'SCMP_ACT_ERRNO'})"
expect_err 1 'the seccomp agent was not told' "nor be forbidden" rl run four
expect "the agent had no trouble" test ! -s agent.log
stop "$started"

# refused
as_user rm config.json
rl spec --rootless
edit "c['process']['terminal'] = False; c['root']['readonly'] = False; c['process']['args'] = ['true']"
cp b/config.json plain.json
edit "l['resources'] = {'pids': {'limit': 5}}"
expect_err 1 'limits need cgroups' "limits without cgroups" rl run four
edit "l['resources'] = {}; l['cgroupsPath'] = '/cleat-rootless-$$'"
expect_err 1 'cgroup' "a cgroup path without cgroups" rl run four
edit "l.pop('cgroupsPath'); c['mounts'].append({'destination': '/m', 'source': '/etc', 'options': ['bind'], 'uidMappings': l['uidMappings'], 'gidMappings': l['gidMappings']})"
expect_err 1 'idmapped mounts need root' "an idmapped mount" rl run four
cp plain.json b/config.json
edit "c['process']['user']['additionalGids'] = [0]"
expect_err 1 'additional groups' "additional groups where setgroups is denied" rl run four
edit "c['process']['user'].pop('additionalGids'); l['namespaces'] = [n for n in l['namespaces'] if n['type'] != 'user']; l.pop('uidMappings'); l.pop('gidMappings')"
expect_rc 1 "without a user namespace" rl run four
expect_equal "" "$(rl list --quiet)" "nothing is left"
expect_equal "" "$(ls session/cleat | grep -v '^\.')" "in the state directory either"

# many ids
if command -v newuidmap >/dev/null && [ -e /etc/subuid ]; then
	cp plain.json b/config.json
	edit "
l['uidMappings'] = [{'containerID': 0, 'hostID': $uid, 'size': 1}, {'containerID': 1, 'hostID': 200000, 'size': 1000}]
l['gidMappings'] = l['uidMappings']"
	command 'cat /proc/self/uid_map /proc/self/setgroups'
	expect_equal "0 $uid 1 1 200000 1000 allow" "$(rl run five | xargs)" "a map of many ids by newuidmap"
	edit "c['process']['user'] = {'uid': 33, 'gid': 44, 'additionalGids': [55]}"
	command 'id -u; id -G; touch /tmp/of33'
	chmod 777 b/rootfs/tmp
	expect_equal "33 44 55" "$(rl run five | xargs)" "another user and groups"
	expect_equal "200032:200043" "$(stat -c %u:%g b/rootfs/tmp/of33)" "whose files have the ids of /etc/subuid"
	edit "l['uidMappings'][1]['hostID'] = 900000"
	expect_err 1 'newuidmap' "ids that are not the user's" rl run five
	edit "l['uidMappings'] = [{'containerID': i, 'hostID': 200000 + i if i else $uid, 'size': 1} for i in range(300)]; l['gidMappings'] = l['uidMappings']; c['process']['user'] = {'uid': 0, 'gid': 0}"
	command 'wc -l </proc/self/uid_map'
	expect_out '^300$' "300 entries, as many as fit into the 4 KiB that the kernel takes" rl run five
else
	skip "newuidmap" "not there (package uidmap)"
fi

# delegated cgroups: the user's own one is the parent
if [ -e /sys/fs/cgroup/cgroup.controllers ] || { umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup; }; then
	group=/sys/fs/cgroup/cleat-rootless-$$
	mkdir $group $group/session
	chown $uid:$uid $group $group/cgroup.procs $group/session $group/session/cgroup.procs $group/session/cgroup.threads
	at_exit "rmdir $group/session $group"
	cp plain.json b/config.json
	command 'sleep 60'
	as_delegated() {
		(echo 0 >$group/session/cgroup.procs && exec setpriv --reuid $uid --regid $uid --clear-groups \
			env -i PATH=/usr/bin:/bin HOME=/ XDG_RUNTIME_DIR="$TMP/session" "$TMP/cleat" oci "$@" 2>&1)
	}
	expect "run in a delegated cgroup" as_delegated run --detach --bundle "$TMP/b" six
	[ -d $group/session/six ] && ok "it has a cgroup of its own" || fail "it has a cgroup of its own" "$(find $group -type d)"
	expect_equal "1" "$(wc -l <$group/session/six/cgroup.procs)" "and is in it"
	expect_out '^0::(/|.*/session/six)$' "exec goes there too" as_delegated exec six cat /proc/self/cgroup
	expect "delete" as_delegated delete --force six
	[ -d $group/session/six ] && fail "the cgroup is gone" || ok "the cgroup is gone"
else
	skip "delegated cgroups" "no cgroup v2"
fi
tap_end
