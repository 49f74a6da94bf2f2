#!/bin/sh
# Installs one prebuilt engine beside node-llama-cpp, in the current folder, of the version that it asks for.
# Usage: install-engine.sh cpu|vulkan|cuda amd64|arm64
set -eu

case "$1-$2" in
  cpu-amd64) builds="linux-x64" ;;
  # These two bring no CPU build; the engine falls back to it where there is no GPU.
  vulkan-amd64) builds="linux-x64 linux-x64-vulkan" ;;
  cuda-amd64) builds="linux-x64 linux-x64-cuda linux-x64-cuda-ext" ;;
  cpu-arm64) builds="linux-arm64" ;;
  *)
    echo "There is no prebuilt engine for $1 on $2: expected cpu, vulkan or cuda on amd64, or cpu on arm64" >&2
    exit 2
    ;;
esac

version=$(node -p "JSON.parse(require('fs').readFileSync('node_modules/node-llama-cpp/package.json', 'utf8')).version")
packages=""
for build in $builds; do
  packages="$packages @node-llama-cpp/$build@$version"
done
# Unquoted: a package each.
# shellcheck disable=SC2086
npm install --omit=optional --no-audit --no-fund $packages
