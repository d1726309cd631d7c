# in_systemd.sh - what oci_systemd.sh checks, inside of its machine
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"

cg=/sys/fs/cgroup
oci() {
	cleat-oci --root "$STATE" --systemd-cgroup "$@"
}
shows() {
	systemctl show -p "$2" --value "$1"
}

bundle b
path() {
	sed -i "s|\"cgroupsPath\":\"[^\"]*\"|\"cgroupsPath\":\"$1\"|" b/config.json
}
resources='"memory":{"limit":33554432,"reservation":16777216},"pids":{"limit":20},"cpu":{"shares":512,"quota":50000,"period":100000}'
sh_args 'trap "exit 7" TERM; while :; do sleep 0.1; done'
top_more=',"annotations":{"org.systemd.property.TimeoutStopSec":"7","org.systemd.property.Documentation":"['\''man:cleat'\'']"}'
config b
path ""
expect "run" oci run -d --bundle b one
unit=cleat-one.scope
expect_equal active "$(shows $unit ActiveState)" "it is a scope"
expect_equal "cleat container one" "$(shows $unit Description)" "with a description"
expect_equal /system.slice/$unit "$(shows $unit ControlGroup)" "in system.slice"
expect_equal yes "$(shows $unit Delegate)" "delegated"
expect_equal 33554432 "$(shows $unit MemoryMax)" "systemd knows its memory"
expect_equal 20 "$(shows $unit TasksMax)" "its processes"
expect_equal 500ms "$(shows $unit CPUQuotaPerSecUSec)" "its processor time"
expect_equal 7s "$(shows $unit TimeoutStopUSec)" "a property from an annotation"
expect_equal man:cleat "$(shows $unit Documentation)" "and a list"
expect_equal 33554432 "$(cat $cg/system.slice/$unit/memory.max)" "the kernel knows it"
pid=$(oci state one | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
expect_equal "$pid" "$(head -n 1 $cg/system.slice/$unit/cgroup.procs)" "nobody but the container is in it"
expect_out '^0::/$' "exec" oci exec one cat /proc/self/cgroup
expect "update" oci update --memory 67108864 --pids-limit 30 --cpu-quota 25000 --cpuset-cpus 0 one
expect_equal 67108864 "$(shows $unit MemoryMax)" "systemd knows"
expect_equal 250ms "$(shows $unit CPUQuotaPerSecUSec)" "also the quota"
expect_equal 0 "$(shows $unit AllowedCPUs)" "and the processors"
expect_equal "67108864 30" "$(echo $(cat $cg/system.slice/$unit/memory.max $cg/system.slice/$unit/pids.max))" "and the kernel"
expect "daemon-reload" systemctl daemon-reload
expect_equal "67108864 25000 100000" "$(echo $(cat $cg/system.slice/$unit/memory.max $cg/system.slice/$unit/cpu.max))" "changes nothing"
expect "pause" oci pause one
expect_equal 1 "$(cat $cg/system.slice/$unit/cgroup.freeze)" "it stands"
expect_out paused "state" oci state one
expect "resume" oci resume one
expect_err 1 'already exists|is already' "the same name again" oci run -d --bundle b one
path ":cleat:one"
expect_err 1 'systemd: StartTransientUnit of cleat-one.scope: .*already' "the same scope for another container" oci run -d --bundle b two
expect_rc 1 "of which nothing is left" oci state two
expect_equal active "$(shows $unit ActiveState)" "the first one lives on"
expect "kill" oci kill one TERM
stopped() { oci state one | grep -q stopped; }
expect "it ends" wait_for 5 stopped
expect "delete" oci delete one
expect_rc 1 "the scope is forgotten" sh -c "systemctl list-units --all --plain | grep cleat"
expect_rc 1 "its cgroup is gone" test -e $cg/system.slice/$unit

path "a-b.slice:pre:x"
expect "a nested slice" oci create --bundle b x
expect_equal /a.slice/a-b.slice/pre-x.scope "$(shows pre-x.scope ControlGroup)" "expands"
expect_equal 33554432 "$(cat $cg/a.slice/a-b.slice/pre-x.scope/memory.max)" "with its limits"
expect "delete --force, without the option" cleat-oci --root "$STATE" delete --force x
expect_rc 1 "leaves no scope" sh -c "systemctl list-units --all --plain | grep pre-x"
path "a.slice:b"
expect_err 1 'slice:prefix:name' "two parts are refused" oci run --bundle b y
path "a-.service:p:n"
expect_err 1 'invalid slice name: a-.service' "what is no slice" oci run --bundle b y
path "a--b.slice:p:n"
expect_err 1 'systemd: StartTransientUnit of p-n.scope: ' "what systemd takes for none" oci run --bundle b y
path "/a/b"
expect_err 1 'slice:prefix:name' "a path is refused" oci run --bundle b y
path "system.slice:p:n"
expect_err 1 'call with --systemd-cgroup' "and systemd's form without the option" cleat-oci --root "$STATE" run --bundle b y
top_more=',"annotations":{"org.systemd.property.Wrong":"true"}'
config b; path ""
expect_err 1 'StartTransientUnit of cleat-y.scope: .*Wrong' "a property that systemd does not have" oci run --bundle b y
top_more=',"annotations":{"org.systemd.property.CPUWeight":"{}"}'
config b; path ""
expect_err 1 'org.systemd.property.CPUWeight: ".." is not understood' "a value in another form" oci run --bundle b y
top_more=''

# one process is all that it may have: the one that held the scope must not count
resources='"pids":{"limit":1}'
args='["/bin/true"]'
config b; path ""
expect "a limit of one process" oci run --bundle b single
resources='"pids":{"limit":-1},"unified":{"memory.high":"20971520","cpu.max":"max 50000"}'
sh_args 'cat /sys/fs/cgroup/memory.high; exit 5'
config b; path ""
expect_err 5 '^20971520' "in the foreground, with unified" oci run --bundle b front
args='["/nowhere"]'
config b; path ""
expect_err 1 'nowhere' "a program that is not there" oci run --bundle b none
top_more=',"hooks":{"createContainer":[{"path":"/bin/false"}]}'
config b; path ""
expect_err 1 'hook' "a hook that fails" oci run --bundle b none
top_more=''
expect_rc 1 "leave no scope" sh -c "systemctl list-units --all --plain | grep cleat-"
expect_rc 1 "and no cgroup" sh -c "find $cg -name 'cleat-*' | grep ."
expect_rc 1 "and no state" sh -c "ls '$STATE' | grep ."

# killed in the middle, the scope is found by delete --force
resources=''
sh_args 'sleep 100'
config b; path ""
expect "create" oci create --bundle b torn
sed -i 's|"cgroups":\[[^]]*\]|"cgroups":[]|; s|"pid":[0-9]*|"pid":0|' "$STATE/torn/state.json"
expect "delete --force with nothing but the scope's name" cleat-oci --root "$STATE" delete --force torn
expect_rc 1 "it is gone" sh -c "systemctl list-units --all --plain | grep cleat-"
expect_rc 1 "with its process" sh -c "ps | grep '[s]leep 100'"

# a user and his own systemd
expect "a user's systemd" systemctl start user.service
user() {
	start-stop-daemon -S -c 1000:1000 -x /bin/env -- XDG_RUNTIME_DIR=/run/user/1000 PATH=/bin "$@"
}
u=/tmp/u
mkdir -p $u && cp -r b/rootfs $u/ && chown -R 1000:1000 $u
(cd $u && user cleat-oci spec --rootless)
sed -i 's|"terminal": true|"terminal": false|; s|"sh"|"sleep","100"|; s|"resources": {|"resources": {"pids":{"limit":9},|; s|"linux": {|"linux": {"cgroupsPath":"user.slice:p:u",|' $u/config.json
expect "a user's container" user sh -c "cd $u && cleat-oci --systemd-cgroup run -d u"
g=$(find $cg -name p-u.scope)
expect_equal 9 "$(cat $g/pids.max)" "in a scope of his, with a limit"
expect_equal 1 "$(grep -c . $g/cgroup.procs)" "holds it alone"
expect "exec" user sh -c "cleat-oci exec u grep -q 0::/ /proc/self/cgroup"
expect "update" user sh -c "cleat-oci update --pids-limit 8 u"
expect_equal 8 "$(cat $g/pids.max)" "is in force"
expect "delete" user sh -c "cleat-oci delete --force u"
expect_rc 1 "nothing is left" test -e "$g"
expect_err 1 'XDG_RUNTIME_DIR' "without his directory" user env -u XDG_RUNTIME_DIR cleat-oci --root /tmp/u/s --systemd-cgroup run --bundle $u v
tap_end
