#!/bin/sh
# Makes the stubs of all services in the folder of this script, with the plugins that go.mod pins.
# usage: generate.sh PROTOS GOOGLEAPIS      (the folders proto and .deps/googleapis of Cairn's tree)
set -eu
protos=$(realpath "$1")
googleapis=$(realpath "$2")
cd "$(dirname "$0")"
GOBIN=$PWD/bin go install tool
PATH=$PWD/bin:$PATH

# Where the packages lie in this module, and that operations are made here too.
packages=module=journey,Mgoogle/longrunning/operations.proto=journey/longrunning
for file in "$protos"/cairn/v1/*.proto; do
  packages="$packages,Mcairn/v1/${file##*/}=journey/cairn/v1;cairnv1"
done
protoc -I "$protos" -I "$googleapis" --go_out=. --go_opt="$packages" \
  --connect-go_out=. --connect-go_opt="$packages" \
  "$protos"/cairn/v1/*.proto google/longrunning/operations.proto
