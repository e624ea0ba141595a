# Turns KAFKA_A_B_C=x into a.b.c=x, as the official image does, formats the storage once, and becomes the broker.
set -euo pipefail
properties=/tmp/server.properties
env | sed -n '/^KAFKA_HEAP_OPTS=/d; s/^KAFKA_\([A-Z0-9_]*\)=/\1=/p' | while IFS='=' read -r name value; do
    name=${name//_/.}
    echo "${name,,}=$value"
done >"$properties"
options=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=/opt/kafka/log4j2.properties)
# The heap options are several words on purpose.
# shellcheck disable=SC2206
options+=(${KAFKA_HEAP_OPTS:-})
/opt/java/bin/java "${options[@]}" -cp '/opt/kafka/libs/*' kafka.tools.StorageTool \
    format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$properties"
exec /opt/java/bin/java "${options[@]}" -cp '/opt/kafka/libs/*' kafka.Kafka "$properties"
