# shellcheck shell=bash
# What the scripts share: making this machine ready, and doing nothing, quickly, when it is.
#
# To be sourced, under `set -euo pipefail`. Says what it does on standard error, reads nothing from standard input.
# Exits 69 where this machine cannot do it, with the one line that a person can do about it.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
readonly ROOT
# shellcheck disable=SC2034 # not every script has a use for each
readonly EXIT_USAGE=2 EXIT_UNAVAILABLE=69

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

unavailable() {
  say "$*"
  exit "$EXIT_UNAVAILABLE"
}

# --- system packages

# missing_packages NAME... prints those that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    [[ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || printf '%s ' "$name"
  done
}

# need_packages NAME... installs what is missing, as root or by sudo without a password; else says how, and exits 69.
need_packages() {
  local missing as=()
  missing="$(missing_packages "$@")"
  [[ -n "$missing" ]] || return 0
  local by_hand="run: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing% }"
  if [[ "$(id -u)" != 0 ]]; then
    sudo -n true </dev/null 2>/dev/null || unavailable "system packages are missing; $by_hand"
    as=(sudo -n)
  fi
  say "installing ${missing% }"
  as+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  # shellcheck disable=SC2086 # names of packages, to be split
  { "${as[@]}" update && "${as[@]}" install -y --no-install-recommends $missing; } </dev/null >&2 ||
    unavailable "system packages could not be installed; $by_hand"
}

# want_packages NAME... as need_packages, but what cannot be had is told and done without, except with CI=true.
want_packages() {
  [[ "${CI:-}" != true ]] || { need_packages "$@"; return; }
  (need_packages "$@") || say "going on without: tests that need it are skipped"
}

# --- Python

# suitable PYTHON: whether it is recent enough, and can make environments.
suitable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null </dev/null; }

# find_python prints a suitable one: Debian's own, else another on PATH, else Debian's after installing what it lacks.
find_python() {
  local python
  for python in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
    suitable "$python" && { command -v "$python"; return; }
  done
  need_packages python3 python3-venv
  suitable /usr/bin/python3 || unavailable "Python 3.11 or newer is needed, as in Debian 12; this one is $(/usr/bin/python3 -V)"
  echo /usr/bin/python3
}

# fingerprint ENV FILE... prints what an environment was made of, and where: it cannot be moved.
fingerprint() {
  local env="$1"
  shift
  { echo "$ROOT" && "$env/bin/python" -V && cat "$@"; } 2>/dev/null </dev/null | sha256sum
}

# is_ready ENV STAMP FILE...: whether the part STAMP of ENV was completed, from these very files.
is_ready() {
  local env="$1" stamp="$2"
  shift 2
  [[ -x "$env/bin/pip" && -e "$env/$stamp.stamp" && "$(<"$env/$stamp.stamp")" == "$(fingerprint "$env" "$@")" ]]
}

# make_ready ENV STAMP INSTALL FILE... completes the part STAMP of ENV by the function INSTALL, unless it is.
#
# The stamp is written last and in one step, so an interrupted set-up is begun again. One set-up at a time.
make_ready() {
  local env="$1" stamp="$2" install="$3"
  shift 3
  ! is_ready "$env" "$stamp" "$@" || return 0
  (
    flock 9
    ! is_ready "$env" "$stamp" "$@" || exit 0
    say "making ${env##*/} ready ($stamp); this takes a while, once"
    rm -f "$env/$stamp.stamp"
    make_env "$env"
    "$install" "$env" </dev/null >&2 || unavailable "Python packages could not be installed into $env; see above"
    fingerprint "$env" "$@" >"$env/$stamp.new"
    mv "$env/$stamp.new" "$env/$stamp.stamp"
  ) 9<"$ROOT/requirements/run.txt"
}

# make_env ENV makes an empty environment, unless there is one that works, here.
make_env() {
  local env="$1" python
  [[ "$("$env/bin/pip" --version 2>/dev/null)" == *" from $env/"* ]] && return
  python="$(find_python)"
  "$python" -m venv --clear "$env" </dev/null >&2 || unavailable "$python cannot make an environment in $env"
}

# install_locked ENV FILE installs what a lock file names, and nothing it does not: the file is complete, and Debian 12's
# pip, left to resolve, takes the newest of a package that another wants with extras, and then misses its hash.
install_locked() { "$1/bin/pip" install -q --disable-pip-version-check --no-input --no-deps --require-hashes -r "$2"; }

install_run() {
  install_locked "$1" "$ROOT/requirements/build.txt" &&
    install_locked "$1" "$ROOT/requirements/run.txt" &&
    "$1/bin/pip" install -q --disable-pip-version-check --no-input --no-deps --no-build-isolation -e "$ROOT"
}
install_test() { install_locked "$1" "$ROOT/requirements/test.txt"; }
install_pipecat() { install_locked "$1" "$ROOT/requirements/pipecat.txt"; }

# --- what the scripts ask for

ensure_run() {
  need_packages libopus0 gcc libc6-dev pkg-config libasound2-dev libsystemd-dev python3-dev
  make_ready "$ROOT/.venv" run install_run "$ROOT"/requirements/{build,run}.txt "$ROOT/pyproject.toml"
}

ensure_test() {
  ensure_run
  make_ready "$ROOT/.venv" test install_test "$ROOT/requirements/test.txt"
}

ensure_pipecat() { make_ready "$ROOT/.venv-pipecat" pipecat install_pipecat "$ROOT/requirements/pipecat.txt"; }
