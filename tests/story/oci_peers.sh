#!/bin/sh
# Small things that other runtimes do and their tests ask for; each failed once with crun's own suite.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
mkdir -p b/other
args='["/bin/echo","other config"]'
config b
mv b/config.json b/other/c.json
container_name
expect_out '^other config$' "run --config below the bundle" oci run --bundle b --config other/c.json "$id"
expect_err 1 'read config.json: No such file' "which is config.json otherwise" oci run --bundle b "$id"

# a read-only root: the working directory is made before it becomes so
root_more=',"readonly":true' cwd=/no/such/dir
sh_args 'pwd; mkdir /x'
config b
container_name
expect_err 1 '^/no/such/dir$' "a missing working directory in a read-only root" oci run --bundle b "$id"
config_reset

export STORY_MARK=ours
for kind in createRuntime createContainer poststart; do
	top_more=",\"hooks\":{\"$kind\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo \$STORY_MARK >$TMP/mark\"]}]}"
	config b
	container_name
	oci run --bundle b "$id"
	expect_equal ours "$(cat mark)" "$kind without env inherits ours"
done
top_more=",\"hooks\":{\"createRuntime\":[{\"path\":\"/bin/sh\",\"env\":[],\"args\":[\"sh\",\"-c\",\"echo \$STORY_MARK >$TMP/mark\"]}]}"
config b
container_name
oci run --bundle b "$id"
expect_equal "" "$(cat mark)" "an empty env is empty"
top_more=',"hooks":{"startContainer":[{"path":"/bin/sh","args":["sh","-c","/bin/echo $STORY_MARK >/tmp/mark"]}]}'
config b
container_name
oci run --bundle b "$id"
expect_equal "" "$(cat b/rootfs/tmp/mark)" "a hook of the container's gets nothing of ours"
config_reset

linux_more=',"sysctl":{"kernel.hostname":"x"}'
config b
container_name
expect_err 1 'kernel.hostname: use the member hostname' "sysctl kernel.hostname" oci run --bundle b "$id"
config_reset

# without a cgroup namespace and without cgroupsPath: only its own group may be seen
namespaces='{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"}'
sh_args 'find /sys/fs/cgroup -type d | wc -l; cat /proc/self/cgroup'
config b
sed -i 's/"cgroupsPath":"[^"]*",//' b/config.json
container_name
n=$(oci run --bundle b "$id" | head -n 1)
own=$(ls -d /sys/fs/cgroup/*/cgroup.procs | wc -l)
expect "the container sees its own groups only ($n directories)" test "$n" -gt 0 -a "$n" -le $((own + 1))
config_reset

# frozen in a v1 group that is not ours
if [ -e /sys/fs/cgroup/freezer/cgroup.procs ]; then
	alien=/sys/fs/cgroup/freezer$CGROUP-alien
	mkdir "$alien"
	at_exit "rmdir $alien 2>/dev/null"
	at_exit "echo THAWED >$alien/freezer.state"
	args='["/bin/sleep","60"]'
	config b
	container_name
	oci run --detach --bundle b "$id"
	oci state "$id" | grep -o '"pid":[0-9]*' | cut -d: -f2 >"$alien/cgroup.procs"
	echo FROZEN >"$alien/freezer.state"
	expect "delete --force of a container that sits frozen in another group" oci delete --force "$id"
else
	skip "delete --force of a container that sits frozen in another group" "no v1 freezer"
fi
config_reset

# a user namespace of which nothing more is said
namespaces="$namespaces,{\"type\":\"user\"}"
sh_args 'cat /proc/self/uid_map /proc/self/gid_map'
config b
container_name
expect_out '^ +0 +0 +1$' "a user namespace without mappings" oci run --bundle b "$id"
expect_equal 2 "$(grep -cE '^ +0 +0 +1$' "$TMP/.tap.out")" "has one uid and one gid, the caller's"
config_reset

# a node in a user namespace, which the host need not have, with an owner of its own
namespaces="$namespaces,{\"type\":\"user\"}"
chown -R 100000:100000 b/rootfs
chmod 755 "$TMP" b b/rootfs
maps='{"containerID":0,"hostID":100000,"size":1000}'
node() { # UID
	linux_more=",\"uidMappings\":[$maps],\"gidMappings\":[$maps],\"devices\":[
		{\"path\":\"/dev/sub/own\",\"type\":\"c\",\"major\":1,\"minor\":7,\"uid\":$1,\"gid\":11,\"fileMode\":111}]"
	sh_args 'stat -c "%F %a %u:%g %t:%T" /dev/sub/own; cat /dev/sub/own | head -c 2 | wc -c; grep -c /dev/sub /proc/self/mountinfo'
	config b
	container_name
}
node 10
expect_out '^character special file 157 10:11 1:7$' "a device with an owner in a user namespace" oci run --bundle b "$id"
expect_equal "2 1" "$(tail -n 2 "$TMP/.tap.out" | xargs)" "it works, and nothing else is mounted there"
node 5000
expect_err 1 'owner 5000:11 of /dev/sub/own is not mapped' "an owner that is not mapped" oci run --bundle b "$id"
chown -R 0:0 b/rootfs
config_reset

# podman run --group-add keep-groups
sh_args 'grep Groups /proc/self/status'
for user_ns in '' ',{"type":"user"}'; do
	namespaces="$namespaces$user_ns"
	top_more=',"annotations":{"run.oci.keep_original_groups":"1"}'
	config b
	container_name
	expect_out '^Groups:[[:space:]]*(7 9|65534 65534)[[:space:]]*$' "the caller's groups are kept${user_ns:+ in a user namespace}" \
		setpriv --groups 7,9 "$RUNTIME" oci --root "$STATE" run --bundle b "$id"
	top_more=
	config b
	container_name
	expect_out '^Groups:[[:space:]]*$' "and otherwise left${user_ns:+ behind in a user namespace}" \
		setpriv --groups 7,9 "$RUNTIME" oci --root "$STATE" run --bundle b "$id"
done
config_reset

# a bind of a link that is copied instead of followed
ln -s point-to-nowhere dangling
echo file >plain
bind() { printf ',{"destination":"%s","type":"bind","source":"%s","options":["bind","copy-symlink"]}' "$1" "$2"; }
mounts_more=$(bind /a/sym/link "$TMP/dangling")$(bind /a/plain "$TMP/plain")
sh_args 'readlink /a/sym/link; cat /a/plain'
config b
for time in first second; do
	container_name
	expect_out '^point-to-nowhere$' "copy-symlink, $time time" oci run --bundle b "$id"
done
expect_equal file "$(tail -n 1 "$TMP/.tap.out")" "what is no link is bound"
config_reset

sh_args 'cd /proc/self/fd; echo fds *; cat <&4'
config b
container_name
echo from-four >four
fds() { oci run --preserve-fds "$1" --bundle b "$id" 3</dev/null 4<four; }
expect_out '^fds 0 1 2 3 4 5$' "--preserve-fds" fds 2
expect_out '^from-four' "with what is in them" fds 2
expect_out 'warning: 2 of 40 descriptors' "more than there are" fds 40
fds() { oci run --preserve-fds 4 --bundle b "$id" 3>&- 4<four; }
expect_err 1 'descriptor 3, of 4 to be passed on, is closed' "a gap" fds
config_reset
no_leftovers "nothing is left"
tap_end
