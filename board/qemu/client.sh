#!/bin/sh
# the second container of the demo: asks the first one by its name, every two seconds
n=0
while :; do
	n=$((n + 1))
	if answer=$(wget -q -T 2 -O - "http://web:8080/cgi-bin/status?text" 2>&1); then
		echo "question $n: $answer"
	else
		echo "question $n: web does not answer"
	fi
	sleep 2
done
