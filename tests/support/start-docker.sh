#!/bin/sh
# tests/support/start-docker.sh — a Docker Engine of one's own: containerd and dockerd in one folder.
#
#   start-docker.sh start FOLDER   starts both, waits until they answer, prints the socket's path
#   start-docker.sh kill FOLDER    kills dockerd with -9 (its containers go on under their shims)
#   start-docker.sh dockerd FOLDER starts dockerd again after a kill
#   start-docker.sh stop FOLDER    ends the containers, both daemons, and removes the folder
#
# NODAL_DOCKERD_FLAGS adds flags to dockerd. Exit code 77: Docker is not installed.
set -eu
action=${1:?start, kill, dockerd or stop}
folder=${2:?a folder}
socket=$folder/docker.sock

alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# await SECONDS COMMAND…: until the command succeeds.
await() {
  left=$(($1 * 20))
  shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 0.05
  done
}

answers() { curl -fsS --max-time 2 --unix-socket "$socket" http://docker/_ping; }
gone() { ! alive "$1"; }

start_dockerd() {
  rm -f "$folder/docker.pid"
  dockerd -H "unix://$socket" --containerd "$folder/containerd.sock" --data-root "$folder/docker" \
    --exec-root "$folder/exec" --pidfile "$folder/docker.pid" --bridge=none --iptables=false \
    --ip-forward=false --live-restore ${NODAL_DOCKERD_FLAGS:-} </dev/null >>"$folder/dockerd.log" 2>&1 9>&- &
  await 30 answers || { tail -5 "$folder/dockerd.log" >&2; return 1; }
}

end() {
  alive "$1" || return 0
  pid=$(cat "$1")
  kill "$pid" 2>/dev/null || true
  await 15 gone "$1" || { kill -9 "$pid" 2>/dev/null; await 5 gone "$1"; } || true
}

case $action in
  start)
    command -v dockerd >/dev/null && command -v containerd >/dev/null || exit 77
    mkdir -p "$folder"
    cat >"$folder/containerd.toml" <<TOML
version = 2
root = "$folder/containerd"
state = "$folder/containerd-state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$folder/containerd.sock"
[ttrpc]
  address = "$folder/containerd.sock.ttrpc"
TOML
    containerd -c "$folder/containerd.toml" </dev/null >"$folder/containerd.log" 2>&1 9>&- &
    echo $! >"$folder/containerd.pid"
    await 15 test -S "$folder/containerd.sock" || { tail -5 "$folder/containerd.log" >&2; exit 1; }
    start_dockerd
    echo "$socket"
    ;;
  kill)
    pid=$(cat "$folder/docker.pid")
    kill -9 "$pid"
    await 10 gone "$folder/docker.pid"
    ;;
  dockerd) start_dockerd ;;
  stop)
    [ -d "$folder" ] || exit 0
    if answers >/dev/null 2>&1; then
      containers=$(docker -H "unix://$socket" ps -aq)
      [ -z "$containers" ] || docker -H "unix://$socket" rm -f -v $containers >/dev/null || true
    fi
    end "$folder/docker.pid"
    end "$folder/containerd.pid"
    # What a killed daemon left mounted, deepest first.
    awk -v f="$folder/" 'index($2, f) == 1 {print $2}' /proc/mounts | sort -r | while read -r m; do umount -l "$m"; done
    rm -rf "$folder"
    ;;
  *)
    echo "unknown action $action" >&2
    exit 2
    ;;
esac
