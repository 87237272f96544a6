#!/usr/bin/env bash
# tests/e2e/pods.sh — what a pod's spec promises and a node has to keep: last words, groups of volumes, hosts files, host
# ports, readiness gates, probes; and what the node tells of itself.
. "$(dirname "$0")/../support/cluster.sh"
cluster_start
root=$(busybox_root)
image busybox:1 "$root" -c 'CMD ["/bin/sh"]'
k() { on_node kubectl "$@" 2>&1; }
of() { k get pod "$1" -o "jsonpath=$2"; }
phase_is() { [ "$(of "$1" '{.status.phase}')" = "$2" ]; }
events_of() { k get events --field-selector "involvedObject.name=$1" -o 'jsonpath={range .items[*]}{.type} {.reason} {.message}{"\n"}{end}'; }
tells() { events_of "$1" | grep -Eq -- "$2"; }

# --- last words
on_node kubectl get pods -w >"$work/watch" 2>&1 &
watcher=$!
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: words}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1000}
  containers:
  - {name: file, image: busybox:1, command: [sh, -c, 'echo -n out of cheese > /dev/termination-log; exit 3']}
  - {name: elsewhere, image: busybox:1, terminationMessagePath: /tmp/end, command: [sh, -c, 'head -c 9000 /dev/zero | sed "s/./x/g" > /tmp/end']}
  - {name: log, image: busybox:1, terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, 'echo first; echo the last line; exit 1']}
  - {name: good, image: busybox:1, terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, 'echo fine']}
---
apiVersion: v1
kind: Pod
metadata: {name: crashes}
spec:
  containers:
  - {name: c, image: busybox:1, command: [sh, -c, 'echo -n attempt ended > /dev/termination-log; exit 2']}
---
apiVersion: v1
kind: Pod
metadata: {name: prepared}
spec:
  initContainers:
  - {name: bad, image: busybox:1, command: [sh, -c, '[ -e /data/done ] || { touch /data/done; exit 1; }'], volumeMounts: [{name: data, mountPath: /data}]}
  - {name: good, image: busybox:1, command: ['true']}
  containers: [{name: c, image: busybox:1, command: [sleep, '600']}]
  volumes: [{name: data, emptyDir: {}}]
YAML
message() { of words "{.status.containerStatuses[?(@.name==\"$1\")].state.terminated.message}"; }
check 'a pod of four ends' until_true 30 phase_is words Failed
expect 'its message is in the status' '^out of cheese$' "$(message file)"
expect 'from another path, cut' '^3072$' "$(message elsewhere | tr -d '\n' | wc -c)"
expect 'an error falls back to the log' '^the last line$' "$(message log | tail -n 1)"
expect 'success does not' '^$' "$(message good)"
restarted() { [ "$(of crashes '{.status.containerStatuses[0].restartCount}')" -ge 1 ]; }
check 'another one is restarted' until_true 30 restarted
expect 'describe shows its last state' 'Message: +attempt ended' "$(k describe pod crashes)"
watched() { grep "^$1 " "$work/watch" | tr -s ' ' | cut -d' ' -f3 | uniq | tr '\n' ' ' | grep -Eq "$2"; }
check 'who watches sees each end and then the wait' until_true 20 watched crashes 'Error .*CrashLoopBackOff'
check 'and an init container that fails and succeeds' until_true 20 watched prepared 'Init:0/2 .*Init:Error .*Init:1/2 .*PodInitializing Running'
kill "$watcher"
counts() { of crashes '{.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].state.waiting.reason} {.status.containerStatuses[0].lastState.terminated.exitCode}'; }
waits() { counts | grep -q CrashLoopBackOff; }
check 'it waits for its next start' until_true 20 waits
before=$(counts)
docker ps -aq --filter status=exited --filter "label=io.kubernetes.pod.name=crashes" | xargs docker rm >/dev/null
k annotate pod crashes look=again >/dev/null
sleep 1
expect 'and goes on counting when its containers are swept away' "^$before\$" "$(counts)"
k delete pod crashes --wait=false >/dev/null

# --- why there is no log
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: noimage}
spec:
  containers: [{name: c, image: 127.0.0.1:9/none:1}]
---
apiVersion: v1
kind: Pod
metadata: {name: noconfig}
spec:
  containers: [{name: c, image: busybox:1, envFrom: [{configMapRef: {name: absent}}]}]
YAML
says() { k logs "$1" | grep -q "is waiting to start: $2"; }
check 'logs of a pod without its image' until_true 30 says noimage 'trying and failing to pull image'
check 'and of one without its configuration' until_true 10 says noconfig CreateContainerConfigError
check 'the back-off is an error in the events' until_true 10 tells noimage 'Warning Failed Error: ImagePullBackOff'

# --- groups, subPath, hosts
k create secret generic key --from-literal=key=secret >/dev/null
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: groups}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000}
  containers:
  - name: c
    image: busybox:1
    command: [sh, -c, 'cat /key/key && touch /data/file && stat -c %g /data/file && stat -c %a:%g /key/..data/key']
    volumeMounts: [{name: key, mountPath: /key}, {name: data, mountPath: /data, subPath: a/b}]
  volumes:
  - {name: key, secret: {secretName: key, defaultMode: 0400}}
  - {name: data, emptyDir: {}}
---
apiVersion: v1
kind: Pod
metadata: {name: nogroup}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1000}
  containers:
  - {name: c, image: busybox:1, command: [touch, /data/file], volumeMounts: [{name: data, mountPath: /data, subPath: a}]}
  volumes: [{name: data, emptyDir: {}}]
---
apiVersion: v1
kind: Pod
metadata: {name: hosts}
spec:
  hostNetwork: true
  restartPolicy: Never
  hostAliases: [{ip: 192.0.2.1, hostnames: [alias]}]
  containers: [{name: c, image: busybox:1, command: [cat, /etc/hosts]}]
YAML
check 'a user of the group reads and writes' until_true 30 phase_is groups Succeeded
expect 'its files belong to the group' '^secret2000 440:2000 $' "$(k logs groups | tr '\n' ' ')"
check 'a subPath is writable as its volume is' until_true 30 phase_is nogroup Succeeded
k delete pod groups nogroup >/dev/null
unbound() { ! grep -q /subpaths/ /proc/self/mounts; }
check 'nothing of it stays mounted when the pods are gone' until_true 10 unbound
check 'a pod on the network of the node ends' until_true 30 phase_is hosts Succeeded
expect 'it has the hosts of the node and its own' "^$(grep -v '^#' /etc/hosts | grep . | head -n 1 | tr -s '\t ' '.').*192.0.2.1.alias" "$(k logs hosts | grep -v '^#' | tr '\n' ' ')"

k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: whole}
spec:
  hostname: h
  subdomain: s
  setHostnameAsFQDN: true
  restartPolicy: Never
  containers: [{name: c, image: busybox:1, command: [sh, -c, 'head -n 1 /etc/hosts; hostname']}]
---
apiVersion: v1
kind: Pod
metadata: {name: unsafe}
spec:
  securityContext: {sysctls: [{name: kernel.msgmax, value: '65536'}]}
  containers: [{name: c, image: busybox:1, command: [sleep, '600']}]
---
apiVersion: v1
kind: Pod
metadata: {name: huge}
spec:
  nodeName: node1
  containers: [{name: c, image: busybox:1, command: [sleep, '600'], resources: {requests: {cpu: '1000'}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: hooked}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: busybox:1, command: [sleep, '600'], lifecycle: {postStart: {exec: {command: [sleep, '600']}}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: safe}
spec:
  restartPolicy: Never
  securityContext: {sysctls: [{name: kernel/shm_rmid_forced, value: '1'}]}
  containers: [{name: c, image: busybox:1, command: [cat, /proc/sys/kernel/shm_rmid_forced]}]
---
apiVersion: v1
kind: Pod
metadata: {name: ending}
spec:
  terminationGracePeriodSeconds: 20
  containers:
  - name: c
    image: busybox:1
    command: [sleep, '600']
    readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1, failureThreshold: 1}
    lifecycle: {postStart: {exec: {command: [touch, /tmp/ready]}}, preStop: {exec: {command: [sh, -c, 'rm /tmp/ready; sleep 10']}}}
YAML
check 'a pod whose host name is its domain name ends' until_true 30 phase_is whole Succeeded
expect 'it has the name, and hosts of its own' '^# Kubernetes-managed hosts file. h.s.default.svc.cluster.local $' "$(k logs whole | tr '\n' ' ')"
check 'a kernel parameter of the node is refused' until_true 10 phase_is unsafe Failed
expect 'and the status says so' '^SysctlForbidden$' "$(of unsafe '{.status.reason}')"
check 'one of the pod is not' until_true 30 phase_is safe Succeeded
check 'a pod that asks for more than there is is refused' until_true 10 phase_is huge Failed
expect 'and says what is missing' "^OutOfcpu Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, " "$(of huge '{.status.reason} {.status.message}')"
check 'so do the events' until_true 10 tells huge 'Warning OutOfcpu Node'
check 'a pod waits for its postStart hook' until_true 10 tells hooked 'Normal Started'
expect 'and is not ready' '^ContainerCreating false$' "$(of hooked '{.status.containerStatuses[0].state.waiting.reason} {.status.containerStatuses[0].ready}')"
check 'its end does not' k delete pod hooked --timeout=10s
expect 'it is set' '^1$' "$(k logs safe)"
readiness() { [ "$(of ending '{.status.containerStatuses[0].ready}')" = "$1" ]; }
check 'a pod is ready' until_true 20 readiness true
k delete pod ending --wait=false >/dev/null
check 'and is not any more while it ends' until_true 8 readiness false

k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: kept, finalizers: [example.com/test]}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: c, image: busybox:1, command: [sleep, '600']}]
---
apiVersion: v1
kind: Pod
metadata: {name: once}
spec:
  restartPolicy: Never
  containers: [{name: c, image: busybox:1, command: [sh, -c, 'exit 3']}]
YAML
check 'a pod with a finalizer runs' until_true 20 phase_is kept Running
k delete pod kept --wait=false >/dev/null
gone() { [ -z "$(docker ps -aq --filter name=_kept_ --filter name=kept)" ]; }
check 'its containers are gone' until_true 20 gone
sleep 1
expect 'the pod tells their end' '^137$|^143$' "$(of kept '{.status.containerStatuses[0].state.terminated.exitCode}')"
k patch pod kept --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null
check 'a pod that runs once fails' until_true 20 phase_is once Failed
uid=$(of once '{.metadata.uid}')
docker ps -aq | xargs docker inspect -f '{{.Id}} {{json .Config.Labels}}' | grep "$uid" | cut -d' ' -f1 | xargs docker rm -f >/dev/null
k annotate pod once wake=up >/dev/null
sleep 2
expect 'and never runs again, whoever removes its containers' '^Failed 0 3$' "$(of once '{.status.phase} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].state.terminated.exitCode}')"
check 'nothing of it is there' sh -c "! docker ps -aq | xargs docker inspect -f '{{json .Config.Labels}}' | grep -q $uid"

# --- ports of the node
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: port}
spec:
  containers:
  - {name: c, image: busybox:1, command: [sh, -c, 'echo hello > /www/index.html; exec httpd -f -p 8080 -h /www'], ports: [{containerPort: 8080, hostPort: 18080}]}
YAML
check 'a pod with a hostPort runs' until_true 30 phase_is port Running
if [ -x /usr/lib/cni/portmap ]; then
  check 'the port of the node answers to others' until_true 10 on_client curl -fsS --max-time 2 "http://$node_ip:18080/"
  check 'and to the node itself' on_node curl -fsS --max-time 2 "http://$node_ip:18080/"
  k delete pod port --now >/dev/null
  closed() { ! on_client curl -fsS --max-time 1 "http://$node_ip:18080/"; }
  check 'and not after the pod' until_true 10 closed
else
  check 'an event says that nobody serves it' tells port HostPortNotSupported
fi

# --- the node
k cordon node1 >/dev/null
check 'a cordon is told' until_true 15 tells node1 'Normal NodeNotSchedulable'
k uncordon node1 >/dev/null
check 'and its end' until_true 15 tells node1 'Normal NodeSchedulable'
for reason in Starting NodeHasSufficientMemory NodeHasNoDiskPressure NodeHasSufficientPID NodeReady; do
  expect "the node tells $reason" "$reason" "$(k describe node node1)"
done

# --- readiness gates, probes
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: gated}
spec:
  readinessGates: [{conditionType: example.com/ok}]
  containers: [{name: c, image: busybox:1, command: [sleep, '600']}]
---
apiVersion: v1
kind: Pod
metadata: {name: probed}
spec:
  terminationGracePeriodSeconds: 600
  containers:
  - name: c
    image: busybox:1
    command: [sh, -c, 'trap "" TERM; while true; do sleep 1; done']
    livenessProbe: {tcpSocket: {host: 127.0.0.1, port: 6443}, periodSeconds: 1, failureThreshold: 1, terminationGracePeriodSeconds: 1}
YAML
reason_is() { [ "$(of "$1" '{.status.conditions[?(@.type=="Ready")].reason}')" = "$2" ]; }
check 'a pod waits for its readiness gate' until_true 30 reason_is gated ReadinessGatesNotReady
# What `patch --subresource` does, which came with kubectl 1.24.
patch() {
  administrator -X PATCH -H 'Content-Type: application/strategic-merge-patch+json' \
    -d "{\"status\":{\"conditions\":[{\"type\":\"example.com/ok\",\"status\":\"$1\"}]}}" \
    /api/v1/namespaces/default/pods/gated/status >/dev/null
}
patch True
check 'it is ready as soon as that holds' k wait --for=condition=ready pod/gated --timeout=5s
patch False
check 'and not any more when it does not' until_true 5 reason_is gated ReadinessGatesNotReady
expect 'the condition stays as it was written' '^False$' "$(of gated '{.status.conditions[?(@.type=="example.com/ok")].status}')"
check 'a probe of the loopback is refused' until_true 20 tells probed 'Unhealthy Liveness probe failed: host 127.0.0.1 is refused'
restarted_probed() { [ "$(of probed '{.status.containerStatuses[0].restartCount}')" -ge 1 ]; }
check 'and its own grace ends the container' until_true 20 restarted_probed

# --- a gRPC probe: a real HTTP/2 server on the node's network, which answers what a file says
echo 1 >"$work/health"
cat >"$work/health.js" <<'JS'
const fs = require('fs');
const server = require('http2').createServer();
server.on('stream', (stream, headers) => {
  const known = headers[':path'] === '/grpc.health.v1.Health/Check';
  stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true});
  stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': known ? '0' : '12'}));
  stream.end(Buffer.from([0, 0, 0, 0, 2, 8, Number(fs.readFileSync(process.argv[2], 'utf8'))]));
});
server.listen(15051);
JS
nsenter --net=/run/netns/"$node_ns" node "$work/health.js" "$work/health" >/dev/null 2>&1 &
health_server=$!
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: asked}
spec:
  hostNetwork: true
  containers:
  - name: c
    image: busybox:1
    command: [sleep, '600']
    startupProbe: {grpc: {port: 15051}, periodSeconds: 1}
    readinessProbe: {grpc: {port: 15051, service: db}, periodSeconds: 1, failureThreshold: 1}
YAML
check 'a gRPC server that serves makes its pod ready' k wait --for=condition=ready pod/asked --timeout=30s
echo 2 >"$work/health"
check 'one that does not, unready' k wait --for=condition=ready=false pod/asked --timeout=10s
check 'and the event says what it answered' until_true 10 tells asked 'Unhealthy Readiness probe failed: service unhealthy .responded with "NOT_SERVING".'
kill "$health_server"
check 'nor does one that is gone' until_true 10 tells asked 'Readiness probe failed: error: failed to connect service at'

# --- an HTTP probe that is sent elsewhere, a subPathExpr
cat >"$work/moves.js" <<'JS'
const answers = {'/here': [302, 'fine'], '/away': [302, 'http://example.com/'], '/fine': [200]};
require('http').createServer((request, response) => {
  const [status, location] = answers[request.url] || [404];
  response.writeHead(status, location ? {location} : {}).end('moved');
}).listen(15052);
JS
nsenter --net=/run/netns/"$node_ns" node "$work/moves.js" >/dev/null 2>&1 &
moves_server=$!
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: moved}
spec:
  hostNetwork: true
  containers:
  - name: c
    image: busybox:1
    command: [sh, -c, 'touch /data/mine; sleep 600']
    env: [{name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
    startupProbe: {httpGet: {port: 15052, path: /here}, periodSeconds: 1}
    readinessProbe: {httpGet: {port: 15052, path: /away}, periodSeconds: 1}
    volumeMounts: [{name: data, mountPath: /data, subPathExpr: of/$(WHO)}, {name: data, mountPath: /all}]
  volumes: [{name: data, emptyDir: {}}]
---
apiVersion: v1
kind: Pod
metadata: {name: unplaced}
spec:
  containers:
  - name: c
    image: busybox:1
    command: [sleep, '600']
    volumeMounts: [{name: data, mountPath: /data, subPathExpr: of/$(NOBODY)}]
  volumes: [{name: data, emptyDir: {}}]
YAML
check 'redirects make a pod ready' k wait --for=condition=ready pod/moved --timeout=30s
check 'one to another host with a warning' until_true 10 tells moved 'ProbeWarning Readiness probe warning: Probe terminated redirects'
expect 'none to its own' '^0$' "$(events_of moved | grep -c 'Startup probe')"
expect 'a subPathExpr is filled in' '^/all/of/moved/mine$' "$(k exec moved -- sh -c 'ls /all/of/*/*')"
check 'one without a value is told' until_true 20 tells unplaced 'missing value for NOBODY'
kill "$moves_server"

# A registry that wants a login
cat >"$work/registry.yml" <<YAML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/registry}}
http: {addr: '127.0.0.1:15000'}
auth: {htpasswd: {realm: test, path: $work/htpasswd}}
YAML
echo 'u:$2b$04$9Uz4/deTZ1YsIFKeXBokjOQahP/3USOtVAPHLLsGaXOFZ2DGvXkQu' >"$work/htpasswd"
nsenter --net=/run/netns/"$node_ns" docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
registry=$!
trap 'status=$?; kill $registry; (exit $status); machine_stop' EXIT
mkdir -p "$work/login"
echo '{"auths":{"127.0.0.1:15000":{"auth":"dTpw"}}}' >"$work/login/config.json"
docker tag busybox:1 127.0.0.1:15000/team/box:1
push() { docker --config "$work/login" push -q 127.0.0.1:15000/team/box:1; }
check 'an image is in a registry of its own' until_true 10 push
docker rmi 127.0.0.1:15000/team/box:1 >/dev/null
k create secret docker-registry login --docker-server=127.0.0.1:15000 --docker-username=u --docker-password=p >/dev/null
k create serviceaccount puller >/dev/null
k patch serviceaccount puller -p '{"imagePullSecrets":[{"name":"login"}]}' >/dev/null
private() { # NAME SPEC
  k apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec: {$2, terminationGracePeriodSeconds: 0, containers: [{name: c, image: '127.0.0.1:15000/team/box:1', imagePullPolicy: Always, command: [sleep, '600']}]}
YAML
}
private stranger 'imagePullSecrets: [{name: none}]'
check 'without the login the image is not pulled' until_true 30 tells stranger 'Failed Failed to pull image'
check 'and the secret that is missing is named' until_true 10 tells stranger 'FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets \(none\)'
private named 'imagePullSecrets: [{name: login}]'
check 'with its secret a pod pulls it' k wait --for=condition=ready pod/named --timeout=30s
private by-account 'serviceAccountName: puller'
check 'with that of its account as well' k wait --for=condition=ready pod/by-account --timeout=30s
k create secret docker-registry none --docker-server=127.0.0.1:15000 --docker-username=u --docker-password=p >/dev/null
check 'and the one that waited, once the secret is there' k wait --for=condition=ready pod/stranger --timeout=60s
