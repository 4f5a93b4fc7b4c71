#!/bin/sh
# Renders each overlay into rendered/, with a hash of what it was rendered from. Needs kubectl; the tests do not.
set -eu
cd "$(dirname "$0")"
mkdir -p rendered
# The operator's form of the same rules.
{
  printf '%s\n' '# Made by render.sh from deploy/observability/rules.yaml; change that.' 'apiVersion: monitoring.coreos.com/v1' 'kind: PrometheusRule' 'metadata:' '  name: millrace' 'spec:'
  sed -e '/^#/d' -e 's/^/  /' ../observability/rules.yaml
} > components/monitoring/alerts.yaml
for folder in overlays/*/ overlays/*/provision/ overlays/*/demo/; do
  [ -d "$folder" ] || continue
  path=${folder#overlays/}
  path=${path%/}
  name=$(printf '%s' "$path" | tr / -)
  sources=$(find base components dependencies provision demo "overlays/${path%%/*}" -type f | LC_ALL=C sort | while read -r file; do echo "$file"; cat "$file"; done | sha256sum | cut -d ' ' -f 1)
  {
    echo "# Made by render.sh from overlays/$path; what it was made from has the hash $sources"
    kubectl kustomize "overlays/$path"
  } > "rendered/$name.yaml.new"
  mv "rendered/$name.yaml.new" "rendered/$name.yaml"
  echo "rendered/$name.yaml"
done
