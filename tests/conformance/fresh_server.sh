# Sourced by the scripts that call a real server with clients of others: starts a fresh one that asks
# for a token, in $folder, and stops it at the end. Sets $grpc and $http, its addresses; its first
# token is in $folder/token. Needs $bin, the folder of cairnd. The shell ends where it does not start.
[ -x "$bin/cairnd" ] || { echo "conformance: no $bin/cairnd; run make build" >&2; exit 1; }
folder=$(mktemp -d)
server=
stop_server() {
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  rm -rf "$folder"
}
trap stop_server EXIT

"$bin/cairnd" init --data-dir "$folder/store" 2>/dev/null | tail -1 >"$folder/token"
: >"$folder/ready"
"$bin/cairnd" --auth --data-dir "$folder/store" --grpc-address 127.0.0.1:0 \
  --http-address 127.0.0.1:0 --log-level error >>"$folder/ready" &
server=$!
ready='s/^ready grpc=\([^ ]*\) http=\([^ ]*\).*/\1 \2/p'
for ((i = 0; i < 300; i++)); do
  read -r grpc http < <(sed -n "$ready" "$folder/ready") && break
  kill -0 $server 2>/dev/null || { echo "conformance: cairnd did not start" >&2; exit 1; }
  sleep 0.1
done
[ -n "$http" ] || { echo "conformance: cairnd is not ready after 30 s" >&2; exit 1; }
