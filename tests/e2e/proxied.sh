#!/usr/bin/env bash
# tests/e2e/proxied.sh — requests through the API server's proxy: to pods, Services and nodes, with every method, streams
# and WebSocket.
source "$(dirname "$0")/../support/cluster.sh"
cluster_start
image box:v1 "$(busybox_root)" -c 'CMD ["/bin/httpd","-f","-p","8080","-h","/www"]'
newest=$(all_kubectls | tail -n 1)
k() { on_node "$newest" "$@" 2>&1; }

# A server on the node that tells what it was asked.
cat >"$work/server.py" <<'PY'
import http.server, socketserver, sys, time
class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self):
        if self.headers.get("Upgrade") == "websocket":
            self.connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello ")
            self.connection.sendall(self.connection.recv(100).upper())
            self.close_connection = True
            return
        if self.path == "/stream":
            self.send_response(200); self.send_header("Transfer-Encoding", "chunked"); self.end_headers()
            for _ in range(3):
                self.wfile.write(b"5\r\nevent\r\n"); self.wfile.flush(); time.sleep(1)
            self.wfile.write(b"0\r\n\r\n")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        text = f"{self.command} {self.path} {body} auth={self.headers.get('Authorization')} for={self.headers.get('X-Forwarded-For')}\n".encode()
        moved = self.path == "/moved"
        self.send_response(302 if moved else 201)
        if moved: self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(text))); self.send_header("X-Own", "yes"); self.end_headers()
        if self.command != "HEAD": self.wfile.write(text)
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer
class Threads(socketserver.ThreadingMixIn, http.server.HTTPServer): daemon_threads = True
Threads((sys.argv[1], 9999), Server).serve_forever()
PY
nsenter --net=/run/netns/"$node_ns" python3 "$work/server.py" $node_ip 2>/dev/null &
server=$!
trap 'status=$?; kill $server; (exit $status); machine_stop' EXIT

# What `create token` does, which came with kubectl 1.24.
token=$(echo '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest"}' |
  k create --raw /api/v1/namespaces/default/serviceaccounts/default/token -f - | jq -r .status.token)
expect 'a token' '^ey' "$token"
api() { on_node curl -sk --max-time 10 -H "Authorization: Bearer $token" "$@"; }
at=/api/v1/nodes/node1:9999/proxy

check 'the server is there' until_true 10 on_node curl -s -o /dev/null http://$node_ip:9999/
for method in GET POST PUT PATCH DELETE; do
  expect "$method with a body" "^$method /a%2Fb\?q=1 hello auth=None for=" "$(administrator -X $method -d hello "$at/a%2Fb?q=1")"
done
expect 'HEAD' '^HTTP/1.1 201' "$(administrator -I "$at/x")"
expect 'headers come back' '^X-Own: yes' "$(administrator -i "$at/x")"
expect 'a redirect leads back' '^Location: /api/v1/nodes/node1:9999/proxy/elsewhere' "$(administrator -i "$at/moved" | tr -d '\r')"
expect 'a name alone gets its slash' '^Location: /api/v1/nodes/node1:9999/proxy/\?a=b' "$(administrator -i "$at?a=b" | tr -d '\r')"
expect 'a stream arrives as it is sent' '^event$' "$(administrator --no-buffer --max-time 2 "$at/stream" | head -c 5)"
expect 'a WebSocket is passed through' '^101 websocket hello BYE$' "$(on_node python3 - "$node_ip" "$(user_field client-certificate)" "$(user_field client-key)" <<'PY'
import socket, ssl, sys
tls = ssl._create_unverified_context()
tls.load_cert_chain(sys.argv[2], sys.argv[3])
line = tls.wrap_socket(socket.create_connection((sys.argv[1], 6443), timeout=5))
line.sendall(b"GET /api/v1/nodes/node1:9999/proxy/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
got = b""
while not got.endswith(b"hello "): got += line.recv(1000) or sys.exit(got)
line.sendall(b"bye")
while not got.endswith(b"BYE"): got += line.recv(1000) or sys.exit(got)
head, _, rest = got.decode().partition("\r\n\r\n")
print(head.split()[1], [h.split(": ")[1] for h in head.split("\r\n") if h.lower().startswith("upgrade:")][0], rest)
PY
)"
expect 'nobody there' '"reason":"ServiceUnavailable".*"code":503' "$(administrator /api/v1/nodes/node1:9998/proxy/)"
expect 'who may not is refused' 'cannot get resource .*nodes/proxy' "$(api "https://$node_ip:6443$at/x")"
expect 'the agent' '^ok$' "$(k get --raw /api/v1/nodes/node1/proxy/healthz)"
expect 'its pods' '"kind":"PodList"' "$(k get --raw /api/v1/nodes/node1/proxy/pods)"

k create deployment web --image=box:v1 --port=8080 >/dev/null
k expose deployment web --port=80 --target-port=8080 --name=web >/dev/null
pods=/api/v1/namespaces/default/pods services=/api/v1/namespaces/default/services
expect 'a Service without endpoints' 'no endpoints available for service' "$(k get --raw "$services/web:80/proxy/" || k get --raw "$services/web/proxy/")"
check 'a pod' k wait --for=condition=available deployment/web --timeout=60s
pod=$(k get pods -l app=web -o 'jsonpath={.items[0].metadata.name}')
k exec "$pod" -- sh -c 'echo a page >/www/page' >/dev/null
for kubectl in $(all_kubectls); do
  expect "a pod's page with $(basename "$kubectl")" '^a page$' "$(on_node "$kubectl" get --raw "$pods/$pod/proxy/page" 2>&1)"
done
expect 'by port' '^a page$' "$(k get --raw "$pods/http:$pod:8080/proxy/page")"
check 'through a Service' until_true 10 k get --raw "$services/web/proxy/page"
expect 'by its port' '^a page$' "$(k get --raw "$services/web:80/proxy/page")"
expect 'a page that there is not' 'NotFound|could not find' "$(k get --raw "$services/web/proxy/none")"
expect 'another port' 'no service port 81 found' "$(k get --raw "$services/web:81/proxy/")"
expect 'cluster-info' 'is running at' "$(k cluster-info)"
