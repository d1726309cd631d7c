#!/bin/sh
# timeout: 200
# A manifest that is wrong is refused with position and cure, changes nothing, and what runs keeps running.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
need_root
registry_need

registry_images || exit
mkdir layout
registry_quiet skopeo copy "oci:$TMP/oci:tiny" "oci:$PWD/layout:x" || exit
cleat() {
	"$CLEAT" --root "$TMP/root" --run "$TMP/run" --config "$TMP/etc" "$@"
}
expect 'load' cleat load -t local/tiny:1 "$PWD/layout"
start engine "$CLEAT" --root "$TMP/root" --run "$TMP/run" --config "$TMP/etc" engine
# one that another depends on may be refused or come back, so more than once
at_exit 'for try in 1 2 3; do for id in $(cleat ps -aq); do cleat rm -f "$id"; done; done >>"$TMP/rm.txt" 2>&1; stop "$started"'
wait_for 10 test -S "$TMP/run/ctl.sock" || { fail 'engine starts' "$(cat engine.log)"; exit; }

cat >good.yaml <<END
name: demo
services:
  two: {image: "local/tiny:1", command: sleep 1000, depends_on: [one]}
  one: {image: "local/tiny:1", command: sleep 1000}
END
expect 'apply' cleat apply good.yaml
wait_for 10 sh -c 'test "$("$0" --run "$1" ps -q | wc -l)" = 2' "$CLEAT" "$TMP/run"
before=$(cleat ps --json | jq -c 'map([.name, .pid, .started])')
expect_equal 2 "$(echo "$before" | jq length)" 'two containers run'

# NAME REGEX: the manifest on standard input is refused by check and by apply
refused() {
	cat >"$1.yaml"
	expect_err 1 "^cleat: $1.yaml:$2" "check: $1" cleat check "$1.yaml"
	expect_err 1 "^cleat: $1.yaml:$2" "apply: $1" cleat apply "$1.yaml"
}
refused unknown-key '3:5: unknown key "imgae" in service "web"; did you mean "image"' <<END
services:
  web:
    imgae: nginx
END
refused wrong-type '4:16: expected a size such as 64m, found a list' <<END
services:
  web:
    image: nginx
    mem_limit: [64m]
END
refused cycle '3:30: services wait for each other: a → b → a' <<END
services:
  a: {image: x, depends_on: [b]}
  b: {image: x, depends_on: [a]}
END
refused port-twice '3:25: port 80/tcp is used twice, first by service "a" in line 2' <<END
services:
  a: {image: x, ports: ["80:80"]}
  b: {image: x, ports: ["80:8080"]}
END
refused for-builders '3:5: key "build" in service "web" is not supported on a device: build the image elsewhere' <<END
services:
  web:
    build: .
END
refused bomb '5:8: more than 16384 values' <<END
a: &a [x,x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]
e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]
f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]
END
head -c 600000 /dev/zero | tr '\0' '#' >large.yaml
expect_err 1 'large.yaml is larger than CONFIG_MANIFEST_KIB' 'a manifest that is too large' \
	cleat apply large.yaml
expect_err 1 'null.yaml:1:1: control characters are not allowed' 'a manifest that is not text' \
	sh -c 'head -c 1000 /dev/zero >null.yaml; "$0" --run "$1" apply null.yaml' "$CLEAT" "$TMP/run"

cat >nothere.yaml <<END
name: demo
services:
  two: {image: "local/tiny:1", command: sleep 1000}
  new: {image: "localhost:1/nothere:1"}
END
expect_err 1 'localhost:1/nothere' 'apply of an image that cannot be had' cleat apply nothere.yaml
expect_equal "$before" "$(cleat ps --json | jq -c 'map([.name, .pid, .started])')" 'what ran runs on, untouched'
expect_out '"sleep"' 'the engine still answers' cleat config good.yaml
tap_end
