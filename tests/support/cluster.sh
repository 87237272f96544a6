# tests/support/cluster.sh — sourced by end-to-end tests: a node and a client in network namespaces of their own, with
# a Docker Engine of its own, and a cluster on it. The script is begun again in a process and a mount namespace, with the
# folders of a node for itself: a cluster of this host is neither seen nor touched. Leaves nothing behind.
#
#   NODAL_BIN   the folder of the built programs
#   KUBECTL     the only kubectl that is to be used; without it every one that is here
#
# After cluster_start: $KUBECONFIG, on_node COMMAND…, on_client COMMAND…, $node_ip; check and fail report.

set -u
: "${NODAL_BIN:?the folder of the built programs}"
if [ -z "${NODAL_OWN_MACHINE:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "not root"; exit 77; }
  NODAL_OWN_MACHINE=1 exec unshare --mount --pid --fork --kill-child --mount-proc "$BASH" "$0" "$@"
fi
PATH=$NODAL_BIN:$PATH
node_ip=172.31.87.2
client_ip=172.31.87.3
work=$(mktemp -d /tmp/nodal-e2e.XXXXXX)
node_ns=nodal-node-$$
client_ns=nodal-client-$$
failures=0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export HOME=$work/home DOCKER_HOST=unix://$work/docker/docker.sock
export KUBECONFIG=$HOME/.kube/config
mkdir -p "$HOME"
if [ -n "${KUBECTL:-}" ]; then
  mkdir "$work/bin"
  ln -s "$(readlink -f "$KUBECTL")" "$work/bin/kubectl"
  PATH=$work/bin:$PATH
fi

# The folders in which nodes keep things, without those of a node that runs here: what is written goes to $work, and no
# mount gets out. (A mount on a folder itself would end when the host removes that folder.)
own_folders() {
  local folder own
  mount --make-rshared /
  for folder in /etc /run /var/lib /var/log; do
    own=$work/node$folder
    mkdir -p "$own/upper" "$own/work"
    mknod "$own/upper/nodal" c 0 0  # a whiteout: is not there
    case $folder in
      /etc) mknod "$own/upper/cni" c 0 0 ;;
      /run) mknod "$own/upper/netns" c 0 0 ;;
    esac
    mount -t overlay overlay -o "lowerdir=$folder,upperdir=$own/upper,workdir=$own/work" "$folder" || return 1
  done
}

on_node() { nsenter --net=/run/netns/"$node_ns" "$@"; }
on_client() { nsenter --net=/run/netns/"$client_ns" "$@"; }

say() { printf '   %s\n' "$*"; }
fail() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n' "$*"
}
# check WHAT COMMAND…: runs the command; says whether it succeeded.
check() {
  local what=$1
  shift
  if "$@" >"$work/out" 2>&1; then
    printf 'ok: %s\n' "$what"
  else
    fail "$what"
    sed 's/^/     | /' "$work/out" | head -40
  fi
}
# expect WHAT TEXT-OR-PATTERN ACTUAL: the actual text matches the extended regular expression.
expect() {
  if printf '%s\n' "$3" | grep -Eq -- "$2"; then
    printf 'ok: %s\n' "$1"
  else
    fail "$1: expected /$2/ in"
    printf '%s\n' "$3" | sed 's/^/     | /' | head -40
  fi
}
# until_true SECONDS COMMAND…: waits until the command succeeds.
until_true() {
  local left=$(($1 * 10))
  shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ $left -gt 0 ] || return 1
    sleep 0.1
  done
}

# has VALUE JSONPATH WHAT…: the field of what kubectl gets. (wait --for=jsonpath came with kubectl 1.23.)
has() { [ "$(on_node kubectl get "${@:3}" -o "jsonpath=$2")" = "$1" ]; }
# administrator CURL-ARGUMENTS… PATH: a request to the API server with the administrator's keys.
administrator() {
  local path=${*: -1}
  on_node curl -sk --max-time 10 --cert "$(user_field client-certificate)" --key "$(user_field client-key)" "${@:1:$#-1}" \
    "https://$node_ip:6443$path"
}
user_field() { kubectl config view --raw --minify -o "jsonpath={.users[0].user.$1}"; }

# image NAME FOLDER [docker import options…]: an image of a folder's files.
image() {
  local name=$1 folder=$2
  shift 2
  tar -C "$folder" -c . | docker import "$@" - "$name" >/dev/null
}

# An image of busybox, as root file system of small servers.
busybox_root() {
  local root=$work/root-busybox
  mkdir -p "$root"/{bin,etc,tmp,www}
  cp /bin/busybox "$root/bin/busybox"
  for tool in sh httpd sleep cat wget nslookup nc echo ls kill true false env id date timeout head tail grep sed test seq mkdir rm hostname ip stat ps touch; do
    ln -sf busybox "$root/bin/$tool"
  done
  echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
  echo "$root"
}

# The image node:local: Debian's Node.js with the shared libraries it needs, and a shell.
node_image() {
  local root program library
  root=$work/root-node
  cp -a "$(busybox_root)" "$root"
  program=$(readlink -f "$(command -v node)")
  cp "$program" "$root/bin/node"
  for library in $(ldd "$program" | grep -o '/[^ ]*'); do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
  image node:local "$root"
}

# The chapter's applications: recipe-api:v1, web-api:v1, v2 and v3.
chapter_images() {
  local version apps
  apps=$here/../apps
  node_image
  DOCKER_BUILDKIT=0 docker build -q -t recipe-api:v1 "$apps/recipe-api" >"$work/build.log" 2>&1 || cat "$work/build.log"
  for version in 1 2 3; do
    DOCKER_BUILDKIT=0 docker build -q --build-arg VERSION=$version -t "web-api:v$version" "$apps/web-api" >"$work/build.log" 2>&1 ||
      cat "$work/build.log"
  done
}

machine_start() {
  command -v dockerd >/dev/null && command -v containerd >/dev/null || { echo "Docker is not installed"; exit 77; }
  own_folders || exit 1
  ip netns add "$node_ns" && ip netns add "$client_ns" || exit 1
  ip link add "n$$" netns "$node_ns" type veth peer name "c$$" netns "$client_ns"
  ip -n "$node_ns" link set "n$$" name eth0
  ip -n "$client_ns" link set "c$$" name eth0
  for ns in "$node_ns" "$client_ns"; do
    ip -n "$ns" link set lo up
    ip -n "$ns" link set eth0 up
  done
  ip -n "$node_ns" addr add $node_ip/24 dev eth0
  ip -n "$client_ns" addr add $client_ip/24 dev eth0
  ip -n "$node_ns" route add default via $client_ip
  trap machine_stop EXIT
  trap 'exit 130' INT TERM
  on_node sh "$here/start-docker.sh" start "$work/docker" >/dev/null || { echo "Docker does not start"; exit 1; }
}

# cluster_up [flags of nodectl up…]
cluster_up() {
  on_node nodectl up --docker-socket "$work/docker/docker.sock" --no-start-docker --node-name node1 --node-ip $node_ip "$@" \
    >"$work/up.log" 2>&1 || {
    cat "$work/up.log"
    tail -n 30 /var/log/nodal/*.log
    exit 1
  }
}

cluster_start() {
  machine_start
  cluster_up "$@"
}

machine_stop() {
  local status=$?
  trap - EXIT
  on_node nodectl delete >"$work/delete.log" 2>&1 || cat "$work/delete.log"
  on_node sh "$here/start-docker.sh" stop "$work/docker"
  ip netns del "$node_ns" 2>/dev/null
  ip netns del "$client_ns" 2>/dev/null
  umount -l /etc /run /var/lib /var/log
  rm -rf "$work"
  if [ $failures -gt 0 ]; then
    echo "$failures checks failed"
    exit 1
  fi
  exit $status
}

# Every kubectl that is here, one path a line: Debian's 1.20, the versions beside the kubectl in the path, that one
# itself; or only $KUBECTL.
all_kubectls() {
  local own folder version debian=/usr/local/lib/nodal/kubectl-1.20/kubectl
  if [ -n "${KUBECTL:-}" ]; then
    readlink -f "$KUBECTL"
    return
  fi
  [ -x $debian ] && echo $debian
  own=$(command -v kubectl) || return 0
  own=$(readlink -f "$own")
  [ "$own" != $debian ] || return 0
  folder=$(dirname "$own")
  for version in ${KUBECTL_VERSIONS:-1.27}; do
    [ -x "$folder/kubectl.$version" ] && echo "$folder/kubectl.$version"
  done
  # The newest: of its neighbours, or the one in the path.
  ls "$folder"/kubectl.1.* 2>/dev/null | sort -t. -k3 -n | tail -n 1 | grep . || echo "$own"
}

# each_kubectl FUNCTION: calls it with every kubectl, all at the same time, each in a namespace ($ns), a $work and a
# kubeconfig of its own; then shows what each said, one after another.
each_kubectl() {
  local kubectl name names=() children=() i
  for kubectl in $(all_kubectls); do
    name=each-$((${#names[@]} + 1))
    names+=("$name")
    (
      work=$work/$name ns=$name failures=0
      mkdir -p "$work"
      cp "$KUBECONFIG" "$work/config"
      export KUBECONFIG=$work/config
      printf -- '-- %s\n' "$("$kubectl" version --client --short 2>/dev/null | head -n 1 | grep . || "$kubectl" version --client 2>&1 | head -n 1)"
      on_node "$kubectl" create namespace "$ns" >/dev/null
      on_node "$kubectl" config set-context --current --namespace="$ns" >/dev/null
      "$1" "$kubectl"
      exit $((failures > 100 ? 100 : failures))
    ) >"$work/$name.log" 2>&1 &
    children+=($!)
  done
  for i in "${!names[@]}"; do
    wait "${children[$i]}"
    failures=$((failures + $?))
    cat "$work/${names[$i]}.log"
  done
}
