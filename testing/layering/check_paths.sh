#!/usr/bin/env bash
# check_paths.sh none|some FILE: whether a query found a path, which is in FILE.
expected="$1"
paths="$2"
if [[ ! -e "$paths" ]]; then
  echo "there is no $paths"
  exit 1
fi
if [[ "$expected" == none && -s "$paths" ]]; then
  echo "a dependency that must not be:"
  cat "$paths"
  exit 1
fi
if [[ "$expected" == some && ! -s "$paths" ]]; then
  echo "the query found nothing, although there is a path"
  exit 1
fi
