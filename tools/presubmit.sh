#!/usr/bin/env bash
# Checks, or with -f fixes, how the sources are formatted and layered:
#
#     tools/presubmit.sh [FILE_OR_FOLDER...]       says what is wrong, and fails
#     tools/presubmit.sh -f [FILE_OR_FOLDER...]    puts it right
#
# C++ with clang-format (.clang-format), BUILD and .bzl files with buildifier; and
# checks that each layer includes only what it may (check_layering.py).
# Both are installed, at the versions below, into .presubmit/ at the first run.
set -euo pipefail

readonly clang_format_version=19.1.7
readonly buildifier_version=8.2.1

# What buildifier looks for besides the format.
readonly warnings=duplicated-name,load,module-docstring,unused-variable

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly cache="$PWD/.presubmit"
readonly clang_format="$cache/clang-format-$clang_format_version/bin/clang-format"
readonly buildifier="$cache/buildifier-$buildifier_version/node_modules/.bin/buildifier"

usage() {
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

say() { echo "presubmit: $*" >&2; }

fix=0
while getopts "fh" option; do
  case "$option" in
    f) fix=1 ;;
    h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
shift $((OPTIND - 1))
named=("$@")

# Made aside and then renamed, so that an interrupted run leaves nothing half done.
install_clang_format() {
  [[ -x "$clang_format" ]] && return
  say "installing clang-format $clang_format_version"
  local folder="$cache/clang-format-$clang_format_version"
  rm -rf "$folder" "$folder.part"
  python3 -m venv "$folder.part/venv"
  "$folder.part/venv/bin/python3" -m pip install --quiet --disable-pip-version-check \
    --target "$folder.part" "clang-format==$clang_format_version"
  rm -rf "$folder.part/venv"
  # The package's own script needs its package on Python's path; the program does not.
  ln -sfn ../clang_format/data/bin/clang-format "$folder.part/bin/clang-format"
  mv "$folder.part" "$folder"
}

install_buildifier() {
  [[ -x "$buildifier" ]] && return
  if ! command -v npm >/dev/null; then
    say "buildifier needs npm: install the package npm"
    exit 1
  fi
  say "installing buildifier $buildifier_version"
  local folder="$cache/buildifier-$buildifier_version"
  rm -rf "$folder" "$folder.part"
  mkdir -p "$folder.part"
  npm install --silent --no-audit --no-fund --no-save --prefix "$folder.part" \
    "@bazel/buildifier@$buildifier_version" >&2
  mv "$folder.part" "$folder"
}

# files PATTERN...: of the files or folders that were named, or of all: those
# under version control, and new ones that are not ignored.
files() {
  local file
  while IFS= read -r -d '' file; do
    # shellcheck disable=SC2053  # The right side is a pattern.
    for pattern in "$@"; do
      if [[ -f "$file" && "${file##*/}" == $pattern ]]; then
        printf '%s\0' "$file"
        break
      fi
    done
  done < <(git ls-files -z --cached --others --exclude-standard -- "${named[@]}")
}

mkdir -p "$cache"
install_clang_format
install_buildifier

failed=0

mapfile -d '' cc < <(files '*.h' '*.cc')
if ((${#cc[@]})); then
  if ((fix)); then
    "$clang_format" -i "${cc[@]}"
  else
    "$clang_format" --dry-run --Werror --ferror-limit=1 "${cc[@]}" || failed=1
  fi
fi

mapfile -d '' bzl < <(files BUILD '*.BUILD' WORKSPACE '*.bazel' '*.bzl')
if ((${#bzl[@]})); then
  mode=(--mode=check --lint=warn)
  ((fix)) && mode=(--mode=fix --lint=fix)
  "$buildifier" "${mode[@]}" "--warnings=$warnings" "${bzl[@]}" >&2 || failed=1
fi

tools/check_layering.py || failed=1

if ((failed && fix)); then
  say "what is left needs a hand"
  exit 1
elif ((failed)); then
  say "these files are not as they should be; to fix them: tools/presubmit.sh -f"
  exit 1
fi
say "${#cc[@]} C++ files and ${#bzl[@]} Bazel files are well"
