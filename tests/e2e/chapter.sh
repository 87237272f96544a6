#!/usr/bin/env bash
# tests/e2e/chapter.sh — a reader's first hour: a cluster, a Deployment, a NodePort, and all of it gone again; with
# each kubectl that is here.
. "$(dirname "$0")/../support/cluster.sh"
machine_start
image k8s.gcr.io/echoserver:1.10 "$(busybox_root)" \
  -c 'CMD ["/bin/sh", "-c", "trap \"exit 0\" TERM; while true; do { printf \"HTTP/1.0 200 OK\\r\\n\\r\\nechoed by $(hostname)\\n\"; } | nc -l -p 8080 >/dev/null & wait; done"]'

apps=$here/../apps

# What the machine has before: the delete at the end must bring it back to this.
snapshot() {
  on_node ip -o link | sed 's/^[0-9]*: //; s/@.*//; s/:.*//' | sort
  on_node ip route
  on_node ip -o addr | awk '{print $2, $4}'
  on_node nft list tables
  on_node iptables-save -t nat | grep CNI-
  docker ps -aq
  docker images -q nodal/pause
  grep -c nodal /proc/mounts
  find /var/lib/nodal /run/nodal /var/log/nodal /etc/nodal /etc/cni/net.d -mindepth 1 2>/dev/null
  find /etc/cni /var/log -maxdepth 1 \( -path '*cni*' -o -name 'nodal*' \) 2>/dev/null
  find /sys/fs/cgroup -maxdepth 3 -name '*nodal*' 2>/dev/null
}
# iptables never takes its tables away again; on other hosts Docker has made them.
for iptables in iptables ip6tables; do on_node $iptables -t nat -N e2e && on_node $iptables -t nat -X e2e; done
snapshot >"$work/before"

# Row 1
up=$(on_node nodectl up --docker-socket "$work/docker/docker.sock" --no-start-docker --node-name node1 --node-ip $node_ip 2>&1) || {
  echo "$up"
  tail -n 20 /var/log/nodal/*.log
  exit 1
}
expect 'nodectl up brings a cluster up' 'The cluster is up' "$up"
expect 'the context is nodal' '^nodal$' "$(kubectl config current-context)"
expect 'nodectl up again changes nothing' 'up' "$(on_node nodectl up --docker-socket "$work/docker/docker.sock" --no-start-docker --node-name node1 --node-ip $node_ip 2>&1)"
expect 'nodectl status says what runs' 'master.*[Rr]unning' "$(on_node nodectl status)"

chapter() {
  local kubectl=$1
  k() { on_node "$kubectl" "$@" 2>&1; }
  # Row 2
  expect 'no pods at first' '^No resources found in default namespace\.$' "$(k get pods)"
  # Row 3
  local system
  system=$(k get pods --namespace=kube-system)
  for part in master agent proxy; do
    expect "kube-system lists the $part" "^nodal-$part-node1 +1/1 +Running +[0-9]+.* +[0-9]+" "$system"
  done
  # Row 4
  expect 'one node, Ready, with a role' '^node1 +Ready +control-plane +[0-9]+[smhd0-9]* +v1\.' "$(k get nodes)"
  # Row 5: an image that the node's Docker has built is usable at once.
  eval "$(on_node nodectl docker-env)"
  check 'docker build with docker-env' env DOCKER_BUILDKIT=0 docker build -q -t recipe-api:v1 "$apps/recipe-api"
  k run built --image=recipe-api:v1 >/dev/null
  check 'the image runs without a pull' k wait --for=condition=Ready pod/built --timeout=30s
  k delete pod built --grace-period=1 >/dev/null
  # Row 7
  expect 'create deployment' '^deployment.apps/hello-minikube created$' \
    "$(k create deployment hello-minikube --image=k8s.gcr.io/echoserver:1.10)"
  expect 'at once it has no pod' 'hello-minikube +[01]/1 +[01] +[01]' "$(k get deployments)"
  expect 'the pod has its name' '^hello-minikube-[a-z0-9]{8,10}-[a-z0-9]{5} +[01]/1 +(ContainerCreating|Running|Pending)' "$(k get pods)"
  check 'the deployment becomes available' k wait --for=condition=available deployment/hello-minikube --timeout=30s
  expect 'then 1/1' 'hello-minikube +1/1 +1 +1' "$(k get deployments)"
  expect 'then Running' '^hello-minikube-[a-z0-9]{8,10}-[a-z0-9]{5} +1/1 +Running +0' "$(k get pods)"
  expect 'its ReplicaSet' '^hello-minikube-[a-z0-9]{8,10} +1 +1 +1' "$(k get rs)"
  # Row 8
  expect 'a column of a label' 'NAME .*APP' "$(k get pods -L app)"
  expect 'with its value' 'hello-minikube$' "$(k get pods -L app)"
  # Row 9
  expect 'expose' '^service/hello-minikube exposed$' "$(k expose deployment hello-minikube --type=NodePort --port=8080)"
  local services
  services=$(k get services -o wide)
  expect 'NodePort' '^hello-minikube +NodePort +10\.96\.[0-9]+\.[0-9]+ +<none> +8080:3[0-9]{4}/TCP +[0-9]+s +app=hello-minikube' "$services"
  expect 'the kubernetes Service' '^kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443/TCP' "$services"
  # Row 10
  local url
  url=$(on_node nodectl service hello-minikube --url)
  expect 'a URL' "^http://$node_ip:3[0-9]{4}$" "$url"
  # The echo listens anew for each connection.
  expect 'the echo answers' '^echoed by hello-minikube-' "$(on_client curl -fsS --max-time 3 --retry 5 --retry-connrefused --retry-delay 1 "$url" 2>&1)"
  # Row 11
  expect 'delete the Service' '^service "hello-minikube" deleted' "$(k delete services hello-minikube)"
  expect 'delete the Deployment' '^deployment.apps "hello-minikube" deleted' "$(k delete deployment hello-minikube)"
  gone() { [ "$(k get deployments,pods,rs)" = 'No resources found in default namespace.' ]; }
  sleep 0.3
  expect 'pods end' '(Terminating|No resources)' "$(k get pods)"
  check 'then all is gone' until_true 45 gone
}

# Every replica that answers at a URL, as `field` of the JSON tells.
answers() { for _ in $(seq 40); do on_client curl -sS --max-time 3 "$1"; done | jq -r "$2" | sort -u | grep -c .; }
pods_of() { k get pods -l "app=$1" --no-headers | grep -c "$2"; }
running() { [ "$(pods_of "$1" ' 1/1 *Running ')" = "$2" ] && [ "$(k get pods -l "app=$1" --no-headers | wc -l)" = "$2" ]; }

# Rows 12 to 26.
applications() {
  local kubectl=$1 url name first pods revisions
  k() { on_node "$kubectl" "$@" 2>&1; }
  # Row 12
  expect 'apply a Deployment' '^deployment.apps/recipe-api created$' "$(k apply -f "$apps/recipe-api/deployment.yml")"
  check 'five pods run' until_true 40 running recipe-api 5
  # Row 13
  name=$(k get pods -l app=recipe-api -o 'jsonpath={.items[0].metadata.name}')
  expect 'describe shows the probe' \
    '^    Liveness: +http-get http://:1337/recipes/42 delay=3s timeout=1s period=10s #success=1 #failure=3$' "$(k describe pods "$name")"
  # Row 14
  expect 'apply a Service' '^service/recipe-api-service created$' "$(k apply -f "$apps/recipe-api/network.yml")"
  expect 'port 80 to a NodePort' '^recipe-api-service +NodePort +10\.96\.[0-9.]+ +<none> +80:3[0-9]{4}/TCP' "$(k get services -o wide)"
  # Row 15
  expect 'addons enable ingress' 'ingress is enabled' "$(on_node nodectl addons enable ingress 2>&1)"
  check 'an ingress part runs' until_true 10 sh -c "nsenter --net=/run/netns/$node_ns $kubectl get pods -n kube-system | grep ingress | grep -q Running"
  # Row 16
  local applied
  applied=$(k apply -f "$apps/web-api/deployment.yml" -f "$apps/web-api/network.yml" -f "$apps/web-api/ingress.yml")
  expect 'apply several files: the Service' '^service/web-api-service created$' "$applied"
  expect 'and the Ingress' '^ingress.networking.k8s.io/web-api-ingress created$' "$applied"
  check 'three pods run' until_true 40 running web-api 3
  url=$(on_node nodectl service web-api-service --url)
  until_true 5 on_client curl -fsS --max-time 2 "$url"
  # Row 17
  check 'the Ingress tells host, address and port' until_true 10 \
    sh -c "nsenter --net=/run/netns/$node_ns $kubectl get ingress web-api-ingress 2>/dev/null | grep -Eq '^web-api-ingress +nginx +example.org +$node_ip +80 '"
  # Row 18
  check 'it answers by its host' until_true 5 sh -c "nsenter --net=/run/netns/$client_ns curl -fsS --max-time 3 -H 'Host: example.org' http://$node_ip/ | grep -q Chicken"
  expect 'every replica, through the ingress' '^3$' \
    "$(for _ in $(seq 40); do on_client curl -sS --max-time 3 -H 'Host: example.org' "http://$node_ip/"; done | jq -r .hostname | sort -u | grep -c .)"
  expect 'it answers through a DNS name' '"producer_pid":1,.*Chicken' "$(on_client curl -sS --max-time 3 "$url")"
  expect 'every replica answers' '^3$' "$(answers "$url" .hostname)"
  # Row 19
  expect 'scale' '^deployment.apps/recipe-api scaled$' "$(k scale deployment.apps/recipe-api --replicas=10)"
  expect 'more pods come' '0/1 +(ContainerCreating|Pending)|1/1 +Running' "$(k get pods -l app=recipe-api)"
  check 'ten pods run' until_true 40 running recipe-api 10
  # Row 20
  expect 'apply: back to five' '^deployment.apps/recipe-api configured$' "$(k apply -f "$apps/recipe-api/deployment.yml")"
  expect 'apply: nothing to do' '^deployment.apps/recipe-api unchanged$' "$(k apply -f "$apps/recipe-api/deployment.yml")"
  check 'five again' until_true 45 running recipe-api 5
  # Row 21
  first=$(k get rs -l app=web-api -o 'jsonpath={.items[0].metadata.name}')
  timeout 60 nsenter --net=/run/netns/"$node_ns" "$kubectl" get pods -w -l app=web-api >"$work/watched" 2>&1 &
  pods=$!
  sed 's/web-api:v1/web-api:v2/' "$apps/web-api/deployment.yml" >"$work/v2.yml"
  sed 's/web-api:v1/web-api:v3/' "$apps/web-api/deployment.yml" >"$work/v3.yml"
  expect 'apply another image' '^deployment.apps/web-api configured$' "$(k apply -f "$work/v2.yml")"
  expect 'the rollout ends well' 'successfully rolled out$' "$(timeout 60 nsenter --net=/run/netns/"$node_ns" "$kubectl" rollout status deployment web-api 2>&1)"
  check 'three new pods run' until_true 45 running web-api 3
  kill $pods
  wait $pods 2>/dev/null
  for status in Pending ContainerCreating Running Terminating; do
    expect "the watch shows $status" " $status " "$(cat "$work/watched")"
  done
  # Row 22
  expect 'v2 answers' '^Hello$' "$(on_client curl -sS --max-time 3 "$url/hello")"
  # Row 23
  expect 'the old ReplicaSet stays, empty' "^$first +0 +0 +0 " "$(k get rs -l app=web-api)"
  expect 'the first image again' 'configured$' "$(k apply -f "$apps/web-api/deployment.yml")"
  check 'reuses its ReplicaSet' until_true 45 sh -c "nsenter --net=/run/netns/$node_ns $kubectl get rs $first | grep -Eq '^$first +3 +3 +3 '"
  # Row 24
  expect 'apply and record' 'configured$' "$(k apply -f "$work/v3.yml" --record=true)"
  k rollout status deployment web-api --timeout=60s >/dev/null
  check 'v3 runs' until_true 45 running web-api 3
  expect 'it kills itself: an empty reply' 'Empty reply from server' "$(on_client curl -sS --max-time 3 "$url/kill" 2>&1)"
  check 'one pod restarts' until_true 10 sh -c "nsenter --net=/run/netns/$node_ns $kubectl get pods -l app=web-api | grep -Eq ' (Running|Error) +1 '"
  # Row 25
  revisions=$(k rollout history deployment.v1.apps/web-api)
  expect 'the history' '^REVISION +CHANGE-CAUSE$' "$revisions"
  expect 'its last row has the command' 'apply .*--record=true' "$(echo "$revisions" | grep '^[0-9]' | tail -n 1)"
  # Row 26
  name=$(echo "$revisions" | grep '^[0-9]' | tail -n 2 | head -n 1 | awk '{print $1}')
  expect 'undo' '^deployment.apps/web-api rolled back$' "$(k rollout undo deployment.v1.apps/web-api --to-revision="$name")"
  check 'rolled back' until_true 45 running web-api 3
  revisions=$(k rollout history deployment.v1.apps/web-api | grep '^[0-9]' | awk '{print $1}')
  expect 'that revision is gone' '^no$' "$(echo "$revisions" | grep -qx "$name" && echo yes || echo no)"
  expect 'and has come back as the newest' "^$((name + 2))$" "$(echo "$revisions" | tail -n 1)"
  expect '/kill is not there' '^404$' "$(on_client curl -sS -o /dev/null -w '%{http_code}' --max-time 3 "$url/kill")"
  k delete -f "$apps/web-api/ingress.yml" -f "$apps/web-api/deployment.yml" -f "$apps/web-api/network.yml" -f "$apps/recipe-api/deployment.yml" -f "$apps/recipe-api/network.yml" >/dev/null
  check 'all of it is deleted' until_true 45 gone
}

chapter_images
for kubectl in $(all_kubectls) "$NODAL_BIN/nodectl"; do
  case $kubectl in
    */nodectl) echo '-- nodectl' ;;
    *) printf -- '-- %s\n' "$("$kubectl" version --client --short 2>/dev/null | head -n 1 | grep . || "$kubectl" version --client 2>&1 | head -n 1)" ;;
  esac
  chapter "$kubectl"
  applications "$kubectl"
done

# Row 27, of it what one node has
on_node nodectl create deployment left --image=k8s.gcr.io/echoserver:1.10 >/dev/null
on_node nodectl run port --image=k8s.gcr.io/echoserver:1.10 \
  --overrides='{"spec":{"containers":[{"name":"port","image":"k8s.gcr.io/echoserver:1.10","ports":[{"containerPort":8080,"hostPort":18080}]}]}}' >/dev/null
check 'a pod with a port of the node' on_node nodectl wait --for=condition=Ready pod/port --timeout=30s
check 'it answers there' until_true 5 on_client curl -fsS --max-time 2 "http://$node_ip:18080/"
expect 'nodectl stop' '^The cluster is stopped\.' "$(on_node nodectl stop)"
expect 'containers go on without the cluster' '.' "$(docker ps -q)"
expect 'nodectl stop again' 'stopped already' "$(on_node nodectl stop)"

# Somebody else has a port; then not any more.
up_again=(on_node nodectl up --no-start-docker)
timeout 60 nsenter --net=/run/netns/"$node_ns" python3 -m http.server 10250 --bind $node_ip >/dev/null 2>&1 &
squatter=$!
until_true 5 on_client curl -fsS --max-time 1 -o /dev/null "http://$node_ip:10250/"
expect 'a port that somebody has is named, with who' "TCP $node_ip:10250 is free for the agent — python3 \(pid [0-9]+\) has it; end it" "$("${up_again[@]}" 2>&1)"
kill $squatter
wait $squatter 2>/dev/null
up=$("${up_again[@]}" 2>&1)
expect 'the stopped cluster comes up, soon' 'The cluster is up after [0-9]{1,4} ms' "$up"
say "$(echo "$up" | grep 'The cluster is up')"
expect 'its node has reported since' '^0$' "$(on_node nodectl get pods -n kube-system --no-headers | grep -vc ' Running ')"
expect 'another Docker for what runs is refused' 'was started with --docker-socket' "$("${up_again[@]}" --docker-socket /other.sock 2>&1)"

expect 'a delete of the cluster is asked about on a terminal' 'nothing was deleted' \
  "$(echo n | on_node script -qec "nodectl delete" /dev/null 2>&1)"
expect 'and refused with a flag that is about objects' 'You must provide one or more resources' "$(on_node nodectl delete --dry-run 2>&1)"

# A delete when the supervisor was killed and Docker is away: what can go goes, and the rest with the next one.
kill -9 "$(cut -d ' ' -f 1 /run/nodal/supervisor.pid)"
sh "$here/start-docker.sh" kill "$work/docker"
expect 'delete without Docker says what to do' 'start it .*then run `nodectl delete` again' "$(on_node nodectl delete 2>&1)"
expect 'no part goes on' '^0$' "$(pgrep -fc "$NODAL_BIN/nodal-")"
on_node sh "$here/start-docker.sh" dockerd "$work/docker"
expect 'nodectl delete' '^Nothing of the cluster is left' "$(on_node nodectl delete 2>&1)"
snapshot >"$work/after"
check 'nothing is left' diff "$work/before" "$work/after"
