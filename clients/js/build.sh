#!/bin/sh
# Builds the client into a directory: build.sh [DIRECTORY]. It wants only Go;
# `make js` builds into dist, which is kept in the repository so that neither Go
# nor npm users need to build it.
set -eu
cd "$(dirname "$0")"
out=${1:-dist}
mkdir -p "$out"
build() { go tool -modfile=../../.ci/tools/go.mod esbuild --bundle --target=es2022 --charset=utf8 --log-level=warning "$@"; }
build src/script.ts --outfile="$out/segue.js" --format=iife --minify --mangle-props=^_
build src/index.ts --outfile="$out/segue.mjs" --format=esm --minify --mangle-props=^_
build src/react.ts --outfile="$out/react.mjs" --format=esm --minify --external:react
cp src/types.ts "$out/types.d.ts"
cp declarations/*.d.ts "$out"
