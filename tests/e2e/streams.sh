#!/usr/bin/env bash
# tests/e2e/streams.sh — exec, attach, run -it, cp, port-forward and logs of several pods, over SPDY and WebSocket, as
# each kubectl speaks them; and clients that vanish.
source "$(dirname "$0")/../support/cluster.sh"
cluster_start
root=$(busybox_root)
for tool in tar stty readlink cut; do ln -sf busybox "$root/bin/$tool"; done
image box:v1 "$root" -c 'CMD ["sleep","1000"]'
mkdir -p "$work/evil/root"
python3 - "$work/evil/root" <<'PY'
# What a container's tar may send that is not what it was asked for.
import io, sys, tarfile
def send(name, entries):
    with tarfile.open(f"{sys.argv[1]}/{name}", "w") as out:
        for path, kind, target, text in entries:
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname, entry.size = kind, target, len(text)
            out.addfile(entry, io.BytesIO(text))
F, L = tarfile.REGTYPE, tarfile.SYMTYPE
send("out.tar", [("out/good", F, "", b"good"), ("out/../../../escaped", F, "", b"bad"), ("out/link", L, "..", b""),
                 ("out/link/escaped", F, "", b"bad"), ("out/last", F, "", b"last")])
send("other.tar", [("else/where", F, "", b"bad")])
PY
cp -a "$root" "$work/evil/image"
cp "$work"/evil/root/*.tar "$work/evil/image/etc/"
rm "$work/evil/image/bin/tar"
printf '#!/bin/sh\ncat "/etc/$3.tar"\n' >"$work/evil/image/bin/tar"
chmod 755 "$work/evil/image/bin/tar"
image evil:v1 "$work/evil/image" -c 'CMD ["sleep","1001"]'
mkdir -p "$work/tree/deep/er" "$work/tree/empty"
printf 'one' >"$work/tree/a file"
printf 'two' >"$work/tree/deep/er/ümlaut"
ln -s 'a file' "$work/tree/link"
chmod 700 "$work/tree/a file"
short='{"spec":{"terminationGracePeriodSeconds":1}}'
newest=$(all_kubectls | tail -n 1)
on_node "$newest" run box --image=box:v1 --overrides="$short" >/dev/null
on_node "$newest" run web --image=box:v1 --labels=app=web --overrides="$short" -- httpd -f -v -p 8080 -h /etc >/dev/null
on_node "$newest" run evil --image=evil:v1 --overrides="$short" >/dev/null
on_node "$newest" apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: shell}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: shell, image: "box:v1", command: [sh], stdin: true}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
YAML
check 'pods run' on_node "$newest" wait --for=condition=Ready pod/box pod/web pod/shell pod/evil --timeout=30s
head -c 3000000 /dev/urandom >"$work/big"

box_id=$(docker ps --format '{{.ID}} {{.Command}}' | grep 'sleep 1000' | awk '{print $1}')

streams() {
  local kubectl=$1
  k() { timeout 20 nsenter --net=/run/netns/"$node_ns" "$kubectl" "$@"; }
  terminal() { timeout 20 script -qefc "nsenter --net=/run/netns/$node_ns $kubectl $1" /dev/null </dev/null | tr -d '\r\000'; }

  expect 'exec' '^hello$' "$(k exec box -- echo hello)"
  k exec box -- sh -c 'echo out; echo err >&2; exit 3' >"$work/out1" 2>"$work/err1"
  expect 'exec: its exit code' '^3$' "$?"
  expect 'exec: stdout apart' '^out$' "$(cat "$work/out1")"
  expect 'exec: from stderr' '^err$' "$(cat "$work/err1")"
  expect 'exec: stdin and its end' '^4$' "$(printf 'a\nb\nc\nd\n' | k exec -i box -- sh -c 'n=0; while read -r _; do n=$((n+1)); done; echo $n')"
  k exec -i box -- sh -c 'cat >/tmp/big' <"$work/big"
  check 'exec: three megabytes there and back' cmp "$work/big" <(k exec box -- cat /tmp/big)
  expect 'exec: a terminal' 'tty$' "$(terminal "exec -it box -- sh -c 'test -t 0 && echo tty'")"
  expect 'exec: a command that is not there' 'executable file not found' "$(k exec box -- nosuch 2>&1)"
  expect 'exec: a pod that is not there' 'NotFound' "$(k exec nopod -- true 2>&1)"
  expect 'exec: a container that is not there' 'container bad is not valid for pod box|container not found' "$(k exec box -c bad -- true 2>&1)"
  check 'cp there' k cp "$work/big" box:/tmp/copy
  check 'cp back' k cp box:/tmp/copy "$work/back"
  check 'the same' cmp "$work/big" "$work/back"
  rm -rf "$work/back"
  k exec box -- rm -rf /tmp/tree
  check 'cp: a folder there' k cp "$work/tree" box:/tmp/tree -c box
  expect 'cp: its files, names, modes and links' '^one two -rwx------ a file empty$' \
    "$(k exec box -- sh -c 'cd /tmp/tree && echo $(cat "a file") $(cat deep/er/ümlaut) $(ls -l "a file" | cut -c1-10) $(readlink link) $(ls -d empty)')"
  check 'cp: into a folder that is there' k cp "$work/tree" default/box:/tmp/tree
  expect 'cp: lies in it' '^one$' "$(k exec box -- cat '/tmp/tree/tree/a file')"
  expect 'cp: a folder back; its links are left out, and that is said' 'warning: skipping symlink: ".*/back/link" -> "a file"' \
    "$(k cp box:/tmp/tree "$work/back" 2>&1)"
  expect 'cp: its files' '^one two$' "$(echo "$(cat "$work/back/a file")" "$(cat "$work/back/deep/er/ümlaut")")"
  rm -rf "$work/back" "$work/escaped"
  expect 'cp: names that lead out are refused' 'warning: file .* is outside target destination' "$(k cp evil:out "$work/jail/back" 2>&1)"
  expect 'cp: the others come' '^bad good last$' "$(cd "$work/jail/back" && echo "$(cat link/escaped)" "$(cat good)" "$(cat last)")"
  check 'cp: nothing came out' sh -c "! find '$work' -path '$work/evil' -prune -o -path '$work/docker' -prune -o -name escaped -print | grep -v '/jail/back/link/escaped'"
  rm -rf "$work/jail"
  expect 'cp: another file than was asked for' 'tar contents corrupted' "$(k cp evil:other "$work/jail" 2>&1)"
  k cp box:/tmp/nowhere "$work/jail" >/dev/null 2>&1
  check 'cp: a file that is not there makes none' test ! -e "$work/jail"
  expect 'cp: no file here' "doesn't exist in local filesystem" "$(k cp "$work/nowhere" box:/tmp/nowhere 2>&1)"
  expect 'attach' '^typed$' "$( (echo 'echo typed'; sleep 1) | timeout 3 nsenter --net=/run/netns/"$node_ns" "$kubectl" attach -i shell 2>/dev/null)"
  expect 'run -i --rm' '^hi there$' "$(k run -i --rm --restart=Never once --image=box:v1 --overrides="$short" -- sh -c 'sleep 1; echo hi there' </dev/null 2>/dev/null)"
  # What it printed may be lost, as with every attach; nobody waits for it.
  check 'run -i --rm: ended before anybody was attached' k run -i --rm --restart=Never fast --image=box:v1 --overrides="$short" -- echo quick
  expect 'run -it --rm: nothing is left' 'NotFound' "$(k get pod once 2>&1)"
  expect 'logs of several pods' '^\[pod/web/web\] ' "$(k exec box -- wget -qO- "http://$(k get pod web -o 'jsonpath={.status.podIP}'):8080/passwd" >/dev/null; k logs -l app=web --prefix --tail=1)"

  timeout 15 nsenter --net=/run/netns/"$node_ns" "$kubectl" port-forward pod/web 18080:8080 >"$work/forward" 2>&1 &
  local forward=$!
  check 'port-forward listens' until_true 10 grep -q 'Forwarding from 127.0.0.1:18080' "$work/forward"
  local i good=0
  for i in 1 2 3 4 5 6 7 8; do on_node curl -sS --max-time 5 http://127.0.0.1:18080/passwd >"$work/pf$i" 2>&1 & done
  wait $(jobs -p | grep -v "^$forward$")
  for i in 1 2 3 4 5 6 7 8; do grep -q '^root:' "$work/pf$i" && good=$((good + 1)); done
  expect 'port-forward: eight connections at once' '^8$' "$good"
  kill $forward
  wait $forward 2>/dev/null
  timeout 15 nsenter --net=/run/netns/"$node_ns" "$kubectl" port-forward pod/web 18081:9 >"$work/forward" 2>&1 &
  forward=$!
  check 'port-forward listens again' until_true 10 grep -q 'Forwarding from 127.0.0.1:18081' "$work/forward"
  on_node curl -sS --max-time 5 http://127.0.0.1:18081/ >/dev/null 2>&1
  check 'port-forward: a port where nobody listens is told' until_true 5 grep -qi 'refused' "$work/forward"
  kill $forward 2>/dev/null
  wait $forward 2>/dev/null

  timeout 15 nsenter --net=/run/netns/"$node_ns" "$kubectl" port-forward service/web 18082:http "--address=$node_ip,localhost" >"$work/forward" 2>&1 &
  forward=$!
  check 'port-forward: a port of a Service by its name' until_true 10 grep -q 'Forwarding from 127.0.0.1:18082 -> 8080' "$work/forward"
  ! on_node ip -6 addr show dev lo | grep -q ::1 ||
    check 'port-forward: localhost of both families' until_true 2 grep -qF 'Forwarding from [::1]:18082 -> 8080' "$work/forward"
  expect 'port-forward: at an address of the node' '^root:' "$(on_client curl -sS --max-time 5 "http://$node_ip:18082/passwd")"
  kill $forward
  wait $forward 2>/dev/null

  # A client that vanishes takes its command with it.
  nsenter --net=/run/netns/"$node_ns" "$kubectl" exec box -- sleep 765 >/dev/null 2>&1 &
  local client=$!
  check 'a long command runs' until_true 10 sh -c "docker top $box_id | grep -q 'sleep 765'"
  kill -9 $client
  wait $client 2>/dev/null
  check 'and ends with its client' until_true 10 sh -c "! docker top $box_id | grep -q 'sleep 765'"
}

for kubectl in $(all_kubectls) "$NODAL_BIN/nodectl"; do
  echo "-- $("$kubectl" version --client 2>/dev/null | head -n 1)"
  streams "$kubectl"
done
expect 'nothing but itself runs in the pod' '^2$' "$(docker top "$box_id" | wc -l)"
check 'the agent holds no stream threads' until_true 20 sh -c "! ps -L -o comm= -p \$(pgrep -f '^[^ ]*nodal-agent ' | head -n 1) | grep -q 'stream-in\|port-forward'"

# A pod that goes takes its port-forward with it.
timeout 30 nsenter --net=/run/netns/"$node_ns" nodectl port-forward pod/web :8080 >"$work/forward" 2>&1 &
forward=$!
check 'port-forward: any local port' until_true 10 grep -Eq 'Forwarding from 127.0.0.1:[0-9]{4,5} -> 8080' "$work/forward"
on_node kubectl delete pod web --wait=false >/dev/null
wait $forward
expect 'port-forward: ends with its pod' '^1$' "$?"
expect 'port-forward: and says so' '^error: lost connection to pod$' "$(cat "$work/forward")"

# A log in the messages of a WebSocket, as clients in a browser read it.
on_node kubectl run talker --image=box:v1 --restart=Never -- sh -c 'echo alive; echo well; sleep 600' >/dev/null
check 'a pod talks' until_true 20 sh -c "kubectl() { nsenter --net=/run/netns/$node_ns kubectl \"\$@\"; }; kubectl logs talker | grep -q well"
user='{.users[0].user.client'
on_node python3 - "$(on_node kubectl config view --raw -o 'jsonpath={.clusters[0].cluster.server}')" \
  "$(on_node kubectl config view --raw -o "jsonpath=$user-certificate}")" \
  "$(on_node kubectl config view --raw -o "jsonpath=$user-key}")" >"$work/socket" 2>&1 <<'PY'
import base64, os, socket, ssl, sys, urllib.parse
server = urllib.parse.urlparse(sys.argv[1])
context = ssl._create_unverified_context()
context.load_cert_chain(sys.argv[2], sys.argv[3])
def read(protocol, query=""):
    raw = socket.create_connection((server.hostname, server.port), timeout=10)
    with context.wrap_socket(raw) as s:
        s.sendall((f"GET /api/v1/namespaces/default/pods/talker/log{query} HTTP/1.1\r\nHost: {server.netloc}\r\n"
                   "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
                   f"Sec-WebSocket-Protocol: {protocol}\r\n\r\n").encode())
        stream = s.makefile("rb")
        status = stream.readline().split()[1].decode()
        while stream.readline().strip():
            pass
        text = b""
        while status == "101":
            first, size = stream.read(2)
            size = int.from_bytes(stream.read(2), "big") if size == 126 else size
            payload = stream.read(size)
            if first == 0x88:
                return status, text.decode(), int.from_bytes(payload[:2], "big")
            text += payload
        return status, stream.read1().decode()
print(read("binary.k8s.io"))
print(read("binary.k8s.io", "?tailLines=0"))
print(read("channel.k8s.io")[0])
PY
expect 'a log over a WebSocket' "^\('101', 'alive\\\\nwell\\\\n', 1000\)$" "$(sed -n 1p "$work/socket")"
expect 'an empty one' "^\('101', '', 1000\)$" "$(sed -n 2p "$work/socket")"
expect 'a protocol that is not for logs' '^400$' "$(sed -n 3p "$work/socket")"
