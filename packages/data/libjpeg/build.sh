#!/bin/bash
# Compiles the decoder of libjpeg-turbo with this folder's vectors to WebAssembly, and writes it as src/images/libjpeg/module.ts.
# Takes the sources from crates.io and the compiler from PyPI; needs curl, tar, sha256sum and python3, on Linux with an x64 processor.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
module=$here/../src/images/libjpeg/module.ts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

crate=https://static.crates.io/crates/turbojpeg-sys/turbojpeg-sys-1.2.0.crate
curl --fail --silent --show-error --output crate.tar.gz "$crate"
echo "49b5a974bc59382d35927e3a07eef2ba9a24fe7227cefe52ec44b508e1b90f86  crate.tar.gz" | sha256sum --check --quiet
tar --extract --gzip --file crate.tar.gz
turbo=$work/turbojpeg-sys-1.2.0/libjpeg-turbo
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check ziglang==0.17.1
cp "$turbo/src/jversion.h.in" jversion.h

compile() {
  python/bin/python -m ziglang cc -target wasm32-wasi -O3 -msimd128 -mbulk-memory -fno-sanitize=undefined -DNDEBUG -DNO_GETENV \
    -I"$here" -I"$work" -I"$turbo" -I"$turbo/src" "$@"
}
for name in jcomapi jdapimin jdapistd jdarith jdatasrc jdcoefct jdcolor jddctmgr jdhuff jdinput jdmainct jdmarker jdmaster jdphuff jdpostct \
  jdsample jidctflt jidctfst jidctint jidctred jaricom jmemmgr jmemnobs jpeg_nbits jutils; do
  options=-w
  # Huffman codes are read by way of 64 bits as on x32, the only processor of 32-bit addresses that has them there.
  if [[ $name == jd*huff ]]; then options="-w -D__x86_64__"; fi
  compile $options -c "$turbo/src/$name.c" -o "$name.o"
done
for name in color decoder idct simd upsample; do compile -Wall -Wno-unused -c "$here/$name.c" -o "$name.o"; done
compile -nostartfiles -mexec-model=reactor -Wl,--no-entry -Wl,--gc-sections -Wl,--strip-all -Wl,-z,stack-size=65536 ./*.o -o jpeg.wasm

sources=$(cd "$here" && LC_ALL=C cat ./*.c ./*.h | sha256sum | cut -c1-64)
node --input-type=commonjs - "$sources" >"$module" <<'JS'
const { readFileSync } = require('node:fs');
const { brotliCompressSync } = require('node:zlib');
const text = brotliCompressSync(readFileSync('jpeg.wasm')).toString('base64');
console.log(`/** Made by pnpm run libjpeg: libjpeg-turbo 3.1.0 as WebAssembly, by Brotli, in base64. */
export const wasm =
  '${text}';
/** SHA-256 of the sources in libjpeg/, one after the other. */
export const sources = '${process.argv[2]}';`);
JS
