#!/bin/sh
# launch.sh FILE.ts ARG…: installs what is missing, then becomes the Node 24 that npm installed, running that file of this
# checkout. `exec`, so that no process waits in front of it: a Node 20 that does nothing else is 45 MB. Only what the shell
# itself knows is used: a new machine's PATH may hold nothing but node, npm and git.
case $0 in
  */*) here=${0%/*} ;;
  *) here=. ;;
esac
root=$(CDPATH='' cd -P -- "$here/../../.." && pwd) || exit

# The stamp is written after an install; a lock file that is newer may want another one.
if ! [ "$root/node_modules/.millrace-installed" -nt "$root/package-lock.json" ]; then
  node "$root/packages/cli/bin/install.mjs" || exit
fi

file=$root/$1
shift
# Compiled code is kept, stripped of its types: each start after the first is twice as fast and half as large.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE-$root/node_modules/.cache/millrace}"
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX-2}"
# The platform is idle most of the time, and then its size is what counts: a small young generation, and no optimising
# compiler for the one WebAssembly module there is, an HTTP parser (docs/measurements.md).
set -- --expose-gc --max-semi-space-size=2 --liftoff-only "$file" "$@"
exec "$root/node_modules/.bin/node" --disable-warning=ExperimentalWarning "$@"
