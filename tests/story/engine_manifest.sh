#!/bin/sh
# timeout: 240
# A manifest becomes running containers and stays so: order, change, failure, crash, shutdown.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip nft unshare

engine_world || { fail "make a registry"; tap_end; }

# $1: colour of the app, a change that makes a new container
manifest() {
	cat <<END
name: demo
services:
  app:
    image: $registry/tiny:1
    command: ["sh", "-c", "wget -q -O - http://web/index.html; echo $1; exec sleep 1000"]
    depends_on: [web]
    restart: always
    stop_grace_period: 1s
  web:
    image: $registry/layers:1
    command: ["httpd", "-f", "-p", "80", "-h", "/srv/www"]
    ports: ["18080:80"]
    restart: always
    stop_grace_period: 1s
    volumes: ["pages:/data"]
volumes:
  pages: {}
END
}

answers() {
	[ "$(curl -sS --max-time 5 http://127.0.0.1:18080/index.html)" = hello ]
}

when_started() {
	cleat inspect "$1" | jq -r '.[0].State.StartedAt'
}

id_of() {
	cleat inspect "$1" | jq -r '.[0].Id'
}

services_run() {
	is_state web running && is_state app running && answers
}

manifest red >"$E/etc/manifest.yaml"
expect "check" cleat check "$E/etc/manifest.yaml"
expect "the engine starts" engine_start || tap_end
expect "the manifest of the configuration directory runs" wait_for 20 services_run || dump "$TMP/engine.log"
expect_out 'demo-web-1' "containers are named as compose names them" cleat ps
wait_for 5 sh -c "'$CLEAT' --run '$E/run' logs app | grep -q red"
expect_out hello "app has reached web by its name" cleat logs app
expect_equal "web app" "$(grep -o 'step action=start service=[a-z]*' "$TMP/engine.log" | sed 's/.*=//' | tr '\n' ' ' | sed 's/ $//')" \
	"web was started before app"

# a killed process is started again
before=$(pid_of web)
kill -9 "$before"
restarted() {
	is_state web running && [ "$(pid_of web)" != "$before" ] && answers
}
expect "a killed web is started again" wait_for 10 restarted
expect_equal 1 "$(cleat inspect web | jq '.[0].RestartCount')" "and that is counted"

# adoption
web=$(pid_of web) app=$(pid_of app)
engine_crash
kill -0 "$web" && kill -0 "$app" && ok "the containers outlive the engine" || fail "the containers outlive the engine"
answers && ok "and answer without it" || fail "and answer without it"
expect "a new engine starts" engine_start || tap_end
expect_equal "$web $app" "$(pid_of web) $(pid_of app)" "it adopts both, nothing is restarted"
services_run && ok "and knows them as running" || fail "and knows them as running"
expect_rc 4 "exec works in an adopted container" cleat exec web sh -c 'exit 4'
engine_crash
kill -9 "$web"
expect "an engine that starts after web has died" engine_start || tap_end
before=$web
expect "starts web again" wait_for 10 restarted
expect_equal "$app" "$(pid_of app)" "and leaves app alone"

# a monitor that is killed takes its container with it; nothing runs twice
before=$(pid_of web)
kill -9 "$(monitor_of web)"
expect "web is started again when its monitor was killed" wait_for 15 restarted
alive "$before" && fail "the old process was ended" "$(grep -E 'State|PPid' "/proc/$before/status")" || ok "the old process was ended"
before=$(pid_of web)
monitor=$(monitor_of web)
engine_crash
kill -9 "$monitor"
expect "an engine that starts after a monitor was killed" engine_start || tap_end
expect "starts web again too" wait_for 15 restarted
alive "$before" && fail "the old process was ended" "$(grep -E 'State|PPid' "/proc/$before/status")" || ok "the old process was ended"

# a change replaces only what it changes
web=$(id_of web) app=$(id_of app)
manifest blue >"$TMP/blue.yaml"
expect "apply a change of app" cleat apply "$TMP/blue.yaml"
expect_equal "$web" "$(id_of web)" "web is the same container"
[ "$(id_of app)" != "$app" ] && ok "app is a new one" || fail "app is a new one"
expect_out blue "with the new command" sh -c "sleep 1; '$CLEAT' --run '$E/run' logs app"
app=$(id_of app)
expect "apply the same again" cleat apply "$TMP/blue.yaml"
expect_equal "$web $app" "$(id_of web) $(id_of app)" "changes nothing"

# what fails leaves what runs
sed "s,/tiny:1,/nothere:1," "$TMP/blue.yaml" >"$TMP/bad.yaml"
expect_err 1 'app.*nothere' "an image that does not exist is named" cleat apply "$TMP/bad.yaml"
sed 's/restart: always/restrat: always/' "$TMP/blue.yaml" >"$TMP/bad.yaml"
expect_err 1 'bad.yaml:7:.*restrat' "an unknown key is refused with its place" cleat apply "$TMP/bad.yaml"
sed 's/depends_on: .web./depends_on: {web: {condition: service_healthy}}/' "$TMP/blue.yaml" >"$TMP/bad.yaml"
expect_err 1 'health' "service_healthy is refused by name" cleat apply "$TMP/bad.yaml"
sed "s,pages:/data,/nowhere:/data," "$TMP/blue.yaml" >"$TMP/bad.yaml"
expect_err 1 '/nowhere' "a missing bind source is refused" cleat apply "$TMP/bad.yaml"
printf 'name: demo\nservices:\n  a:\n    image: x\n    depends_on: [b]\n  b:\n    image: x\n    depends_on: [a]\n' >"$TMP/bad.yaml"
expect_err 1 'a.*b|cycle|circle' "a cycle is refused" cleat apply "$TMP/bad.yaml"
expect_equal "$web $app" "$(id_of web) $(id_of app)" "all of that left the containers alone"
services_run && ok "and running" || fail "and running"

# a service that cannot run is told, the other runs
sed 's,"httpd"\, ,"nosuch"\, ,; s,18080:80,18081:80,' "$TMP/blue.yaml" >"$TMP/half.yaml"
expect_err 1 'web.*nosuch|nosuch.*web' "apply tells which service does not run, and why" cleat apply "$TMP/half.yaml"
expect "the manifest before is applied again" cleat apply "$TMP/blue.yaml"
expect "and heals it" wait_for 10 services_run

# orderly shutdown and a boot without the registry
stops() {
	grep -oE 'container-ended id=[0-9a-f]* name=demo-[a-z]*' "$TMP/engine.log" | sed 's/.*demo-//' | tail -n 2 | tr '\n' ' '
}
expect "the engine stops" engine_stop
expect_equal "app web " "$(stops)" "app ended before web"
expect_equal "" "$(engine_leftovers)" "nothing is left: process, mount, link, table, cgroup, file"
registry_stop
expect "an engine without a network starts" engine_start || tap_end
expect "and runs the generation from the store" wait_for 10 services_run
expect_out blue "the one that was applied, not the file of the first boot" sh -c "sleep 1; '$CLEAT' --run '$E/run' logs app"

# nothing is wanted any more
printf 'name: demo\nservices:\n  web:\n    image: %s/layers:1\n    command: ["httpd", "-f", "-p", "80", "-h", "/srv/www"]\n' "$registry" >"$TMP/less.yaml"
expect "a manifest without app" cleat apply "$TMP/less.yaml"
expect_err 1 'no container' "app is gone" cleat inspect app
expect "the engine stops again" engine_stop
expect_equal "" "$(engine_leftovers)" "nothing is left again"
tap_end
