#!/bin/sh
# timeout: 120
# Hooks, terminals, exec, joined namespaces, user namespaces.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox python3

bundle b
cat >hook <<SH
#!/bin/sh
state=\$(cat)
case \$state in *'"status":"'\$2'"'*) status=\$2 ;; *) status="\$state" ;; esac
echo "\$1 \$status ns=\$([ "\$(readlink /proc/self/ns/uts)" = "$(readlink /proc/self/ns/uts)" ] && echo host || echo container)" >>$TMP/hooks.log
SH
chmod 755 hook
hook() { printf '"%s":[{"path":"%s","args":["hook","%s","%s"],"env":["PATH=%s"]}]' "$1" "$TMP/hook" "$1" "$2" "$PATH"; }
mkdir -p "b/rootfs$TMP"
printf '#!/bin/sh\nread -r state; echo "startContainer $(echo "$state" | grep -o created)" >/tmp/start-hook\n' >b/rootfs/hook
chmod 755 b/rootfs/hook
top_more=",\"hooks\":{$(hook prestart created),$(hook createRuntime created),$(hook createContainer created),\"startContainer\":[{\"path\":\"/hook\"}],$(hook poststart running),$(hook poststop stopped)}"
sh_args 'cat /tmp/start-hook; sleep 60'
config b
container_name
expect "create with hooks" oci create --bundle b "$id"
expect_equal "prestart created ns=host
createRuntime created ns=host
createContainer created ns=container" "$(cat hooks.log)" "hooks of create, in order, in their namespaces"
expect "start" oci start "$id"
expect "startContainer ran inside before the command" grep -q '^startContainer created' b/rootfs/tmp/start-hook
expect_equal "poststart running ns=host" "$(tail -n 1 hooks.log)" "poststart"
expect "delete" oci delete --force "$id"
expect_equal "poststop stopped ns=host" "$(tail -n 1 hooks.log)" "poststop"

# a hook that does not read its stdin, one that fails, one that hangs
args='["/bin/true"]'
top_more=',"hooks":{"createRuntime":[{"path":"/bin/true"},{"path":"/bin/sh","args":["sh","-c","exec <&-; exit 0"]}]}'
config b
container_name
expect "a hook that does not read the state" oci run --bundle b "$id"
for kind in prestart createRuntime createContainer startContainer poststart; do
	top_more=",\"hooks\":{\"$kind\":[{\"path\":\"/bin/false\"}]}"
	config b
	container_name
	expect_err 1 "error running $kind hook #0: /bin/false: exit status 1" "$kind that fails" oci run --bundle b "$id"
done
top_more=',"hooks":{"createRuntime":[{"path":"/bin/sleep","args":["sleep","60"],"timeout":1}]}'
config b
container_name
expect_err 1 'killed after its timeout of 1 s' "a hook that hangs" oci create --bundle b "$id"
top_more=',"hooks":{"poststop":[{"path":"/bin/false"}]}'
config b
container_name
expect_out 'warning: error running poststop hook #0: /bin/false' "poststop that fails is a warning" oci run --bundle b "$id"
top_more=',"hooks":{"createRuntime":[{"path":"/no/such/hook"}]}'
config b
container_name
expect_err 1 'hook #0: /no/such/hook: No such file' "a hook that is not there" oci run --bundle b "$id"
config_reset
no_leftovers "nothing is left"

# terminals
cat >console.py <<'PY'
import array, os, socket, sys, select, time
path, commands = sys.argv[1], sys.argv[2]
s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
s.bind(path)
s.listen(1)
print("listening", flush=True)
c, _ = s.accept()
data, ancillary, _, _ = c.recvmsg(64, socket.CMSG_SPACE(4))
fd = array.array("i", ancillary[0][2])[0]
print("name", data.decode(), flush=True)
time.sleep(0.2)
os.write(fd, commands.encode())
end = time.time() + 5
while time.time() < end:
    if select.select([fd], [], [], 0.5)[0]:
        try:
            text = os.read(fd, 4096)
        except OSError:
            break
        sys.stdout.write(text.decode())
        sys.stdout.flush()
PY
terminal=true process_more=',"consoleSize":{"height":33,"width":99}'
sh_args 'stty size; tty; ls -l /dev/console; read -r line; echo got $line; sleep 0.3'
config b
container_name
start tty python3 console.py "$TMP/tty.sock" "hello
"
wait_for 5 grep -q listening tty.log
expect "run with a console socket" oci run --console-socket "$TMP/tty.sock" --bundle b "$id"
wait "$started"
tr -d '\r' <tty.log >tty.txt
for want in '^33 99$' '^/dev/pts/0$' 'crw.* 136, *0 .*/dev/console' '^got hello$'; do
	expect "terminal: $want" grep -q -e "$want" tty.txt
done
terminal=false process_more=
sh_args 'sleep 60'
config b
expect_err 1 'there is no terminal' "a console socket without terminal" oci run --console-socket "$TMP/tty.sock" --bundle b "$id"

# exec
container_name
expect "run detached" oci run --detach --bundle b "$id"
expect_rc 3 "exec gives the exit status" oci exec "$id" /bin/sh -c 'exit 3'
expect_rc 137 "exec of what is killed gives 137" oci exec "$id" /bin/sh -c 'kill -KILL $$'
expect_rc 255 "exec of nothing" oci exec "$id" nosuch
expect_out '^/tmp$' "exec --cwd" oci exec --cwd /tmp "$id" /bin/sh -c pwd
expect_out '^ONE=1$' "exec --env" oci exec --env ONE=1 --env TWO=2 "$id" /bin/env
expect_out '^TWO=2$' "exec --env twice" oci exec -e ONE=1 -e TWO=2 "$id" /bin/env
expect_out 'CapEff:.*a82425fb$' "exec --cap" oci exec --cap CAP_SYS_ADMIN "$id" /bin/grep CapEff /proc/self/status
echo '{"user":{"uid":5,"gid":6,"additionalGids":[7]},"args":["id"],"env":["PATH=/bin"],"cwd":"/tmp","noNewPrivileges":true}' >process.json
expect_out 'uid=5 gid=6 groups=7' "exec --process" oci exec --process process.json "$id"
oci exec --detach --pid-file "$TMP/exec.pid" "$id" /bin/sleep 50
expect "exec --detach --pid-file" grep -q sleep "/proc/$(cat exec.pid)/cmdline"
[ "$(stat -f -c %t /sys/fs/cgroup)" = 63677270 ] && trees=unified || trees="pids memory unified"
for h in $trees; do
	f=$(grep -E "^[0-9]+:($h)?:" "/proc/$(cat exec.pid)/cgroup" | head -n 1)
	[ -z "$f" ] || case $f in
	*"$CGROUP/b") ok "exec is in the container's cgroup: $f" ;;
	*) fail "exec is in the container's cgroup" "$f" ;;
	esac
done
start etty python3 console.py "$TMP/etty.sock" "echo on \$(tty); exit 4
"
wait_for 5 grep -q listening etty.log
expect_rc 4 "exec --tty" oci exec --tty --console-socket "$TMP/etty.sock" "$id" /bin/sh
wait "$started"
expect "its terminal is the container's" grep -q 'on /dev/pts/0' etty.log
expect "kill --all" oci kill --all "$id" KILL
wait_for 5 sh -c "! test -d /proc/$(cat exec.pid)"
expect "delete" oci delete --force "$id"

# without a pid namespace of its own: everything goes with the container
namespaces='{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"},{"type":"cgroup"}'
sh_args 'sleep 321 & exec sleep 322'
config b
container_name
expect "run without a pid namespace" oci run --detach --bundle b "$id"
expect "delete --force" oci delete --force "$id"
expect_equal "" "$(ps ax | grep 'sleep 32[12]' | grep -v grep)" "no process is left"
config_reset
sh_args 'sleep 60'
config b
first=pod-$$
expect "first container of a pod" oci run --detach --bundle b "$first"
pid=$(oci state "$first" | grep -o '"pid":[0-9]*' | cut -d: -f2)
mkdir b2 && ln -s ../b/rootfs b2/link && cp -r b/rootfs b2/rootfs
namespaces="{\"type\":\"pid\",\"path\":\"/proc/$pid/ns/pid\"},{\"type\":\"mount\"},{\"type\":\"ipc\",\"path\":\"/proc/$pid/ns/ipc\"},{\"type\":\"uts\",\"path\":\"/proc/$pid/ns/uts\"},{\"type\":\"network\",\"path\":\"/proc/$pid/ns/net\"}"
sh_args 'ps; readlink /proc/self/ns/net; readlink /proc/self/ns/pid'
config b2
sed 's/"hostname":"story",//' b2/config.json >c && mv c b2/config.json
container_name
oci run --bundle b2 "$id" >pod.txt 2>&1
expect "second container sees the first" grep -q 'sleep 60' pod.txt
expect "and has its network" grep -qF "$(readlink "/proc/$pid/ns/net")" pod.txt
oci delete --force "$first"
config_reset

# user namespace
namespaces="$namespaces,{\"type\":\"user\"}"
linux_more=',"uidMappings":[{"containerID":0,"hostID":100000,"size":65536}],"gidMappings":[{"containerID":0,"hostID":100000,"size":65536}]'
chown -R 100000:100000 b/rootfs
chmod 755 "$TMP"
sh_args 'id; cat /proc/self/uid_map; echo x >/tmp/mine; echo y >/dev/null && ls -l /dev/null; (echo x >/proc/sys/kernel/hostname) 2>&1 | grep -o Read-only; grep CapEff /proc/self/status'
config b
container_name
oci run --bundle b "$id" >userns.txt 2>&1
tap_diag "$(cat userns.txt)"
expect "user namespace: root inside" grep -q '^uid=0 gid=0' userns.txt
expect "user namespace: mapped" grep -q '0 *100000 *65536' userns.txt
expect_equal 100000 "$(stat -c %u b/rootfs/tmp/mine 2>/dev/null)" "user namespace: files belong to the mapped user"
expect "user namespace: devices work" grep -q 'crw-rw-rw-.* 1, *3' userns.txt
linux_more=",\"uidMappings\":[$(seq -s, 0 400 | sed 's/[0-9]*/{"containerID":&,"hostID":&,"size":1}/g')]"
config b
expect_err 1 'uidMappings: 401 entries, at most 340' "CVE-2021-43784: too many mappings" oci run --bundle b "$id"
no_leftovers "nothing is left"
tap_end
