#!/bin/sh
# timeout: 180
# The fetch role against registries that lie, break, stall and attack: what people see, and that nothing
# hangs. THREATS: registry credentials, SSRF, bounded documents.
. "$TOP/tests/lib/tap.sh"
. "$TOP/tests/lib/registry.sh"
need_root
need openssl python3

# everything that is said is kept: no secret may be in it
client() {
	client_rc=0
	client_out=$("$O/tests/tool/fetch_client" registry-ca="$TMP/pki/ca.crt" stall=1500 "$@" 2>&1) || client_rc=$?
	printf '%s\n' "$client_out" | tee -a "$TMP/said"
	return $client_rc
}

registry_ca
registry_cert localhost ecdsa "DNS:localhost,IP:127.0.0.1"
badregistry other localhost
other=https://localhost:$bad_port
badregistry bad localhost --other "$other" --times "$TMP/times"
blob=blob@sha256:$(printf '%064d' 1)
sum=$(python3 -c 'import hashlib; print(hashlib.sha256(hashlib.shake_128(b"cleat").digest(1 << 20)).hexdigest())')
size=1048576

# expect_whole NAME REPOSITORY [OPTION...]: the blob comes whole
expect_whole() {
	whole_name=$1 whole_repo=$2
	shift 2
	rm -f out
	expect_out "^done $size " "$whole_name" client "$@" expect=$size "$bad" "$whole_repo" "$blob>out" &&
		expect_equal "$sum" "$(sha256sum <out | cut -d' ' -f1)" "$whole_name: every byte once, in order"
}

refuses() { # NAME REPOSITORY CLASS REGEX [OPTION...]
	refuses_name=$1 refuses_repo=$2 refuses_want="^error $3 -?[0-9]+ .*$4"
	shift 4
	expect_err 1 "$refuses_want" "$refuses_name" client "$@" "$bad" "$refuses_repo" "$blob"
}

# broken links
expect_whole "a good registry" ok
expect_whole "cut off every 300000 bytes" cut/300000
expect_whole "reset in mid-stream" reset/500000
expect_equal "$(grep -c "'bytes=500000-'" "$TMP/bad.requests")" 1 "resumed by a single Range"
expect_whole "a registry without Range" norange/500000
expect_whole "chunks, extensions, trailers" chunked
expect_whole "connections that are closed without saying" closing
expect_out "^done.*" "a closed kept connection is replaced" client "$bad" closing "$blob" "$blob" "$blob"
expect_whole "503 and Retry-After, then good" flaky/503/2/1
(client "$bad" stuck/1000 "$blob" >stuck.out 2>&1) & # they wait: all at once
stuck=$!
(client "$bad" cut/1 "$blob" >cut.out 2>&1) &
cut=$!
refuses "truncated blob with a right length" truncated http "has 524288 bytes, its manifest says $size" expect=$size
refuses "longer than the manifest says" longer http "its manifest says $size" expect=$size

# all answers to a Range
expect_whole "206 with another part: asked for the whole" wrongrange/1000
expect_whole "416" partcode/300000/416
expect_whole "501" partcode/300000/501
expect_whole "200 in the place of 206" norange/200000
expect_whole "206 with less than was asked for" parts/300000
expect_equal "'bytes=300000-' 'bytes=600000-' 'bytes=900000-'" \
	"$(grep /parts/ "$TMP/bad.requests" | cut -d' ' -f4 | grep bytes | tr '\n' ' ' | sed 's/ $//')" "the rest is asked for, part by part"
for range in "bytes~@-1048575!*" "bytes~@-1048575!1048576"; do
	expect_whole "Content-Range: $range" "contentrange/$range"
	expect_equal 1 "$(grep -F "/contentrange/$range/" "$TMP/bad.requests" | grep -vc bytes=)" "$range: is right"
done
for range in "bytes~0-1048575!1048576" "bytes~@-1048574!1048576" "bytes~@-!1048576" "items~@-1048575!1048576" x; do
	expect_whole "Content-Range: $range" "contentrange/$range"
	expect_equal 2 "$(grep -F "/contentrange/$range/" "$TMP/bad.requests" | grep -vc bytes=)" "$range: is wrong, the whole is asked for"
done
refuses "Content-Range of another total" "contentrange/bytes~@-1048575!1048577" http "has 1048577 bytes, its manifest says $size" expect=$size
refuses "206 unasked" unasked http "sends another part than the one asked for"

# when to come back
(client "$bad" flaky/503/99/0 "$blob" >flaky.out 2>&1) &
flaky=$!
begin=$(date +%s%N)
expect_whole "429 and Retry-After as a date, by the server's clock" later/429/2/1
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -ge 1900 ] && [ $took -lt 6000 ] && ok "it was waited for ($took ms)" || fail "it was waited for" "$took ms"
begin=$(date +%s)
refuses "429 for hours: not waited for" limited/429 http \
	"has had too many requests \(HTTP 429 .*allows 100 requests in 21600 s; try again in 7200 s"
[ $(($(date +%s) - begin)) -lt 5 ] && ok "refused at once" || fail "refused at once"
expect_out "^done $size .* limit 100 remaining 76 window 21600" "rate limits are told" client "$bad" limited/200 "$blob"

# addresses that the registry signed
expect_whole "an address that has expired: back to the registry" signed/403/1/100000
expect_equal 3 "$(grep -c "^GET /v2/signed/403" "$TMP/bad.requests")" "a new one for the refused and for the rest"
refuses "addresses that are never good" signed/403/99/0 auth "sends us for blob .*, refuses \(HTTP 403\): its signed address"

# HEAD
expect_out "^done 0 .*index.*sha256:[0-9a-f]{64}|^done 0 .*manifest.*sha256:[0-9a-f]{64}" "HEAD tells the digest" client "$bad" manifest/ok head@x
expect_err 1 "^error http .*HTTP 405" "HEAD that is not served" client "$bad" manifest/nohead head@x
expect_out "^done 19 " "a mirror is asked with ns" client ns=docker.io "$bad" manifest/ok x
expect_equal 1 "$(grep -c "^GET /v2/manifest/ok/manifests/x?ns=docker.io " "$TMP/bad.requests")" "the query says which registry is meant"

# a rate
begin=$(date +%s%N)
expect_out "^done $size" "a rate" client rate=524288 "$bad" ok "$blob"
took=$((($(date +%s%N) - begin) / 1000000))
[ $took -ge 1800 ] && [ $took -lt 3500 ] && ok "1 MiB at 512 KiB/s takes 2 s ($took ms)" || fail "1 MiB at 512 KiB/s takes 2 s" "$took ms"

# a partial file: what it has is not asked for, what comes goes in
expect_whole "a new partial file, on a fast link" ok partial="$TMP/partial"
expect_equal 0 "$(stat -c %s "$TMP/partial")" "is not kept"
python3 -c 'import hashlib, sys; sys.stdout.buffer.write(hashlib.shake_128(b"cleat").digest(700000))' >"$TMP/partial"
: >"$TMP/bad.requests"
expect_whole "a partial file of 700000 bytes" ok partial="$TMP/partial"
expect_equal "'bytes=700000-'" "$(cut -d' ' -f4 "$TMP/bad.requests")" "the rest is asked for, once"
expect_equal "$sum" "$(sha256sum <"$TMP/partial" | cut -d' ' -f1)" "and kept too"
: >"$TMP/bad.requests"
expect_whole "a whole partial file" ok partial="$TMP/partial"
expect_equal "" "$(cat "$TMP/bad.requests")" "nothing is asked for"
head -c 2000000 /dev/zero >"$TMP/partial"
expect_whole "a partial file that is too long" ok partial="$TMP/partial"

wait $stuck
wait $cut
wait $flaky
expect_out "^error network .*gave up after 6 attempts: .*closed the connection" "truncated for ever" cat stuck.out
expect_out "^error network .*gave up after 6 attempts" "slow loris: a byte for each connection" cat cut.out
expect_out "^error http .*gave up after 6 attempts: .*HTTP 503" "overloaded for ever" cat flaky.out
# the pauses double from half a second; half of each is random
expect_out good "measured pauses" python3 -c '
import sys
t = [float(x.split()[0]) for x in open(sys.argv[1]) if x.split()[2].startswith(sys.argv[2])]
gaps = [b - a for a, b in zip(t, t[1:])]
want = [0.5, 1, 2, 4, 8]
print("good" if len(gaps) == 5 and all(w / 2 - 0.05 <= g <= w + 1 for w, g in zip(want, gaps)) else "bad", gaps)
' "$TMP/times" /v2/flaky/503/99/0/
expect_out "^wait [0-9]+ .*HTTP 503" "what is waited for is told" grep -m1 ^wait flaky.out
begin=$(date +%s)
expect_whole "a wake ends each wait" flaky/429/3/20 wake=1
[ $(($(date +%s) - begin)) -lt 10 ] && ok "at once" || fail "at once"

# hostile answers
refuses "Go CVE-2023-39326: chunk extensions" chunkext limit "a chunk's size line is longer than 256 bytes"
refuses "chunk size overflow" chunksize http "chunk's size is malformed"
refuses "length and chunks" smuggle http "both Content-Length and Transfer-Encoding"
refuses "two lengths" twolengths http "two Content-Length headers"
refuses "endless headers" endlessheaders limit "more header lines than CONFIG_HTTP_MAX_HEADERS"
refuses "endless header line" longheader limit "a line is longer than CONFIG_HTTP_LINE_BYTES"
refuses "endless interim answers" endlessinterim limit "more than 8 interim answers"
refuses "not HTTP" garbage http "is this a registry\?"
refuses "compressed on the way" encoded http "Content-Encoding"
expect_err 1 "^error limit .*has 104857600 bytes, at most 4194304 are accepted" \
	"moby CVE-2017-14992: 100 MB manifest" client max=4194304 "$bad" manifest/large/100/length x
expect_err 1 "^error limit .*has more than 4194304 bytes" \
	"podman CVE-2020-1702: 100 MB manifest without a length" client max=4194304 "$bad" manifest/large/100/chunked x
expect_out "^done 90 application/vnd.docker.distribution.manifest.v1\+prettyjws" \
	"schema 1 is named by its type" client "$bad" manifest/schema1 x
(client "$bad" status/500 "$blob" >500.out 2>&1) &
s500=$!
refuses "418" status/418 http "localhost answers with HTTP 418 for blob sha256:000000000000"

# stalls: bounded by the time-out, not by the whole time
begin=$(date +%s)
(client "$bad" drip/0.3 "$blob" >drip.out 2>&1) &
drip=$!
(client "$bad" silent/1000 "$blob" >silent.out 2>&1) &
silent=$!
wait $drip
wait $silent
wait $s500
expect_out "^error http .*localhost is overloaded or broken \(HTTP 500" "500" cat 500.out
expect_out "^error network .*localhost:$bad_port sends less than 1024 bytes in 1 s" "slow loris" cat drip.out
expect_out "^error network .*(was silent|sent nothing) for 1 s" "silence" cat silent.out
took=$(($(date +%s) - begin))
[ $took -lt 60 ] && ok "stalls end ($took s)" || fail "stalls end" "$took s"

# redirects
refuses "redirect loop" loop limit "redirects more than CONFIG_FETCH_REDIRECTS \(5\) times"
expect_whole "relative redirect" redirect/relative
expect_whole "redirect to another host" redirect/other
refuses "redirect away from TLS" redirect/http http "redirects to http://localhost:1, away from TLS: refused"
refuses "redirect to a file" redirect/file http "scheme is file:"
refuses "redirect with a password" redirect/userinfo http "user and password in a URL"
refuses "redirect to nowhere" redirect/none http "redirects to nowhere"
refuses "registry SSRF: redirect to link-local" redirect/linklocal http \
	"link-local address 169.254.169.254:443: refused"

# credentials
: >"$TMP/other.requests"
expect_whole "containerd CVE-2020-15157: redirect to another host after log-in" authredirect/byaddress \
	user=user secret=Geheim1
expect_equal "GET /redirected/byaddress None None None" "$(grep /redirected/byaddress "$TMP/bad.requests")" \
	"containerd CVE-2020-15157, curl CVE-2018-1000007: no credentials for the other host"
expect_whole "curl CVE-2022-27774: redirect to another port after log-in" authredirect/other user=user secret=Geheim1
expect_equal "GET /redirected/other None None None" "$(cat "$TMP/other.requests")" \
	"curl CVE-2022-27774: no credentials for the other port"
expect_whole "redirect after log-in within the registry" authredirect/same user=user secret=Geheim1
expect_equal "'Bearer tok1'" "$(grep redirected/same "$TMP/bad.requests" | cut -d' ' -f3-4)" \
	"the registry itself still gets its token"
expect_whole "token in access_token" realm/access
refuses "containers/image CVE-2019-10214: realm without TLS" realm/http auth \
	"names a token server without TLS \(http://localhost:1\): refused"
refuses "CVE-2026-12566: registry realm SSRF: link-local realm" realm/linklocal http "link-local address 169.254.169.254:443: refused"
refuses "realm is a file" realm/file auth "scheme is file:"
refuses "realm with a password" realm/userinfo auth "user and password"
refuses "token server without a token" realm/notoken http "token server's answer: .*expected a string, found nothing"
refuses "empty token" realm/empty http "no usable token"
refuses "token that would end its header" realm/crlf http "no usable token"
refuses "token server without JSON" realm/notjson http "the token server's answer"
refuses "token server with deep JSON" realm/deep http "the token server's answer"
refuses "endless token" realm/huge http "longer than twice CONFIG_FETCH_TOKEN_BYTES"
refuses "token that is not accepted" realm/wrong auth "denies access to blob .*HTTP 401"
refuses "token server down" realm/500 http "token server localhost answers with HTTP 500"
refuses "log-in by neither Basic nor Bearer" digestauth auth "neither Basic nor Bearer"
refuses "a token server that refuses a user" realm/denied auth "does not accept the user name or password of .user." \
	user=user secret=Geheim1
expect_equal 0 "$(grep -c -e Geheim1 -e tok1 -e "$(printf user:Geheim1 | base64)" "$TMP/said")" \
	"moby CVE-2019-13509: no secrets in messages"
[ "$(wc -l <"$TMP/said")" -gt 40 ] && ok "messages were looked at" || fail "messages were looked at"
tap_end
