#!/usr/bin/env bash
# From a training run to the model in production, with curl alone.
#
# usage: journey.sh [URL]                    (default: http://127.0.0.1:5000)
#
# CAIRN_TOKEN_FILE names a file with a token, for a server that runs with --auth.
set -euo pipefail
url=${1:-http://127.0.0.1:5000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Who calls stands in a file, where no list of processes shows it.
: >"$work/headers"
if [ -n "${CAIRN_TOKEN_FILE:-}" ]; then
  echo "Authorization: Bearer $(cat "$CAIRN_TOKEN_FILE")" >"$work/headers"
fi

# Calls a method with a request in JSON. An error ends the script, and says what the server said.
call() { # SERVICE/METHOD JSON
  curl -sS --fail-with-body -H "@$work/headers" -H 'Content-Type: application/json' \
    -d "$2" "$url/cairn.v1.$1" || { echo >&2; return 1; }
}

# The first text field of this name in the JSON on the standard input.
field() { grep -o "\"$1\":\"[^\"]*\"" | head -1 | cut -d'"' -f4; }

# A UUID4: a new one for each change, and the same again if that change is repeated.
request_id() { cat /proc/sys/kernel/random/uuid; }

# Stores a file; its address.
put_blob() { # FILE
  local digest
  digest="{\"sha256\": \"$(sha256sum "$1" | cut -d' ' -f1)\", \"sizeBytes\": \"$(stat -c %s "$1")\"}"
  call ArtifactService/BatchUpdateBlobs \
    "{\"entries\": [{\"digest\": $digest, \"data\": \"$(base64 -w0 "$1")\"}]}" >"$work/stored"
  if grep -q '"code":' "$work/stored"; then cat "$work/stored" >&2; return 1; fi
  echo "$digest"
}

# A data set: a table of three customers.
printf 'customer,spent\n1,12.5\n2,80\n3,7\n' >"$work/customers.csv"
table=$(put_blob "$work/customers.csv")
dataset=$(call DatasetService/CreateDatasetVersion "{
  \"parent\": \"datasets/curl-customers\",
  \"datasetVersion\": {\"files\": [{\"path\": \"customers.csv\", \"digest\": $table}], \"rowCount\": \"3\"},
  \"requestId\": \"$(request_id)\"}" | field name)
echo "data set: $dataset"

# A run that read it, with a parameter and a curve.
run=$(call TrackingService/CreateRun "{\"parent\": \"experiments/0\",
  \"run\": {\"displayName\": \"journey\"}, \"requestId\": \"$(request_id)\"}" | field name)
call TrackingService/LogBatch "{\"run\": \"$run\", \"params\": {\"k\": \"4\"},
  \"metrics\": [{\"key\": \"silhouette\", \"steps\": [1, 2, 3], \"values\": [0.21, 0.38, 0.45]}],
  \"inputs\": [{\"datasetVersion\": \"$dataset\", \"context\": \"training\"}]}" >/dev/null
call TrackingService/FinishRun "{\"name\": \"$run\", \"state\": \"SUCCEEDED\"}" >/dev/null
echo "run: $run"

# A version of the model with one file, made by the run.
echo "centroids of $run" >"$work/model.bin"
model=$(put_blob "$work/model.bin")
version=$(call RegistryService/CreateModelVersion "{
  \"parent\": \"models/curl-journey\",
  \"modelVersion\": {\"run\": \"$run\", \"files\": [{\"path\": \"model.bin\", \"digest\": $model}]},
  \"evaluations\": [{\"values\": [{\"metric\": \"silhouette\", \"value\": 0.45}]}],
  \"requestId\": \"$(request_id)\"}" | field name)
echo "version: $version"

# A policy, and what it decides. JSON holds its lines as \n.
policy='apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {name: curl-journey}\nspec:\n'
policy+='  target: {model: curl-journey, channel: production}\n  evidence: {trust: reported}\n'
policy+='  gates:\n    - {id: silhouette-floor, metric: silhouette, pass: \">= 0.3\"}\n'
call PromotionService/ApplyPolicy "{\"source\": \"$policy\"}" >/dev/null
channel=models/curl-journey/channels/production
decision=$(call PromotionService/Promote "{\"name\": \"$channel\", \"requestId\": \"$(request_id)\"}")
echo "decision: $(field outcome <<<"$decision"): $(field message <<<"$decision")"

# What is in production: read by GET, as a browser or a cache would.
head=$(curl -sS --fail-with-body -H "@$work/headers" -G -d encoding=json \
  --data-urlencode "message={\"name\": \"$channel\"}" "$url/cairn.v1.RegistryService/GetChannel" \
  | field version)
wanted=$(call RegistryService/GetModelVersion "{\"name\": \"$head\"}" \
  | grep -o '"digest":{[^}]*}' | head -1 | cut -d: -f2-)
call ArtifactService/BatchReadBlobs "{\"digests\": [$wanted]}" | field data | base64 -d >"$work/served"
[ "$(sha256sum "$work/served" | cut -d' ' -f1)" = "$(field sha256 <<<"$wanted")" ] \
  || { echo "$head: other bytes than registered" >&2; exit 1; }
echo "production: $head, $(stat -c %s "$work/served") bytes verified"
