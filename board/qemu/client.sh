#!/bin/sh
# the second container of the demo: asks the first one by its name, every two seconds
trap 'exit 0' TERM
n=0
while :; do
	n=$((n + 1))
	# not wget: Debian's static one crashes where the C library would load a module for service names
	answer=$(printf 'GET /cgi-bin/status?text HTTP/1.0\r\n\r\n' | nc -w 2 web 8080 | sed -n '$p')
	echo "question $n: ${answer:-web does not answer}"
	sleep 2 &
	wait $!
done
