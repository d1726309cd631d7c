#!/bin/sh
# timeout: 120
# In the foreground, run and exec -t use the terminal they are called from: it is raw meanwhile, keys, output,
# size and signals pass through, and it is as before afterwards, whichever way it ends.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/bundle.sh"
need_root
need busybox python3

pty() { python3 "$TOP/tests/lib/pty.py" "$@"; }
bundle b
terminal=true
args='["/bin/sh"]'
config b

container_name
expect_out 'exit 7 restored' "run: keys, output, size, exit status" pty 'expect:# ' raw \
	'send:stty size; tty\n' 'expect:^24 80' 'expect:^/dev/pts/0' 'send:exit 7\n' \
	-- "$CLEAT" oci --root "$STATE" run --bundle b "$id"
container_name
expect_out 'exit 0 restored' "run: a change of size" pty 'expect:# ' 'size:31,99' \
	'send:until stty size | grep 31; do sleep 0.05; done\n' 'expect:^31 99' 'send:exit\n' \
	-- "$CLEAT" oci --root "$STATE" run --bundle b "$id"
container_name
expect_out 'exit 4 restored' "run: Ctrl-C goes to the container's programs" pty 'expect:# ' \
	'send:trap "exit 4" INT; echo rea\x64y; while :; do sleep 0.05; done\n' 'expect:^ready' 'send:\x03' \
	-- "$CLEAT" oci --root "$STATE" run --bundle b "$id"
container_name
expect_out 'exit 5 restored' "run: a signal goes to the container" pty 'expect:# ' \
	'send:trap "exit 5" TERM; echo rea\x64y; while :; do sleep 0.05; done\n' 'expect:^ready' 'signal:TERM' \
	-- "$CLEAT" oci --root "$STATE" run --bundle b "$id"
args='["/bin/sh","-c","i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 3"]'
config b
container_name
tap_run pty -- "$CLEAT" oci --root "$STATE" run --bundle b "$id"
expect_equal "3000 exit 3 restored" "$(printf '%s\n' "$tap_out" | tr -d '\r' | grep -c '^line [0-9]*$') $(printf '%s\n' "$tap_out" | tail -n 1)" \
	"run: nothing of the output is lost at the end"
args='["/bin/nosuch"]'
config b
container_name
expect_out 'exit 1 restored' "run: no such command" pty 'expect:executable|no such file' -- "$CLEAT" oci --root "$STATE" run --bundle b "$id"
args='["/bin/sh","-c","read -r x; echo got $x"]'
config b
container_name
echo from-a-file >input
expect_out 'exit 0 restored' "run: standard input may be a file" pty "stdin:$TMP/input" 'expect:^got from-a-file' -- "$CLEAT" oci --root "$STATE" run --bundle b "$id"
container_name
expect_err 1 'dev/tty' "run: no terminal" setsid -w "$CLEAT" oci --root "$STATE" run --bundle b "$id"
container_name
expect_err 1 'use --console-socket' "run --detach needs a console socket" oci run --detach --bundle b "$id"
expect_err 1 'use --console-socket' "create needs a console socket" oci create --bundle b "$id"
no_leftovers "nothing is left"

terminal=false
sh_args 'exec sleep 60'
config b
container_name
expect "run --detach" oci run --detach --bundle b "$id"
expect_out 'exit 9 restored' "exec -t" pty 'expect:# ' raw 'send:stty size\n' 'expect:^24 80' 'size:40,50' \
	'send:until stty size | grep 40; do sleep 0.05; done\n' 'expect:^40 50' 'send:exit 9\n' \
	-- "$CLEAT" oci --root "$STATE" exec -t "$id" /bin/sh
expect_out 'exit 130 restored' "exec -t: Ctrl-C" pty raw 'send:\x03' -- "$CLEAT" oci --root "$STATE" exec -t "$id" /bin/sleep 30
expect_out 'exit 255 restored' "exec -t: no such command" pty 'expect:no such file' -- "$CLEAT" oci --root "$STATE" exec -t "$id" /bin/nosuch
expect_out 'exit 0 restored' "exec -t: a process that stays in the background" pty -- "$CLEAT" oci --root "$STATE" exec -t "$id" \
	/bin/sh -c 'trap "" HUP; sleep 20 & exit 0'
expect_err 255 'dev/tty' "exec -t: no terminal" setsid -w "$CLEAT" oci --root "$STATE" exec -t "$id" /bin/true
expect_err 255 'use --console-socket' "exec -t --detach needs a console socket" oci exec -t -d "$id" /bin/true
expect "delete" oci delete --force "$id"
no_leftovers "nothing is left"
tap_end
