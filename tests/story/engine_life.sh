#!/bin/sh
# timeout: 180
# The life of containers as a user of Docker knows it, with a real registry by real TLS.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare script

engine_world || { fail "make a registry"; tap_end; }
tiny=$registry/tiny:1

# without an engine
expect "pull works without an engine" cleat pull "$tiny" || tap_end
expect_out "^$registry/tiny +1 " "images works without an engine" cleat images
expect_equal amd64 "$(cleat inspect "$tiny" | jq -r '.[0].Architecture')" "inspect works without an engine"
expect_err 125 'cleat engine' "run says how to start one" cleat run --rm "$tiny" true
expect_equal "" "$(engine_leftovers)" "the pull left nothing"

expect "the engine starts" engine_start || tap_end
expect_err 1 'in use by process' "a second engine on this root is refused" cleat --run "$E/run2" engine

# run: output, input, exit codes
expect_equal "hello" "$(cleat run --rm "$tiny" echo hello)" "run prints what the container prints"
expect_equal "out" "$(cleat run --rm "$tiny" sh -c 'echo out; echo err >&2' 2>/dev/null)" "stdout and stderr are apart"
expect_equal "abc" "$(printf abc | cleat run --rm -i "$tiny" cat)" "run -i reads standard input to its end"
expect_rc 0 "exit code 0" cleat run --rm "$tiny" true
expect_rc 3 "exit code of the command" cleat run --rm "$tiny" sh -c 'exit 3'
expect_err 127 nosuch "command not found is 127" cleat run --rm "$tiny" nosuch
expect_err 126 passwd "not executable is 126" cleat run --rm "$tiny" /etc/passwd
expect_err 125 'no such|no user|nobody' "unknown user is 125" cleat run --rm --user nobodyhere "$tiny" true
expect_err 125 'arm64' "wrong architecture is named" cleat run --rm "$registry/arm64:1" true
expect_equal "" "$(cleat ps -aq)" "--rm leaves no container"

# a container that stays
expect "run -d" cleat run -d --name web -p 18080:80 -e COLOR=red -v pages:/data "$registry/layers:1" \
	httpd -f -p 80 -h /srv/www || tap_end
expect_out 'Up .*0.0.0.0:18080->80/tcp +web' "ps shows it with its port" cleat ps
expect_out '^hello$' "the published port answers" curl -sS --max-time 5 http://127.0.0.1:18080/index.html
web_answers() {
	curl -sS --max-time 2 http://127.0.0.1:18080/index.html
}
expect "a firewall script flushes all rules" nft flush ruleset
expect "the port is published again" wait_for 5 web_answers
expect "another container starts" cleat run --rm "$tiny" true
expect_out 'dnat to .*:80' "the rules are those from before" nft list ruleset
expect_err 125 'in use' "a name is used once" cleat run -d --name web "$tiny" true
expect_err 125 '18080.*web|web.*18080' "a host port is used once, both containers are named" \
	cleat run --rm --name other -p 18080:80 "$tiny" true
expect_out '^running$' "the failed ones left it alone" state_of web

# exec
expect_rc 5 "exec gives the exit code" cleat exec web sh -c 'exit 5'
expect_equal "red /root" "$(cleat exec web sh -c 'echo $COLOR $HOME')" "exec has the container's environment"
expect_equal "uid=7 gid=8" "$(cleat exec -u 7:8 web id | sed 's/ groups.*//')" "exec -u with numbers"
expect_equal "uid=0(root) gid=0(root)" "$(cleat exec -u root web id | sed 's/ groups.*//')" "exec -u with a name"
expect_err 125 nobodyhere "exec -u unknown" cleat exec -u nobodyhere web id
expect_equal "/tmp x=1" "$(cleat exec -w /tmp -e x=1 web sh -c 'echo $PWD x=$x')" "exec -w and -e"
expect_equal "in" "$(echo in | cleat exec -i web cat)" "exec -i"
expect_err 127 nosuch "exec of what is not there is 127" cleat exec web nosuch
expect_out '/dev/pts/|/dev/console' "exec -t has a terminal" script -qec "$CLEAT --root $E/root --run $E/run --config $E/etc exec -it web sh -c tty" /dev/null
expect_err 127 nosuch "exec -t of what is not there says so" script -qec "$CLEAT --run $E/run exec -it web nosuch" /dev/null
expect "exec -d returns at once" cleat exec -d web sleep 30
expect_out sleep "and goes on" cleat exec web sh -c 'cat /proc/[0-9]*/cmdline | tr "\0" " "'

# logs, kill, stop, start, wait, rm
cleat run --name talk "$tiny" sh -c 'echo one; echo two >&2; echo three' >/dev/null 2>&1
expect_equal "one three " "$(cleat logs talk 2>/dev/null | tr '\n' ' ')" "logs has standard output in order"
expect_equal "two" "$(cleat logs talk 2>&1 >/dev/null)" "and standard error apart"
expect_equal 1 "$(cleat logs -n 1 talk 2>&1 | wc -l)" "logs -n"
expect_equal exited "$(state_of talk)" "it has exited"
expect_equal "a" "$(cleat exec web sh -c 'echo a >/data/file; cat /data/file')" "a volume can be written"
start waiter cleat wait web
expect "kill" cleat kill web
wait "$started"
expect_equal 137 "$(cat "$TMP/waiter.log")" "wait prints the exit code"
expect_equal exited "$(state_of web)" "killed: exited"
expect_err 1 'does not run|not running' "exec needs a running container" sh -c "'$CLEAT' --run '$E/run' exec web true || exit 1"
expect "start" cleat start web
expect_out '^hello$' "it answers again" curl -sS --max-time 5 --retry 5 --retry-connrefused http://127.0.0.1:18080/index.html
expect_equal a "$(cleat exec web cat /data/file)" "its volume is the same"
before=$(pid_of web)
expect "restart" cleat restart -t 1 web
[ "$(pid_of web)" != "$before" ] && ok "restart makes a new process" || fail "restart makes a new process"
expect_err 1 'stop|-f' "rm of a running one is refused" cleat rm web
expect "stop" cleat stop -t 1 web
expect "rm" cleat rm web talk
expect_equal "" "$(cleat ps -aq)" "no container is left"

# stop signal and grace
cleat run -d --name polite "$tiny" sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done' >/dev/null
sleep 0.3
expect "stop of one that listens" cleat stop polite
expect_equal 9 "$(cleat inspect polite | jq '.[0].State.ExitCode')" "it ended by itself"
cleat rm polite >/dev/null

# limits reach the kernel
expect_rc 137 "more memory than --memory is the end" cleat run --name hog --memory 16m "$tiny" sh -c 'x=aaaaaaaa; while :; do x=$x$x; done'
expect_equal true "$(cleat inspect hog | jq '.[0].State.OOMKilled')" "and is told apart"
cleat rm hog >/dev/null

# two containers know each other by name
cleat run -d --name one "$registry/layers:1" httpd -f -p 80 -h /srv/www >/dev/null
expect_out '^hello$' "a container reaches another by its name" cleat run --rm "$tiny" wget -q -O - http://one/index.html
cleat rm -f one >/dev/null

# at rest code and constants are unmapped again: with one container, engine and monitor held 1,250 KiB before
pss_of_all() {
	cat "/proc/$engine_pid/smaps_rollup" "/proc/$(engine_monitors)/smaps_rollup" | awk '$1 == "Pss:" { n += $2 } END { print n }'
}
is_at_rest() { [ "$(pss_of_all)" -le 800 ]; }
cleat run -d --name quiet "$tiny" sleep 1000 >/dev/null
expect "engine and monitor take at most 800 KiB at rest" wait_for 10 is_at_rest
cleat rm -f quiet >/dev/null

# restart policy
cleat run -d --name again --restart on-failure:2 "$tiny" sh -c 'exit 4' >/dev/null
wait_for 5 is_state again exited
expect_equal 2 "$(cleat inspect again | jq '.[0].RestartCount')" "on-failure:2 restarts twice"
cleat rm again >/dev/null

expect "the engine stops" engine_stop
expect_equal "" "$(engine_leftovers)" "nothing is left: process, mount, link, table, cgroup, file"
tap_end
