#!/usr/bin/env bash
# Copies the package flextorchir into a folder:
#
#     bazel run //python:install -- FOLDER
#     PYTHONPATH=FOLDER python3 -c "import flextorchir"
#
# The interpreter must be the one that has the torch it was built with.
set -euo pipefail

if [[ $# != 1 || "$1" == -* ]]; then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
  exit 1
fi
# Relative to where the caller stands, not where Bazel runs this.
cd_from="${BUILD_WORKING_DIRECTORY:-$PWD}"
source="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
[[ -d "$source/flextorchir" ]] || source="$0.runfiles/flextorchir/python"
target="$(cd "$cd_from" && realpath -m -- "$1")/flextorchir"
mkdir -p "$target"
cp -fL "$source"/flextorchir/*.py "$source"/flextorchir/_flextorchir.so "$target/"
chmod u+w "$target"/*
echo "installed $target"
