#!/bin/sh
# timeout: 240
# Who a device is to a registry: cleat login and logout, auth.json as docker, podman and skopeo write and read it,
# credential helpers, identity tokens; and where a password must never be.
[ -n "${ENGINE_NETNS:-}" ] || ENGINE_NETNS=1 exec unshare --net --mount sh "$0" "$@"
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
. "$TOP/tests/lib/engine.sh"
need_root
registry_need
need ip unshare podman docker docker-credential-pass pass gpg

auth=$E/etc/auth.json
say() {
	printf '%s\n' "$1"
}
login() { # PASSWORD [OPTION...]
	login_password=$1
	shift
	say "$login_password" | "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" login --password-stdin "$@"
}
b64() {
	printf %s "$1" | base64 -w0
}

mkdir -p "$E/root" "$E/run" "$E/etc" && ip link set lo up && registry_ca &&
	registry_cert localhost ecdsa DNS:localhost && registry_images || { fail "make a world"; tap_end; }
at_exit engine_cleanup
expect "a registry with passwords starts" registry_start localhost htpasswd || tap_end
engine_trust
registry_push tiny "$registry/team/tiny:1" user:secret
image=$registry/team/tiny:1

# without an engine
expect_err 1 "$registry: .*refuses anonymous access.*cleat login|refuses anonymous access .*cleat login" "nobody may pull" cleat pull "$image"
expect_err 1 "does not accept the user name or password of .user." "a wrong password is told" login Falsch1 -u user "$registry"
expect "and is not kept" test ! -e "$auth"
expect_out "^Login Succeeded$" "login" login secret -u user "$registry"
expect_equal "600 0" "$(stat -c '%a %u' "$auth")" "auth.json is root's own"
expect_equal "$(b64 user:secret)" "$(jq -r --arg r "$registry" '.auths[$r].auth' "$auth")" "it is as docker writes it"
expect "pull" cleat pull "$image"
expect "skopeo logs in by it" skopeo inspect --authfile "$auth" --tls-verify=false "docker://$image"
expect "podman logs in by it" podman --root "$TMP/p" --runroot "$TMP/pr" --storage-driver vfs pull -q --authfile "$auth" --tls-verify=false "$image"
mkdir -p "$TMP/docker" && cp "$auth" "$TMP/docker/config.json"
expect "docker logs in by it" docker --config "$TMP/docker" manifest inspect --insecure "$image"
before=$(jq -S . "$auth")
expect_out "Removed login credentials for $registry" "logout" cleat logout "$registry"
expect_out "Not logged in to $registry" "logout again" cleat logout "$registry"
expect_equal '{"auths":{}}' "$(jq -c . "$auth")" "nothing of it is left"
cleat rmi "$image" >/dev/null
expect_err 1 "refuses anonymous access" "nobody may pull any more" cleat pull "$image"

# what else is in it, and what others write
say '{"auths":{"other.example":{"auth":"eDp5"}},"HttpHeaders":{"A":"b"},"detachKeys":"ctrl-e,e"}' >"$auth"
expect "login again" login secret -u user "https://$registry/"
expect_equal "eDp5 b ctrl-e,e 2" "$(jq -r '"\(.auths["other.example"].auth) \(.HttpHeaders.A) \(.detachKeys) \(.auths | length)"' "$auth")" \
	"what else is in the file stays"
expect "podman login writes into it" sh -c "echo secret | podman login --authfile $auth --tls-verify=false -u user --password-stdin $registry"
chmod 600 "$auth"
expect "pull as podman wrote it" cleat pull "$image"
expect "skopeo login writes into it" sh -c "echo secret | skopeo login --authfile $auth --tls-verify=false -u user --password-stdin $registry"
chmod 644 "$auth"
expect_err 1 "auth.json holds a secret, and other users may read or change it.*chmod 600" "a file that others may read" cleat pull "$image"
expect_err 1 "auth.json holds a secret" "is not written to either" login secret -u user "$registry"
chmod 600 "$auth"
chown 12 "$auth"
expect_err 1 "auth.json holds a secret.*chown 0" "nor a file of another user" cleat pull "$image"
chown 0 "$auth"

# moby CVE-2021-41092: the entry of this registry or none
say "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"$(b64 user:secret)\"},\"localhost\":{\"auth\":\"$(b64 user:secret)\"}}}" >"$auth"
expect_err 1 "refuses anonymous access" "moby CVE-2021-41092: no other entry is used" cleat pull "$image"
say "{\"auths\":{\"$registry\":{\"auth\":\"$(b64 user:secret)\"}},\"credsStore\":\"none-such\"}" >"$auth"
expect_err 1 "cannot execute docker-credential-none-such: it is in no folder of PATH" \
	"moby CVE-2021-41092: a helper that is missing is an error" cleat pull "$image"
say "{\"auths\":{\"$registry/team\":{\"auth\":\"$(b64 user:secret)\"},\"$registry\":{\"auth\":\"$(b64 x:y)\"}}}" >"$auth"
expect "an entry for a part of a registry" cleat pull "$image"
say '{"auths":{"' >"$auth"
expect_err 1 "auth.json:1:[0-9]+: " "a file that is no JSON" cleat pull "$image"
expect_err 1 "auth.json:1:[0-9]+: " "is not overwritten" login secret -u user "$registry"

# helpers: ours shows what a helper can do, Debian's is a real one
mkdir "$TMP/bin"
cat >"$TMP/bin/docker-credential-test" <<'END'
#!/bin/sh
read -r server
case $server in
*/hang) sleep 100 ;;
esac
grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status >"${0%/*}/status"
echo "$1 $server" >>"${0%/*}/asked"
[ "$1" = get ] || exit 0
case $(cat "${0%/*}/mode") in
good) printf '{"ServerURL":"%s","Username":"user","Secret":"secret"}\n' "$server" ;;
none) echo "credentials not found in native keychain"; exit 1 ;;
broken) printf 'the key store \033[31m is locked\n'; exit 3 ;;
long) head -c 100000 /dev/zero | tr '\0' x ;;
json) echo '{"Username":' ;;
esac
END
chmod +x "$TMP/bin/docker-credential-test"
PATH=$TMP/bin:$PATH
say "{\"auths\":{\"$registry\":{}},\"credHelpers\":{\"$registry\":\"test\"}}" >"$auth"
cleat rmi "$image" >/dev/null
echo good >"$TMP/bin/mode"
expect "a helper knows the password" cleat pull "$image"
expect_equal "get $registry" "$(cat "$TMP/bin/asked")" "it was asked for this registry"
expect_equal "CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1" \
	"$(tr -s '\t\n' '  ' <"$TMP/bin/status" | sed 's/ $//')" "it has no capabilities and gets none"
echo none >"$TMP/bin/mode"
expect_err 1 "refuses anonymous access" "it knows none: anonymous" cleat pull "$image"
echo broken >"$TMP/bin/mode"
expect_err 1 "docker-credential-test failed \(exit status 3\): the key store +.31m is locked" "it fails" cleat pull "$image"
echo long >"$TMP/bin/mode"
expect_err 1 "docker-credential-test prints more than" "it does not stop talking" cleat pull "$image"
echo json >"$TMP/bin/mode"
expect_err 1 "answer of docker-credential-test:[0-9]+:" "it prints no JSON" cleat pull "$image"
say '{"credsStore":"../test"}' >"$auth"
expect_err 1 "is not the name of a helper" "a helper's name with a path" cleat pull "$image"

export HOME="$TMP/home" GNUPGHOME="$TMP/home/gnupg"
mkdir -p -m 700 "$GNUPGHOME"
{
	gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key cleat-test default default never &&
		pass init cleat-test
} >"$TMP/gpg.log" 2>&1 || dump "$TMP/gpg.log"
at_exit 'gpgconf --kill gpg-agent 2>/dev/null'
say '{"credsStore":"pass"}' >"$auth"
expect_out "Login Succeeded" "docker-credential-pass keeps what login stores" login secret -u user "$registry"
expect_equal '{"credsStore":"pass"}' "$(jq -c . "$auth")" "and auth.json does not"
expect "pull by docker-credential-pass" cleat pull "$image"
expect "logout" cleat logout "$registry"
expect_err 1 "refuses anonymous access" "it has forgotten" cleat pull "$image"
rm "$auth"

# the terminal
expect_out "^Login Succeeded" "a password is typed" \
	python3 "$TOP/tests/lib/pty.py" expect:Username send:'user\n' expect:Password raw send:'sexx\x7f\x7fcret\n' -- \
	"$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" login "$registry"
expect_equal 0 "$(printf %s "$tap_out" | grep -c -e secret -e sexx)" "and not shown"
expect_err 0 "exit 130" "Ctrl-C gives the terminal back" \
	python3 "$TOP/tests/lib/pty.py" expect:Password raw send:'sec\x03' -- \
	"$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" login -u user "$registry"
expect_err 2 "use --password-stdin" "-p is refused" cleat login -u user -p secret "$registry"
expect_err 2 "no terminal: use --password-stdin" "no terminal" cleat login -u user "$registry"
expect_err 1 "is not a registry" "no registry" login secret -u user "team/app"

# an engine: its memory, its logs and what /proc shows of everybody
expect "the engine starts" engine_start || tap_end
cleat logout "$registry" >/dev/null
expect_err 1 "does not accept the user name or password" "a wrong password" login Geheim77x -u user "$registry"
expect "login" login secret -u user "$registry"
expect "pull" cleat pull "$image"
expect_err 1 "the engine that runs has its configuration in $E/etc" "login for another configuration is refused" \
	sh -c "echo x | '$CLEAT' --root '$E/root' --run '$E/run' --config /other login --password-stdin -u user $registry"
# a password that is nowhere else, and is asked for while it waits
secret=Zauberwort-$$-x
htpasswd -Bbn -C 4 user "$secret" >"$TMP/htpasswd"
expect "login with another password" login "$secret" -u user "$registry"
cleat rmi "$image" >/dev/null
expect "pull with it" cleat pull "$image"
expect_rc 1 "no secret in the engine's memory" python3 "$TOP/tests/lib/memgrep.py" "$engine_pid" "$secret" "$(b64 "user:$secret")" "Geheim77x"
expect_rc 1 "no secret in logs and events" grep -rFl -e "$secret" -e "$(b64 "user:$secret")" -e Geheim77x "$TMP/engine.log" "$E/root" "$E/run"
engine_stop
registry_stop

# while the fetch role holds it
badregistry bad localhost --layout "$TMP/oci" || { fail "make a bad registry"; tap_end; }
mkdir -p "$E/etc/certs.d/$bad" && cp "$TMP/pki/ca.crt" "$E/etc/certs.d/$bad/"
say "{\"auths\":{\"$bad\":{\"auth\":\"$(b64 "user:$secret")\"}}}" >"$auth"
chmod 600 "$auth"
start pull "$CLEAT" --root "$E/root" --run "$E/run" --config "$E/etc" pull "$bad/manifest/silent/10:tiny"
pull_pid=$started
fetch_role() {
	for p in /proc/[0-9]*; do
		grep -qz '^@fetch$' "$p/cmdline" 2>/dev/null && grep -qF "$E/root" "/proc/$(cut -d' ' -f4 "$p/stat")/cmdline" && echo "${p#/proc/}"
	done 2>/dev/null | head -1
}
has_fetch_role() {
	[ -n "$(fetch_role)" ]
}
expect "a pull holds the password" wait_for 10 has_fetch_role || dump "$TMP/pull.log"
sleep 0.5
role=$(fetch_role)
expect "the fetch role has it in its memory" python3 "$TOP/tests/lib/memgrep.py" "$role" "$secret"
printf '%s\n' "$secret" "$(b64 "user:$secret")" >"$TMP/patterns"
expect_equal "" "$(cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -F -f "$TMP/patterns")" \
	"no secret in any command line or environment"
expect_equal "0 0 0" "$(awk '/Max core file size/ {print $5, $6}' "/proc/$role/limits") $(stat -c %u "/proc/$role/mem")" \
	"it dumps no core, and its memory is root's alone"
stop "$pull_pid"
has_no_fetch_role() {
	! has_fetch_role
}
wait_for 5 has_no_fetch_role

# tokens
registry_token_lives=5
expect "a registry with tokens starts" registry_start localhost token || tap_end
engine_trust
rm "$auth"
registry_push tiny "$registry/team/tiny:1" user:secret
image=$registry/team/tiny:1
expect_err 1 "does not accept the user name or password" "token server: a wrong password" login Falsch1 -u user "$registry"
expect "token server: login" login secret -u user "$registry"
expect "token server: pull" cleat pull "$image"
cleat rmi "$image" >/dev/null
say "{\"auths\":{\"$registry\":{\"identitytoken\":\"identity-secret\"}}}" >"$auth"
: >"$TMP/tokenserver.log"
expect "identity token: pull" cleat pull "$image"
expect_equal "POST repository:team/tiny:pull" "$(tr -d '\0' <"$TMP/tokenserver.log")" "it was exchanged by POST, for this repository alone"
say "{\"auths\":{\"$registry\":{\"identitytoken\":\"identity-falsch\"}}}" >"$auth"
expect_err 1 "does not accept our token any more .*log in again" "an identity token that is not accepted" cleat pull "$registry/team/tiny:2"
curl -s -k -u user:secret "https://localhost:$registry_token_port/token?scope=repository:team/tiny:pull" | jq -r .token >"$TMP/token"
say "{\"auths\":{\"$registry\":{\"registrytoken\":\"$(cat "$TMP/token")\"}}}" >"$auth"
cleat rmi "$image" >/dev/null
expect "registry token: pull" cleat pull "$image"
say "{\"auths\":{\"$registry\":{\"registrytoken\":\"no.such.token\"}}}" >"$auth"
expect_err 1 "does not accept our token any more|denies access" "registry token that is not accepted" cleat pull "$registry/team/tiny:2"

# a token that ends in the middle
mkfifo "$TMP/slow"
(sleep 7; cat "$TMP/slow") >/dev/null &
: >"$TMP/tokenserver.log"
skopeo inspect --raw --tls-verify=false --creds user:secret "docker://$image" >"$TMP/m" 2>/dev/null
: >"$TMP/tokenserver.log"
blob=$(jq -r '.layers[0].digest' "$TMP/m")
expect_out "^done .*" "a token ends in mid-pull: a new one is got" \
	"$O/tests/tool/fetch_client" registry-ca="$TMP/pki/ca.crt" user=user secret=secret "$registry" team/tiny "1>$TMP/slow" "blob@$blob"
expect_equal 2 "$(grep -ac GET "$TMP/tokenserver.log")" "two tokens were asked for"
tap_end
