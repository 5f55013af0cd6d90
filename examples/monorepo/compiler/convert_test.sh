#!/usr/bin/env bash
# Converts a model with Acme's own binary and looks at the program it wrote.
set -euo pipefail

model="$(find -L . .. -name resnet18.scripted.pt -print -quit)"
output="$TEST_TMPDIR/resnet18"
compiler/convert --model="$model" --inputs=1x3x64x64 --format=acme,protobuf \
  --output="$output" --verify --quiet >"$TEST_TMPDIR/summary"

expect() {
  if ! grep -q -- "$1" "$2"; then
    echo "no '$1' in $2:"
    cat "$2"
    exit 1
  fi
}
expect 'opcode: "CONV2D"' "$output.acme"
expect 'value: "conv1.weight"' "$output.acme"
expect 'name: "ResNet"' "$output.acme"
expect "$output.acme" "$TEST_TMPDIR/summary"
[[ "$(grep -c 'opcode: "CONV2D"' "$output.acme")" == 20 ]]
[[ -s "$output.safetensors" && -s "$output.ftpb" ]]
