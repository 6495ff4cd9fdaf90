#!/bin/sh
# Runs the pinned Node from its own package: which of several packages' `node` npm links into .bin, if any, differs between
# versions of npm. Node 26 is linked against libatomic, which a minimal Debian does not have, and without it not even a
# script that would install it could run: hence sh, and only this one library.
set -eu

system=$(uname -s | tr '[:upper:]' '[:lower:]')
case "$(uname -m)" in
  x86_64) cpu=x64 ;;
  aarch64) cpu=arm64 ;;
  *) cpu=$(uname -m) ;;
esac
pinned=$(cd "$(dirname "$0")/.." && pwd)/node_modules/node-$system-$cpu/bin
# Where no package has it (macOS), the Node on PATH must do; what starts says so when it is too old.
if [ -x "$pinned/node" ]; then
  PATH=$pinned:$PATH
  export PATH
fi

if ! reason=$(node --version 2>&1 >/dev/null); then
  case "$reason" in
    *libatomic*) ;;
    *) echo "$reason" >&2; exit 1 ;;
  esac
  command="apt-get install -y --no-install-recommends libatomic1"
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Node 26 needs the library libatomic. On Debian or Ubuntu run: sudo $command (Fedora: dnf install libatomic)" >&2
    exit 1
  fi
  echo "missing: libatomic, which Node 26 is linked against" >&2
  echo "installing: $command" >&2
  export DEBIAN_FRONTEND=noninteractive
  $command -q >/dev/null 2>&1 || { apt-get update -q >/dev/null && $command -q >/dev/null; }
fi

exec node --disable-warning=ExperimentalWarning "$@"
