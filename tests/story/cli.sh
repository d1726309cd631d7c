#!/bin/sh
# timeout: 300
# The command line against a real engine with containers from a real registry: what people see, exit codes,
# signals, terminals.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
need_root
registry_need
need script

registry_ca && registry_cert good ecdsa DNS:localhost && registry_images && registry_start good || exit
image=$registry/tiny:1
registry_push tiny "$image" && registry_push tiny-arm64 "$registry/tiny:arm64" || exit
mkdir -p "$TMP/etc/certs.d/$registry"
cp "$TMP/pki/ca.crt" "$TMP/etc/certs.d/$registry/ca.crt"

cleat() {
	"$CLEAT" --root "$TMP/root" --run "$TMP/run" --config "$TMP/etc" "$@"
}
json() { # FILTER COMMAND...: the value that jq finds in the output of cleat COMMAND --json
	json_filter=$1
	shift
	cleat "$@" --json | jq -r "$json_filter"
}

# --- without an engine
expect_out "^$image: sha256:" 'pull' cleat pull "$image"
expect_out '^sha256:[0-9a-f]{64}$' 'pull -q of what is there' cleat pull -q "$image"
expect_equal "$image 0" "$(json '.[0] | .name + " " + .layers_fetched' pull "$image")" 'pull --json'
expect_equal 1 "$(json length images)" 'images --json lists it'
expect_out "tiny +1 +[0-9a-f]{12} +.* ago +[0-9.]+MB" 'images' cleat images
expect_err 1 'arm64' 'pull of another architecture names it' cleat pull "$registry/tiny:arm64"
expect_err 1 'nothere' 'pull of what does not exist names it' cleat pull "$registry/nothere:1"
cat >good.yaml <<END
services:
  web:
    image: $image
    command: sleep 1000
END
expect_out 'good.yaml: good' 'check' cleat check good.yaml
echo 'services: {web: {imgae: x}}' >bad.yaml
expect_err 1 'bad.yaml:1:18: unknown key "imgae" in service "web"; did you mean "image"' 'check of a bad manifest' \
	cleat check bad.yaml
expect_err 1 'standard input:1:18: unknown key' 'check of standard input' sh -c '"$0" --root "$1" check - <bad.yaml' \
	"$CLEAT" "$TMP/root"
expect_equal false "$(json .ok check bad.yaml 2>err.txt)" 'check --json'
expect_out '"sleep", "1000"' 'config' cleat config good.yaml

# --- with an engine
start engine "$CLEAT" --root "$TMP/root" --run "$TMP/run" --config "$TMP/etc" engine
at_exit 'for id in $(cleat ps -aq); do cleat rm -f "$id" >"$TMP/rm.txt" 2>&1; done; stop "$started"'
wait_for 10 test -S "$TMP/run/ctl.sock" || { fail 'engine starts' "$(cat engine.log)"; exit; }
ok 'engine starts'

expect_out '^hello$' 'run --rm prints what the container wrote' cleat run --rm "$image" echo hello
expect_equal '' "$(cleat ps -aq)" 'and nothing is left of it'
expect_rc 42 'run returns the exit status' cleat run --rm "$image" sh -c 'exit 42'
expect_err 127 'nothere' 'run of a command that is not there: 127' cleat run --rm "$image" nothere
expect_err 126 '' 'run of a file that is no program: 126' cleat run --rm "$image" /etc/passwd
expect_err 125 '' 'run of an image that is not there: 125' cleat run --rm "$registry/nothere:1"
expect_equal hi "$(echo hi | cleat run --rm -i "$image" cat)" 'run -i connects standard input'
cleat run --rm "$image" sh -c 'echo out; echo err >&2' >out.txt 2>err.txt
expect_equal 'out err' "$(cat out.txt) $(cat err.txt)" 'standard output and error stay apart'
expect_out '^A=1$' 'run -e' cleat run --rm -e A=1 "$image" env
expect_out '^uid=5 gid=6' 'run -u' cleat run --rm -u 5:6 "$image" id
expect_equal given "$(cleat run --rm -h given "$image" cat /proc/sys/kernel/hostname)" 'run -h'
mkdir -p host && echo shared >host/file
expect_out '^shared$' 'run -v' cleat run --rm -v "$TMP/host:/mnt:ro" "$image" cat /mnt/file
expect_equal tty "$(script -qec "'$CLEAT' --run '$TMP/run' run --rm -it $image sh -c 'test -t 0 && test -t 1 && echo tty'" \
	typescript </dev/null | grep -o tty)" 'run -it gives it a terminal'

id=$(cleat run -d --name one -m 64m "$image" sh -c 'echo line1; echo line2 >&2; trap "exit 7" TERM; while :; do sleep 0.1; done')
expect 'run -d prints an ID' expr "$id" : '[0-9a-f]*$'
expect_out "$(echo "$id" | cut -c1-12) +$image +\"sh -c echo line.*…\" .* ago +Up .* +one" 'ps' cleat ps
expect_equal 'running one' "$(json '.[0] | .state + " " + .name' ps)" 'ps --json'
expect_err 125 'one' 'a name that is taken' cleat run -d --name one "$image" true
wait_for 5 sh -c '"$0" --run "$1" logs one 2>&1 | grep -q line2' "$CLEAT" "$TMP/run"
expect_out '^line1$' 'logs' cleat logs one
expect_out '^20[0-9-]*T[0-9:.]*Z line2$' 'logs -t --tail' cleat logs -t --tail 1 one
start follow "$CLEAT" --run "$TMP/run" logs -f one
expect_out '^inside$' 'exec' cleat exec one echo inside
expect_rc 9 'exec returns the exit status' cleat exec one sh -c 'exit 9'
expect_err 127 'nothere' 'exec of a command that is not there: 127' cleat exec one nothere
expect_equal piped "$(echo piped | cleat exec -i one cat)" 'exec -i'
expect_out '^B=2$' 'exec -e' cleat exec -e B=2 one env
expect_out '^uid=3 gid=4' 'exec -u' cleat exec -u 3:4 one id
expect_out '^/tmp$' 'exec -w' cleat exec -w /tmp one sh -c pwd
expect_equal tty "$(script -qec "'$CLEAT' --run '$TMP/run' exec -it one sh -c 'test -t 0 && echo tty'" typescript </dev/null |
	grep -o tty)" 'exec -it gives it a terminal'
expect_out '"one"' 'inspect is JSON' sh -c '"$0" --run "$1" inspect one | jq .' "$CLEAT" "$TMP/run"
expect_err 1 '' 'rm of a container that runs is refused' cleat rm one
expect_out '^one$' 'stop prints the name' cleat stop -t 5 one
expect_equal 'exited 7' "$(json '.[0] | .state + " " + (.exit_code | tostring)' ps -a)" 'it ended as it wanted to'
wait_for 5 sh -c '! kill -0 "$0" 2>/dev/null' "$started" && ok 'logs -f ends with the container' ||
	fail 'logs -f ends with the container' "$(cat follow.log)"
expect_out '^one$' 'start' cleat start one
expect_out '^one$' 'kill' cleat kill one
expect_out '^137$' 'wait prints the exit status' cleat wait one
expect_out '^one$' 'rm' cleat rm one
expect_err 1 'one' 'what is gone is named' cleat stop one

start foreground "$CLEAT" --run "$TMP/run" run --rm --name two "$image" sh -c 'trap "exit 5" INT; while :; do sleep 0.1; done'
foreground=$started
wait_for 10 sh -c '"$0" --run "$1" ps | grep -q two' "$CLEAT" "$TMP/run"
sleep 0.5
kill -INT "$foreground"
wait "$foreground"
expect_equal 5 $? 'Ctrl-C is forwarded, and its exit status comes back'
expect_out 'version' 'info' cleat info
expect_rc 0 'fsck' cleat fsck
expect_out "^Untagged: $image\$" 'rmi' cleat rmi "$image"
expect_equal '[]' "$(cleat images --json)" 'the image is gone'
tap_end
