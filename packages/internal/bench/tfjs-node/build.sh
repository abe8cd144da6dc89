#!/bin/bash
# Installs @tensorflow/tfjs-node 4.22.0 to FOLDER/node_modules with a native addon built here, from npm and PyPI packages only: its
# own install script needs a storage host that is often out of reach. About 20 s and 210 MB of downloads.
# With VARIANT=gpu it is @tensorflow/tfjs-node-gpu (512 MB of downloads), which computes on the processor where it finds no CUDA 11.2.
# usage: [VARIANT=gpu] build.sh FOLDER     needs Linux on x86-64, node, npm, pip, unzip, gcc, g++, nm
set -euo pipefail
folder=${1:?usage: build.sh FOLDER}
case ${VARIANT:-cpu} in
  cpu) name=tfjs-node distribution=tensorflow-cpu ;;
  gpu) name=tfjs-node-gpu distribution=tensorflow ;;
  *) echo "build.sh: VARIANT is $VARIANT, expected cpu or gpu" >&2; exit 2 ;;
esac
mkdir -p "$folder/downloads"
cd "$folder"
folder=$PWD
modules=$folder/node_modules
addon=$modules/@tensorflow/$name
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -f package.json ] || npm init -y > /dev/null
[ -d "$addon/binding" ] && [ -d "$modules/node-api-headers" ] ||
  npm install @tensorflow/$name@4.22.0 node-api-headers --ignore-scripts --no-audit --no-fund

# The TensorFlow that tfjs-node 4.22 was made for, for any Python: only its libraries and C headers are used.
find_wheel() { find downloads -name "${distribution/-/_}-2.9.3-*.whl" | head -1; }
[ -n "$(find_wheel)" ] || pip download -q --no-deps --only-binary=:all: --python-version 3.10 --implementation cp \
  --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 -d downloads "$distribution==2.9.3"
wheel=$folder/$(find_wheel)

rm -rf "$addon/deps" "$addon/lib"
mkdir -p "$addon/deps/lib" "$addon/deps/include" "$addon/lib/napi-v8"
unzip -q -o "$wheel" 'tensorflow/include/tensorflow/c/*.h' 'tensorflow/include/tensorflow/core/platform/ctstring*.h' -d "$work"
cp -r "$work/tensorflow/include/tensorflow" "$addon/deps/include/"
cd "$addon/deps/lib"
unzip -q -o -j "$wheel" tensorflow/python/_pywrap_tensorflow_internal.so tensorflow/libtensorflow_framework.so.2

# The library wants CPython's symbols when it is loaded, and the C API never calls them: a stub has functions that abort with a
# message, and zeroes for types and singletons.
nm -D --undefined-only _pywrap_tensorflow_internal.so | awk '$2 ~ /^_?Py/ {sub(/@.*/,"",$2); print $2}' | sort -u |
  awk 'BEGIN {print "#include <stdio.h>\n#include <stdlib.h>\nstatic void die(const char*s){fprintf(stderr,\"python stub called: %s\\n\",s);abort();}"}
    /_Type$/ || /Struct$/ {print "char " $1 "[1024] __attribute__((aligned(64)));"; next}
    /^PyExc_/ {print "void* " $1 ";"; next}
    $1=="Py_IsInitialized" {print "int Py_IsInitialized(void){return 0;}"; next}
    {print "void* " $1 "(void){die(\"" $1 "\");return 0;}"}' > "$work/stub.c"
gcc -O1 -w -fno-builtin -shared -fPIC -Wl,-soname,libpystub.so -o libpystub.so "$work/stub.c"

# N-API 8: one binary serves Node 16 and later.
g++ -std=c++17 -O2 -fPIC -w -DNAPI_VERSION=8 -DNODE_GYP_MODULE_NAME=tfjs_binding \
  -I"$modules/node-api-headers/include" -I"$addon/deps/include" -I"$addon" -shared -o "$addon/lib/napi-v8/tfjs_binding.node" \
  "$addon/binding/tfjs_backend.cc" "$addon/binding/tfjs_binding.cc" \
  -Wl,--no-as-needed,--allow-shlib-undefined -Wl,--disable-new-dtags,-rpath,'$ORIGIN/../../deps/lib' \
  -L"$addon/deps/lib" -l:libpystub.so -l:_pywrap_tensorflow_internal.so -l:libtensorflow_framework.so.2

cd "$folder"
TF_CPP_MIN_LOG_LEVEL=2 node -e '
  const util = require("util");
  util.isNullOrUndefined ??= (value) => value == null; // Node 23 removed it, and tfjs-node calls it.
  const tf = require(process.argv[1]);
  const product = tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0];
  if (product !== 11) throw new Error(`the addon gives ${product} for 1*3 + 2*4`);
  console.log(`${process.argv[1]} ${tf.version["tfjs-node"]} with TensorFlow ${tf.backend().binding.TF_Version} is in ${process.cwd()}`);
' "@tensorflow/$name"
