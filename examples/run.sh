#!/bin/sh
# Serves an example with its visitors' signals as if they had just been sent,
# and prints calls to try. `make run` runs it for the storefront.
set -eu
cd "$(dirname "$0")/.."
example=${1:?usage: examples/run.sh EXAMPLE}
config=examples/$example/segue.yaml
data=$PWD/build/run/$example # an example's visitors start afresh each time
url=http://127.0.0.1:8080

rm -rf "$data"
mkdir -p "$data"
bin/segue replay --config "$config" --set "store=pebble:$data" --end now "examples/$example/signals.ndjson" >/dev/null
bin/segue serve --config "$config" --set "store=pebble:$data" &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true' INT TERM EXIT

tries=0
until bin/segue healthcheck --config "$config" >/dev/null 2>&1; do
  kill -0 $server 2>/dev/null || { wait $server; exit 1; }
  tries=$((tries + 1))
  [ $tries -lt 150 ] || { echo "examples/run.sh: the server did not become ready" >&2; exit 1; }
  sleep 0.2
done

if [ -d "examples/$example/shop" ]; then
  go build -o bin/shop "./examples/$example/shop"
  bin/shop &
  shop=$!
  trap 'kill $server $shop 2>/dev/null; wait $server $shop 2>/dev/null || true' INT TERM EXIT
  printf '\nOpen http://127.0.0.1:8000/ in a browser.\n'
fi

cat <<EOF

Segue serves the $example example. Try, in another terminal:

$(sed -n 's/^    \(curl .*\)/  \1/p' "examples/$example/README.md")

Stop it with Ctrl-C.
EOF
wait $server
