#!/bin/sh
# timeout: 120
# The verbs of an OCI runtime in the order that containerd, podman and the monitor call them: states, exit
# codes, texts, and nothing left behind, also after what fails half way.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox

bundle b
state_is() { oci state "$id" 2>/dev/null | grep -q "\"status\":\"$1\""; }
gone() { ! oci state "$id" >/dev/null 2>&1; }

# create, start, state, kill, delete
container_name
sh_args 'trap "exit 9" TERM; echo started >/tmp/started; while :; do sleep 0.05; done'
config b
expect "create" oci create --bundle b --pid-file "$TMP/pid" "$id"
expect_out '"status":"created"' "state is created" oci state "$id"
pid=$(cat pid)
expect "the pid file names a process" test -d "/proc/$pid"
expect "the command has not started" test ! -e b/rootfs/tmp/started
expect_err 1 "already exists" "a second create of the id" oci create --bundle b "$id"
expect_out "\"pid\":$pid,\"status\":\"[a-z]*\",\"bundle\":\"$TMP/b\"" "state document has pid and bundle" oci state "$id"
expect "start" oci start "$id"
expect "the command has started" wait_for 5 test -e b/rootfs/tmp/started
expect_out '"status":"running"' "state is running" oci state "$id"
expect_err 1 "it is running" "a second start" oci start "$id"
expect_err 1 "it is running" "delete of a running container" oci delete "$id"
expect_out "$id .* running" "list" oci list
expect_err 1 "not known" "kill with an unknown signal" oci kill "$id" NOSUCH
expect "kill TERM" oci kill "$id" TERM
expect "state is stopped" wait_for 5 state_is stopped
expect_err 1 "container not running" "kill of a stopped container" oci kill "$id" TERM
expect_err 1 "it is stopped" "start of a stopped container" oci start "$id"
expect "delete" oci delete "$id"
expect_err 1 "does not exist" "state of a deleted container" oci state "$id"
expect_err 1 "does not exist" "delete of nothing" oci delete "$id"
expect "delete --force of nothing" oci delete --force "$id"
no_leftovers "nothing is left"

# delete of what was never started; delete --force of what runs; kill -9
container_name
expect "create" oci create --bundle b "$id"
expect "delete of a created container without --force" oci delete "$id"
expect "it is gone" gone
expect "create" oci create --bundle b "$id"
expect "start" oci start "$id"
expect "delete --force of a running container" oci delete --force "$id"
expect "it is gone" gone
no_leftovers "nothing is left"

# two starts at once: one wins, and the loser does not harm the container
sh_args 'exec sleep 60'
config b
n=0 lost=0
while [ $n -lt 10 ]; do
	container_name
	oci create --bundle b "$id"
	oci start "$id" >s1 2>&1 &
	one=$!
	oci start "$id" >s2 2>&1 &
	two=$!
	wait $one
	r1=$?
	wait $two
	r2=$?
	[ $((r1 + r2)) = 1 ] && state_is running || lost=$((lost + 1))
	oci delete --force "$id"
	n=$((n + 1))
done
expect_equal 0 $lost "of two starts at once exactly one succeeds"

# run: exit status and signals
for code in 0 1 42 255; do
	sh_args "exit $code"
	config b
	container_name
	expect_rc $code "run gives exit status $code" oci run --bundle b "$id"
done
sh_args 'kill -KILL $$; sleep 1; exit 1'
config b
container_name
expect_rc 1 "the first process of a pid namespace does not kill itself" oci run --bundle b "$id"
sh_args 'trap "exit 33" TERM; echo up; while :; do sleep 0.05; done'
config b
container_name
start forwarded "$CLEAT" oci --root "$STATE" run --bundle b "$id"
wait_for 5 grep -q up forwarded.log
kill -TERM "$started"
wait "$started"
expect_equal 33 $? "a signal to run goes to the container"
sh_args 'exec sleep 60'
config b
container_name
start killed "$CLEAT" oci --root "$STATE" run --bundle b "$id"
expect "it runs" wait_for 5 state_is running
oci kill "$id" KILL
wait "$started"
expect_equal 137 $? "a killed container gives 137"
container_name
expect "run --detach" oci run --detach --bundle b "$id"
expect "it runs" wait_for 5 state_is running
expect "delete --force" oci delete --force "$id"
no_leftovers "nothing is left"

# commands that cannot be started
try() { # exit-code regex args-json
	args=$3
	config b
	container_name
	expect_err "$1" "$2" "run $3" oci run --bundle b "$id"
	expect_err "$1" "$2" "create $3" oci create --bundle b "$id"
	expect "create left no container" gone
}
touch b/rootfs/etc/plain
printf '#!/no/such/interpreter\n' >b/rootfs/bin/script
printf '\177ELF\002\001\001garbage' >b/rootfs/bin/alien
chmod 755 b/rootfs/bin/script b/rootfs/bin/alien
try 1 'exec: "nosuch": executable file not found in \$PATH' '["nosuch"]'
try 1 'exec: "/bin/nosuch": stat /bin/nosuch: no such file or directory' '["/bin/nosuch"]'
try 1 'exec: "/etc/plain": permission denied' '["/etc/plain"]'
try 1 'exec: "/etc": is a directory: permission denied' '["/etc"]'
args='["/bin/script"]'
config b
container_name
expect_err 1 'exec /bin/script: no such file' "run of a script without its interpreter" oci run --bundle b "$id"
expect "create of it" oci create --bundle b "$id"
expect_err 1 'exec /bin/script: no such file' "start tells the reason" oci start "$id"
expect "delete" oci delete "$id"
args='["/bin/alien"]'
config b
container_name
expect_err 1 'exec: "/bin/alien": exec format error' "run of a program for another machine" oci run --bundle b "$id"
args='["nosuch"]'
config b
container_name
oci --log log.json --log-format json create --bundle b "$id" 2>/dev/null
expect_out '^{"level":"error","msg":"exec: \\"nosuch\\": executable file not found in \$PATH","time":"20' "--log in JSON" cat log.json
no_leftovers "nothing is left"

# create is all or nothing
config_reset
half() { # name regex
	config b
	container_name
	expect_err 1 "$2" "$1" oci create --bundle b "$id"
	no_leftovers "$1: nothing is left"
}
mounts_more=',{"destination":"/x","type":"bind","source":"/no/such","options":["bind"]}'
half "missing source of a bind" 'mount /x: source /no/such: No such file'
mounts_more=',{"destination":"/x","type":"nofs","source":"none"}'
half "unknown file system" 'mount /x: mount nofs: No such device'
mounts_more='' linux_more=',"seccomp":{"defaultAction":"SCMP_ACT_WHATEVER"}'
half "unknown seccomp action" 'linux.seccomp.defaultAction: "SCMP_ACT_WHATEVER" is not known'
linux_more=',"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_VAX"]}'
half "unknown seccomp architecture" 'SCMP_ARCH_VAX is not known'
linux_more=',"sysctl":{"kernel.panic":"1"}'
half "a sysctl of the host" "sysctl kernel.panic is not a container's own"
linux_more=',"memoryPolicy":{"mode":"x"}'
half "a feature that is not there" 'linux.memoryPolicy: is not supported'
linux_more='' process_more=',"apparmorProfile":"x"'
half "AppArmor where there is none, or a profile that it does not have" 'AppArmor'
process_more='' resources='"blockIO":{"leafWeight":10}'
[ -e /sys/fs/cgroup/blkio ] && [ ! -e /sys/fs/cgroup/blkio/blkio.leaf_weight ] &&
	half "a limit that this kernel has not" 'cgroup v1: write "10" to .*/blkio.leaf_weight: No such file'
resources='' cwd=relative
half "a relative working directory" 'process.cwd: "relative" is not an absolute path'
cwd=/ namespaces='{"type":"pid"}'
half "a host name for the host" 'hostname needs a uts namespace'
config_reset
echo '{"ociVersion":"1.0.2",' >b/config.json
container_name
expect_err 1 'config.json:[0-9]+:[0-9]+: ' "a cut config.json" oci create --bundle b "$id"
rm b/config.json
expect_err 1 'config.json: No such file' "no config.json" oci create --bundle b "$id"
config b
ln -s / link
sed 's/"path":"rootfs"/"path":"link"/' b/config.json >b/c2 && ln -s rootfs b/link && mv b/c2 b/config.json
expect_err 1 'root .*/link' "a root that is a link" oci create --bundle b "$id"
for bad in ../x a/b .hidden 'a b' ''; do
	expect_err 1 'is not valid' "id '$bad'" oci create --bundle b "$bad"
done
no_leftovers "nothing is left"

# features: what it says is enabled is not refused as unsupported, and the other way round
oci features >features.json
agrees() { # path-in-features; a file, because a container that is there holds its output open
	oci create --bundle b "$id" >agrees.out 2>&1
	python3 - "$1" "$(cat agrees.out)" <<'PY'
import json, sys
value = json.load(open("features.json"))
for key in sys.argv[1].split("."):
    value = value[key]
if value == ("not supported" in sys.argv[2]):
    sys.exit(f"{value}, but: {sys.argv[2]}")
PY
	agreed=$?
	oci delete --force "$id"
	return $agreed
}
config_reset
for feature in 'linux.intelRdt.enabled ,"intelRdt":{"closID":"cleat-no-such"}' 'linux.netDevices.enabled ,"netDevices":{"cleat-none":{}}'; do
	linux_more=${feature#* }
	config b
	container_name
	expect "features: ${feature%% *}" agrees "${feature%% *}"
done
linux_more='' mounts_more=',{"destination":"/tmp","type":"bind","source":"/tmp","options":["bind"],"uidMappings":[{"containerID":0,"hostID":1,"size":1}],"gidMappings":[{"containerID":0,"hostID":1,"size":1}]}'
config b
container_name
expect "features: idmap" agrees linux.mountExtensions.idmap.enabled
config_reset
expect_equal "6 9 7 8" "$(python3 -c 'import json; f = json.load(open("features.json")); s = f["linux"]["seccomp"]; print(len(f["hooks"]), len(s["actions"]), len(s["operators"]), len(f["linux"]["namespaces"]))')" "features: hooks, actions, operators, namespaces"

# command line
expect_err 1 'systemd' "--systemd-cgroup" oci --systemd-cgroup create --bundle b x
expect_err 1 'unknown option --nosuch' "unknown option" oci create --nosuch x
expect_err 1 'one argument too many' "a word too many" oci state x y
expect_err 1 'an argument is missing' "a word too few" oci state
expect_err 3 "No help topic for 'frobnicate'" "unknown verb" oci frobnicate
expect_err 1 'log-format' "--log-format" oci --log-format xml list
expect_err 1 'log file' "--log that cannot be written" oci --log /no/such/log list
expect_err 1 'rootless' "--rootless" oci --rootless=maybe list
expect_out '^ID ' "options of runc" oci --debug --rootless auto --log=log.txt --log-format=text list -f table
expect_out 'level=debug msg="list: exit status 0"' "--debug" cat log.txt
expect_out 'usage: cleat oci run .*' "--help of a verb" oci run --help
expect_out ' checkpoint | exec ' "--help" oci -h
expect "-v" oci -v
expect_out 'level=debug msg="list: exit status 0"' "--debug without --log" oci --debug list
config_reset
config b
container_name
oci --debug run --bundle b "$id" >out 2>&1
expect_equal "nsexec container setup, child process in init(), init: closing the pipe to signal completion, run: exit status 0" \
	"$(sed -n 's/.*level=debug msg="\(.*\)"$/\1/p' out | paste -sd , | sed 's/,/, /g')" "--debug: the steps of run"
for id in order-b order-a order-c; do oci run --keep --bundle b $id; done
expect_equal "order-a order-b order-c" "$(oci list -q | grep order | tr '\n' ' ' | sed 's/ $//')" "list is in order"
for id in order-b order-a order-c; do oci delete $id; done
expect_out "^spec: 1\\." "--version" oci --version
ln -s "$CLEAT" cleat-oci
expect_out "^spec: 1\\." "by the name cleat-oci" ./cleat-oci --version
tap_end
